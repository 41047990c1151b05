"""The files of a finished picture: itself and its previews, with what they say of their origin."""

from PIL import Image

from pictures import preview
from protocol import GenerationTask, LicenceData
from protocol.previews import WIDTHS, preview_name, widths_of
from provenance.facts import Facts, Terms
from provenance.manifest import MOST_BYTES, Sign, sign_picture, sign_preview
from provenance.metadata import Provenance, png_of, xmp_packet
from worker.engines.base import Engine

IMAGE = "image.png"


def files_of(
    task: GenerationTask, picture: Image.Image, engine: Engine, sign: Sign
) -> dict[str, bytes]:
    """By their names, the picture last: once that is stored, everything is.

    They are signed if the task has a licence: all of them, or an exception of ``sign`` is raised.
    """
    origin, licence = _origin(task, engine), task.data.licence
    image = png_of(picture, origin)
    if licence:
        image = sign_picture(image, origin, licence.chain, sign)
    files = {}
    for width in widths_of(picture.width):
        # The smallest are looked at in dozens: they say no more than they have to, and are no
        # larger for their signature.
        is_small = width == WIDTHS[0]
        room = MOST_BYTES if licence and is_small else 0
        xmp = b"" if is_small else xmp_packet(origin)
        content = preview(picture, width, xmp=xmp, room=room)
        if licence:
            source = None if is_small else image
            content = sign_preview(content, origin, licence.chain, sign, source)
        files[preview_name("preview", width)] = content
    return {**files, IMAGE: image}


def _origin(task: GenerationTask, engine: Engine) -> Provenance:
    wanted = task.data
    return Provenance(
        artist=wanted.artist_name,
        style=wanted.style_name,
        license_url=wanted.license_url,
        generation_id=wanted.generation_id,
        prompt=wanted.prompt,
        seed=wanted.seed,
        system=engine.name,
        system_version=engine.version,
        licence=_facts(wanted.licence) if wanted.licence else None,
    )


def _facts(licence: LicenceData) -> Facts:
    terms = licence.terms
    return Facts(
        number=licence.number,
        verify_url=licence.verify_url,
        terms=Terms(terms.key, terms.version, terms.url, terms.sha256),
        artist=licence.artist,
        style=licence.style,
        prompt_writer=licence.prompt_writer,
    )
