"""A worker without any code of Style License: pika, Pillow and the standard library.

    AMQP_URL=amqp://… INTERNAL_API_TOKEN=… python examples/worker.py

It learns the colours of an artist's works and paints blots in them. Put your own model into
``train`` and ``generate``. docs/protocol.md says what a worker must do, and why.
"""

import hashlib
import io
import json
import os
import random
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import unquote, urlsplit

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker
from PIL import Image, ImageDraw, ImageFont, ImageOps, PngImagePlugin

Tell = Callable[[float], None]
GRACE_SECONDS = 2  # to finish a job after SIGTERM


def path_of(uri: str) -> Path:
    """The path of a file on a disk shared with the backend. Use fsspec, for example, for s3://."""
    return Path(unquote(urlsplit(uri).path))


def store(folder: str, name: str, content: bytes) -> str:
    """Write a result into the task's folder, so that nobody ever sees half a file."""
    path = path_of(folder) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)
    return path.as_uri()


def train(data: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Learn a style. Here, it is the average colour of each work."""
    colours = []
    for number, uri in enumerate(data["image_paths"], start=1):
        with Image.open(path_of(uri)) as work:
            dot = work.convert("RGB").resize((1, 1), Image.Resampling.BOX)
        colours.append(dot.getpixel((0, 0)))
        tell(number / len(data["image_paths"]))
    return {"model_path": store(data["output_path"], "model.json", json.dumps(colours).encode())}


def generate(data: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Draw a picture of exactly the given size. The same order gives the same picture."""
    colours = [tuple(colour) for colour in json.loads(path_of(data["lora_path"]).read_text())]
    width, height = data["width"], data["height"]
    dice = random.Random(f"{data['seed']} {data['prompt']}")
    picture = Image.new("RGB", (width, height), dice.choice(colours))
    pen = ImageDraw.Draw(picture)
    for number in range(300):
        if number % 100 == 99:
            tell(number / 300)
        x, y, r = dice.uniform(0, width), dice.uniform(0, height), dice.uniform(4, width / 8)
        pen.ellipse((x - r, y - r, x + r, y + r), dice.choice(colours))
    if data["signature_path"]:  # at the lower right, a fifth of the width
        with Image.open(path_of(data["signature_path"])) as drawn:
            ink = ImageOps.contain(drawn.convert("RGBA"), (width // 5, width // 5))
        picture.paste(ink, (width - ink.width, height - ink.height), ink)
    else:  # a font with the letters of all your artists is better than this one
        font = ImageFont.load_default(width / 40)
        pen.text(
            (width - 4, height - 4),
            data["artist_name"],
            "white",
            font,
            "rd",
            stroke_width=2,
            stroke_fill="black",
        )
    said = PngImagePlugin.PngInfo()
    said.add_itxt("Description", "AI generated")
    for name in ("artist_name", "style_name", "license_url", "generation_id"):
        said.add_itxt(name, str(data[name]))
    # We don't sign: the picture gets its licence, but no Content Credentials that show it off-line.
    if licence := data.get("licence"):
        said.add_itxt("licence", licence["verify_url"])
    file = io.BytesIO()
    picture.save(file, "PNG", pnginfo=said)
    content = file.getvalue()
    return {
        "image_path": store(data["output_path"], "image.png", content),
        "file_sha256": hashlib.sha256(content).hexdigest(),
    }


# By queue and type: the function, and the names in reports of the status, its first value and the
# counters of progress. Generations come first, because somebody is waiting for them.
JOBS = {
    "image_generation": (generate, "status", "processing", "step"),
    "model_training": (train, "training_status", "training", "epoch"),
}


class Ended(Exception):
    """The backend's answer ends the job. It says what to do with the message, like ``work_on``."""


def report(task: dict[str, Any], **said: Any) -> None:
    """Send a report until the backend answers. Raises Ended if the answer is not 200."""
    body = {"task_id": task["task_id"], "attempt": task["attempt"], **said}
    headers = {"Authorization": f"Bearer {os.environ['INTERNAL_API_TOKEN']}"}
    headers |= {"Content-Type": "application/json", "X-Request-ID": task["request_id"]}
    request = urllib.request.Request(
        task["webhook_url"], json.dumps(body).encode(), headers, method="PATCH"
    )
    while True:
        try:
            urllib.request.urlopen(request, timeout=30).close()
            return
        except urllib.error.HTTPError as error:
            if error.code in (404, 409):  # canceled, ended, or another attempt has begun
                raise Ended("ack") from error
            if error.code == 403:  # the token is wrong, the message is not
                raise Ended("stop") from error
            if error.code < 500:
                print(f"{task['task_id']}: {error.read()!r}", file=sys.stderr)
                raise Ended("reject") from error
        except (OSError, HTTPException):
            pass  # the backend is down; we keep the message meanwhile
        time.sleep(2)


def work_on(body: bytes) -> str:
    """Do a job. Returns what to do with its message: "ack", "reject", or "stop" to return it.

    Raises an exception if the message is not a task.
    """
    task = json.loads(body)
    work, state, begun, unit = JOBS[task["type"]]

    def tell(share: float) -> None:
        """Report progress, which renews our lease. Call it at least once a minute."""
        total = task["data"].get("num_epochs", 100)
        progress = {f"current_{unit}": int(share * total), f"total_{unit}s": total}
        report(task, **{state: begun, "progress": {**progress, "progress_percent": 100 * share}})

    try:
        tell(0)
        try:
            ended = {state: "completed", **work(task["data"], tell)}
        except Ended:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the buyer must hear of it
            print(f"{task['task_id']}: {error!r}", file=sys.stderr)
            ended = {state: "failed", "failure_reason": "The worker could not do this."}
            ended["retryable"] = isinstance(error, OSError)  # a disk error may be temporary
        report(task, **ended)
    except Ended as answer:
        return str(answer)
    return "ack"


def main() -> None:
    stopping = Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    with pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"])) as connection:
        channel = connection.channel()
        for queue in JOBS:
            channel.queue_declare(queue, passive=True)  # the backend declares them
        while not stopping.is_set():
            got = next((got for queue in JOBS if (got := channel.basic_get(queue))[0]), None)
            if got is None:
                connection.sleep(0.5)
                continue
            method, _, body = got
            said: list[str] = []
            job = Thread(
                target=lambda body=body, said=said: said.append(work_on(body)), daemon=True
            )
            job.start()
            while job.is_alive() and not stopping.is_set():
                connection.sleep(0.2)  # answers the broker's heartbeats
            job.join(GRACE_SECONDS)
            if job.is_alive():
                return  # unacknowledged messages go to another worker when the connection ends
            if said == ["stop"]:
                sys.exit("The backend does not take this INTERNAL_API_TOKEN.")
            if said == ["ack"]:
                channel.basic_ack(method.delivery_tag)
            else:
                channel.basic_reject(method.delivery_tag, requeue=False)  # to the dead letters


if __name__ == "__main__":
    if missing := [name for name in ("AMQP_URL", "INTERNAL_API_TOKEN") if not os.getenv(name)]:
        sys.exit(f"Set {' and '.join(missing)}; docs/protocol.md says to what.")
    if not os.environ["AMQP_URL"].startswith(("amqp://", "amqps://")):
        sys.exit("AMQP_URL is not an address that begins with amqp:// or amqps://.")
    try:
        main()
    except ChannelClosedByBroker as error:
        sys.exit(f"{error.reply_text}. The backend makes the queues when it runs; start it first.")
    except (AMQPError, OSError) as error:
        sys.exit(f"No connection to the broker that AMQP_URL names: {error!r}")
