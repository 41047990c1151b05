"""A hub on loopback, as far as a download goes: a repository's description, and its files."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "c0ffee" * 6 + "beef"


@contextmanager
def running(
    folder: Path, name: str, card: dict[str, object], *, missing: str = "", host: str = "127.0.0.1"
) -> Iterator[tuple[str, list[str]]]:
    """Its address, and a list that grows by the path of each file that is sent.

    It says that it has the file ``missing``, but does not send it.
    """
    sent: list[str] = []
    files = {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }

    class Hub(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, *, with_body: bool) -> None:
            path = self.path.partition("?")[0]
            described = path.removeprefix(f"/api/models/{name}")
            if described in ("", f"/revision/{COMMIT}", "/revision/main"):
                self._send(json.dumps(self._description()).encode(), "description", with_body)
                return
            _, _, file = path.partition(f"/{name}/resolve/{COMMIT}/")
            if file not in files or file == missing:
                self.send_response(404)
                self.send_header("X-Error-Code", "EntryNotFound" if file else "RepoNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if with_body:
                sent.append(file)
            self._send(files[file].read_bytes(), file, with_body)

        def _description(self) -> dict[str, object]:
            listed = [
                {"rfilename": file, "size": path.stat().st_size, "blobId": "0"}
                for file, path in files.items()
            ]
            return {"_id": "1", "id": name, "sha": COMMIT, "siblings": listed, "cardData": card}

        def _send(self, content: bytes, name: str, with_body: bool) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{sha1(name.encode() + content).hexdigest()}"')
            self.end_headers()
            if with_body:
                self.wfile.write(content)

    server = ThreadingHTTPServer((host, 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{host}:{server.server_address[1]}", sent
    finally:
        server.shutdown()
        server.server_close()
