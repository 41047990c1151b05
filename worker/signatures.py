"""Asks the backend to sign pictures: the key is there, and never comes here."""

import re
import threading
import time
from collections.abc import Callable

import httpx
import msgspec
import structlog

from protocol import GenerationTask, SignatureAnswer, SignatureRequest, encode
from provenance.manifest import ToSign
from worker.reports import DIRECT, KEPT_ALIVE, pauses

log = structlog.get_logger()

PATIENCE = 30.0  # seconds that a picture waits for its signature; within its lease
TIMEOUT = httpx.Timeout(10.0, connect=5.0)


class NotSigned(RuntimeError):
    """There is no signature now. Another attempt at the job may get one."""


class NotOurs(RuntimeError):
    """The job was canceled, has ended, or was given to another attempt."""


class _Envelope(msgspec.Struct):
    data: SignatureAnswer


class SignatureClient:
    """Sends what is to be signed over one kept-alive connection; several threads may use it."""

    def __init__(self, *, token: str, stop: threading.Event, patience: float = PATIENCE) -> None:
        """``patience`` is how many seconds to go on asking a backend that does not answer."""
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            mounts=DIRECT,
            limits=httpx.Limits(keepalive_expiry=KEPT_ALIVE),
        )
        self._stop = stop
        self._patience = patience

    def close(self) -> None:
        self._http.close()

    def sign(self, task: GenerationTask, to_sign: ToSign, check: Callable[[], None]) -> bytes:
        """The signature of ``to_sign`` for ``task``, which has a licence.

        ``check`` is called before each request, and may raise. Raises NotSigned and NotOurs.
        """
        url = task.data.licence.signatures_url if task.data.licence else ""
        body = encode(SignatureRequest(task.task_id, task.attempt, to_sign.claim, to_sign.licence))
        headers = {"X-Request-ID": re.sub(r"[^\x21-\x7e]", "", task.request_id)[:200]}
        give_up_at = time.monotonic() + self._patience
        pause = pauses()
        while True:
            check()
            if (signature := self._ask(url, body, headers)) is not None:
                return signature
            wait = pause()
            if time.monotonic() + wait > give_up_at or self._stop.wait(wait):
                raise NotSigned("the backend does not answer")

    def _ask(self, url: str, body: bytes, headers: dict[str, str]) -> bytes | None:
        """None if it is worth asking again."""
        try:
            response = self._http.post(url, content=body, headers=headers, timeout=TIMEOUT)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("signer_not_reached", error=type(error).__name__, detail=str(error))
            return None
        status = response.status_code
        if status == httpx.codes.OK:
            try:
                return msgspec.json.decode(response.content, type=_Envelope).data.signature
            except msgspec.MsgspecError as error:
                raise NotSigned("the answer is no signature") from error
        if status == httpx.codes.CONFLICT:
            raise NotOurs(f"answered {status}")
        if status in (httpx.codes.BAD_REQUEST, httpx.codes.REQUEST_ENTITY_TOO_LARGE):
            log.error("signature_refused", status=status, answer=response.text[:500])
            raise NotSigned(f"answered {status}")
        # Also 404: of several web processes, one may be of a version that does not sign.
        log.warning("signature_not_given", status=status)
        return None
