"""The queues from the backend's side, and a way to lose the connection to them."""

import socket
import threading
from typing import Self
from urllib.parse import urlsplit

import pika

from protocol import Task, TrainingTask, encode
from protocol.messages import QUEUES, dead_queue_name, declare


class Queues:
    """Declared and emptied at the start."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
        declare(self._channel)
        for name in QUEUES:
            self._channel.queue_purge(name)
            self._channel.queue_purge(dead_queue_name(name))

    def publish(self, *tasks: Task) -> None:
        for task in tasks:
            kind = "model_training" if isinstance(task, TrainingTask) else "image_generation"
            self.publish_bytes(kind, encode(task))

    def publish_bytes(self, queue: str, body: bytes) -> None:
        properties = pika.BasicProperties(delivery_mode=2)
        self._channel.basic_publish("", queue, body, properties=properties, mandatory=True)

    def waiting(self, queue: str) -> int:
        """How many messages are ready to be delivered; those being worked on do not count."""
        declared = self._channel.queue_declare(queue, passive=True)
        return int(declared.method.message_count)

    def take(self, queue: str) -> bytes | None:
        """The first message, which is gone then."""
        _, _, body = self._channel.basic_get(queue, auto_ack=True)
        return body

    def close(self) -> None:
        if self._connection.is_open:
            self._connection.close()


class CuttableProxy:
    """Passes TCP connections on to the broker of ``url`` until they are cut."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname, parts.port or 5672)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        login = f"{parts.username}:{parts.password}@" if parts.username else ""
        self.url = f"amqp://{login}127.0.0.1:{port}{parts.path}"
        self.connections = 0
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections at once; new ones are accepted."""
        sockets, self._sockets = self._sockets, []
        for end in sockets:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:  # its other side went first
                continue

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            broker = socket.create_connection(self._target, timeout=10)
            broker.settimeout(None)
            self.connections += 1
            self._sockets += [client, broker]
            for source, sink in ((client, broker), (broker, client)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return
