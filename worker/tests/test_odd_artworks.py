"""A style learnt from odd but sound files is the style of what people see in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image

from tests.odd_pictures import SIDEWAYS, Odd, difference, exif, odd_pictures, saved
from tests.pictures import signature_png
from worker.engines.base import Artwork
from worker.engines.stylenet import StyleModel, StylenetEngine
from worker.signature import read_signature, sign

COFFEE = Path(skimage.__file__).parent / "data" / "coffee.png"
BASE = Image.open(COFFEE).convert("RGB").resize((420, 280))
ODD = list(odd_pictures(BASE))


@pytest.fixture(scope="module")
def engine() -> StylenetEngine:
    return StylenetEngine()


def painted_in_the_style_of(engine: StylenetEngine, path: Path) -> Image.Image:
    output = path.with_suffix(".style")
    output.mkdir()
    model = engine.train(
        [Artwork(path)], [], output=output, num_epochs=1, on_progress=lambda done, total: None
    ).path
    assert len(StyleModel.load(model).vectors) == 1
    return engine.generate(
        model, ["castle"], size=(128, 128), seed=3, on_progress=lambda done, total: None
    )


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_the_style_is_that_of_the_plain_picture(
    engine: StylenetEngine, tmp_path: Path, odd: Odd
) -> None:
    (tmp_path / "odd").write_bytes(odd.content)
    (tmp_path / "plain").write_bytes(saved(odd.seen, "PNG"))
    odd_style, plain_style = (
        painted_in_the_style_of(engine, tmp_path / name) for name in ("odd", "plain")
    )
    assert difference(odd_style, plain_style) < 2


def test_another_picture_gives_another_style(engine: StylenetEngine, tmp_path: Path) -> None:
    """The comparison above can fail: ten white sheets do not paint like a cup of coffee."""
    (tmp_path / "white").write_bytes(saved(Image.new("RGB", BASE.size, "white"), "PNG"))
    (tmp_path / "plain").write_bytes(saved(BASE, "PNG"))
    white, plain = (painted_in_the_style_of(engine, tmp_path / name) for name in ("white", "plain"))
    assert difference(white, plain) > 10


def test_a_signature_on_its_side_is_stood_up(tmp_path: Path) -> None:
    plain, lying = tmp_path / "plain.png", tmp_path / "lying.png"
    plain.write_bytes(signature_png())
    turned = Image.open(plain).transpose(Image.Transpose.ROTATE_90)
    lying.write_bytes(saved(turned, "PNG", exif=exif(3, bytes([0, SIDEWAYS]))))
    signed = [
        sign(BASE, signature=read_signature(path), artist_name="Mira") for path in (plain, lying)
    ]
    assert np.array_equal(*(np.asarray(each) for each in signed))
