"""A network that loses answers, for tests of what is paid then."""

from __future__ import annotations

import re
import socket
import threading

SECONDS = 90.0


class LosesAnswers:
    """A proxy that passes requests on, and drops the first answers to orders: the program has done
    the work, and the client never hears of it."""

    def __init__(self, port: int, lost: int) -> None:
        self.target, self.lost, self.orders = port, lost, 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(connection,), daemon=True).start()

    def _pass_on(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(SECONDS)
            request = connection.recv(2**20)
            while (length := re.search(rb"content-length: (\d+)", request, re.I)) and (
                len(request.partition(b"\r\n\r\n")[2]) < int(length.group(1))
            ):
                request += connection.recv(2**20)
            # One request a connection: what the program says ends with it.
            request = re.sub(rb"connection: keep-alive", b"Connection: close", request, flags=re.I)
            is_order = request.startswith(b"POST /api/orders ")
            self.orders += is_order
            with socket.create_connection(("127.0.0.1", self.target), SECONDS) as program:
                program.sendall(request)
                answer = b"".join(iter(lambda: program.recv(2**20), b""))
            if not (is_order and self.orders <= self.lost):
                connection.sendall(answer)
