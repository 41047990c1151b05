"""A way to the web server that can be closed, or made to answer 500."""

from __future__ import annotations

import contextlib
import socket
import threading

_BROKEN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Gate:
    """Passes TCP connections on to ``port`` while it is ``open``.

    ``shut()`` resets all connections and every new one; ``break_()`` answers 500 to whatever is
    asked.
    """

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._mode = "open"
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def open(self) -> None:
        self._mode = "open"

    def shut(self) -> None:
        self._mode = "shut"
        self._cut()

    def break_(self) -> None:
        self._mode = "broken"
        self._cut()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._cut()

    def _cut(self) -> None:
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for end in sockets:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        if self._mode == "shut":
            client.close()
            return
        if self._mode == "broken":
            with contextlib.suppress(OSError), client:
                client.settimeout(2)
                client.recv(65536)
                client.sendall(_BROKEN)
            return
        try:
            web = socket.create_connection(self._target, timeout=10)
            web.settimeout(None)
        except OSError:
            client.close()
            return
        with self._lock:
            self._sockets += [client, web]
        for source, sink in ((client, web), (web, client)):
            threading.Thread(target=self._pump, args=[source, sink], daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
