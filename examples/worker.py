"""A worker with nothing of Style License in it: pika, Pillow and the standard library.

    AMQP_URL=amqp://… INTERNAL_API_TOKEN=… python examples/worker.py

It learns the colours of an artist's works and paints blots in them: put your own model into
``train`` and ``generate``. docs/protocol.md says what a worker has to do, and why.
"""

import json
import os
import random
import signal
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

import pika
from PIL import Image, ImageDraw, PngImagePlugin


def path_of(uri: str) -> Path:
    """Files on a disk that is shared with the backend; fsspec, say, would read s3:// as well."""
    return Path(unquote(urlsplit(uri).path))


def train(data: dict[str, Any]) -> dict[str, Any]:
    """Learn a style: here, the average colour of each work."""
    works = [Image.open(path_of(uri)).convert("RGB") for uri in data["image_paths"]]
    colours = [work.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) for work in works]
    model = path_of(data["output_path"]) / "model.json"
    model.parent.mkdir(parents=True, exist_ok=True)
    model.write_text(json.dumps(colours))
    return {"model_path": model.as_uri()}


def generate(data: dict[str, Any]) -> dict[str, Any]:
    """Make a picture of exactly the size asked for; the same order makes the same picture."""
    colours = [tuple(colour) for colour in json.loads(path_of(data["lora_path"]).read_text())]
    width, height = data["width"], data["height"]
    dice = random.Random(f"{data['seed']} {data['prompt']}")
    picture = Image.new("RGB", (width, height), dice.choice(colours))
    for _ in range(300):
        x, y, r = dice.uniform(0, width), dice.uniform(0, height), dice.uniform(4, width / 8)
        ImageDraw.Draw(picture).ellipse((x - r, y - r, x + r, y + r), dice.choice(colours))
    if data["signature_path"]:  # at the lower right, a fifth of the width
        signature = Image.open(path_of(data["signature_path"])).convert("RGBA")
        signature.thumbnail((width // 5, height // 5))
        picture.paste(signature, (width - signature.width, height - signature.height), signature)
    said = PngImagePlugin.PngInfo()
    said.add_itxt("Description", "AI generated")
    for name in ("artist_name", "style_name", "license_url", "generation_id"):
        said.add_itxt(name, str(data[name]))
    image = path_of(data["output_path"]) / "image.png"
    image.parent.mkdir(parents=True, exist_ok=True)
    picture.save(image, pnginfo=said)
    return {"image_path": image.as_uri()}


# By queue and type: what to do, and the report's name for the state and for having begun.
# Pictures come first, because somebody waits for them.
JOBS = {
    "image_generation": (generate, "status", "processing"),
    "model_training": (train, "training_status", "training"),
}


class NotOurs(Exception):
    """The job was canceled, has ended, or was given to another worker: drop it."""


def report(task: dict[str, Any], **said: Any) -> None:
    """Tell the backend, until it is heard. Raises NotOurs; HTTPError when the report is wrong."""
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
            if error.code in (404, 409):
                raise NotOurs from error
            if error.code < 500 and error.code != 429:
                raise
        except OSError:
            pass  # the backend is away; the message stays ours meanwhile
        time.sleep(2)


def work_on(body: bytes, settled: list[bool]) -> None:
    """Do a job. ``settled`` gets True, or nothing when nobody can work on this message."""
    task = json.loads(body)
    work, state, begun = JOBS[task["type"]]
    try:
        report(task, **{state: begun})  # a training of hours tells its progress here and there
        try:
            ended = {state: "completed", **work(task["data"])}
        except (OSError, ValueError) as error:
            print(f"{task['task_id']}: {error!r}", file=sys.stderr)
            ended = {state: "failed", "failure_reason": "The worker could not do this."}
            ended["retryable"] = isinstance(error, OSError)  # a disk may recover
        report(task, **ended)
    except NotOurs:
        pass
    settled.append(True)


def main() -> None:
    # Whatever is not acknowledged when the connection ends goes to another worker.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"])) as connection:
        channel = connection.channel()
        for queue in JOBS:
            channel.queue_declare(queue, passive=True)  # the backend makes them
        while True:
            got = next((got for queue in JOBS if (got := channel.basic_get(queue))[0]), None)
            if got is None:
                connection.sleep(0.5)
                continue
            settled: list[bool] = []
            job = Thread(target=work_on, args=(got[2], settled), daemon=True)
            job.start()
            while job.is_alive():
                connection.sleep(0.2)  # answers the broker's heartbeats
            if settled:
                channel.basic_ack(got[0].delivery_tag)
            else:
                channel.basic_reject(got[0].delivery_tag, requeue=False)  # to the dead letters


if __name__ == "__main__":
    main()
