"""The demo artists: complete, small, and told apart at a glance."""

import io

import numpy as np
import pytest
from PIL import Image

from app.services.uploads import image_service
from devtools.demo import DEMO_ARTISTS, FOLDER
from worker.engines.stylenet import KEPT_SIDE

pytestmark = pytest.mark.slow

WORKS = FOLDER / "works"


@pytest.fixture(scope="module")
def painted() -> dict[str, list[Image.Image]]:
    return {a.username: [Image.open(work.path) for work in a.works] for a in DEMO_ARTISTS}


def features(image: Image.Image) -> np.ndarray:
    """What an eye would say first: how light, how colourful, how contrasted, how fine-grained."""
    small = image.resize((320, 320), Image.Resampling.LANCZOS)
    hsv = np.asarray(small.convert("HSV"), dtype=float) / 255
    grey = np.asarray(small.convert("L"), dtype=float) / 255
    grain = np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()
    return np.array([grey.mean(), hsv[:, :, 1].mean(), grey.std(), 4 * grain])


def test_there_are_at_least_three_artists_of_twelve_works():
    assert len(DEMO_ARTISTS) >= 3
    assert all(len(artist.works) == 12 for artist in DEMO_ARTISTS)


def test_names_and_prices_differ():
    for field in ("username", "artist_name", "style_name", "style_description", "bio", "price"):
        values = [getattr(artist, field) for artist in DEMO_ARTISTS]
        assert len(set(values)) == len(values), field
    assert all(artist.username.islower() for artist in DEMO_ARTISTS)
    assert all(artist.username.isalnum() for artist in DEMO_ARTISTS)
    assert all(1 <= artist.price <= 100 for artist in DEMO_ARTISTS)


@pytest.mark.parametrize("artist", DEMO_ARTISTS, ids=lambda artist: artist.username)
def test_tags_are_short_lower_case_ascii(artist):
    works = [work.tags for work in artist.works]
    for tags in (artist.tags, *works, *artist.sample_prompts):
        assert len(set(tags)) == len(tags)
        for tag in tags:
            assert 0 < len(tag) <= 50
            assert tag.isascii()
            assert tag.isprintable()
            assert tag == tag.lower().strip()
            assert "," not in tag
    assert all(2 <= len(tags) <= 5 for tags in works)
    assert artist.sample_prompts


def test_titles_of_an_artist_differ():
    for artist in DEMO_ARTISTS:
        assert len({work.title for work in artist.works}) == 12


@pytest.mark.parametrize("artist", DEMO_ARTISTS, ids=lambda artist: artist.username)
def test_every_work_passes_the_checks_of_an_upload(artist):
    uploads = [io.BytesIO(work.path.read_bytes()) for work in artist.works]
    checked = image_service.check_uploads(uploads)
    assert {image.extension for image in checked} == {"jpg"}
    # Smaller ones would teach the worker less.
    assert all(min(image.width, image.height) >= KEPT_SIDE for image in checked)
    assert image_service.check_signature(io.BytesIO(artist.signature_path.read_bytes()))


def test_the_files_are_small_and_all_of_them_are_used():
    files = {path: path.stat().st_size for path in WORKS.rglob("*") if path.is_file()}
    used = {work.path for artist in DEMO_ARTISTS for work in artist.works}
    assert set(files) == used | {artist.signature_path for artist in DEMO_ARTISTS}
    assert max(files.values()) <= 64_000
    assert sum(files.values()) <= 2_000_000


def test_works_are_distinct_pictures(painted):
    everything = [image.tobytes() for images in painted.values() for image in images]
    assert len(set(everything)) == len(everything)
    for images in painted.values():
        tiny = [np.asarray(i.resize((32, 32)).convert("L"), dtype=float) for i in images]
        for number, one in enumerate(tiny):
            assert all(np.abs(one - other).mean() > 8 for other in tiny[number + 1 :])


def test_brushwork_fills_the_picture(painted):
    """A style is learnt from texture: flat fields would teach nothing."""
    for images in painted.values():
        for image in images:
            grey = np.asarray(image.convert("L"), dtype=float)
            tiles = grey[: grey.shape[0] // 32 * 32, : grey.shape[1] // 32 * 32]
            tiles = tiles.reshape(tiles.shape[0] // 32, 32, -1, 32)
            assert np.median(tiles.std(axis=(1, 3))) > 1.5


def test_each_hand_is_recognised_by_simple_statistics(painted):
    """Leave one out: a work lies nearer to the mean of its own artist's than of any other's."""
    seen = {name: np.array([features(i) for i in images]) for name, images in painted.items()}
    hits = []
    for name, rows in seen.items():
        for number, row in enumerate(rows):
            others = {
                other: np.delete(values, number, axis=0) if other == name else values
                for other, values in seen.items()
            }
            nearest = min(others, key=lambda o: np.linalg.norm(others[o].mean(axis=0) - row))
            hits.append(nearest == name)
    assert np.mean(hits) > 0.9


def test_signatures_are_ink_on_nothing_and_differ():
    sheets = [Image.open(artist.signature_path) for artist in DEMO_ARTISTS]
    for sheet in sheets:
        alpha = np.asarray(sheet.getchannel("A"))
        assert sheet.mode == "RGBA"
        assert sheet.width > sheet.height
        assert alpha.max() == 255
        assert 0.01 < (alpha > 128).mean() < 0.3
        border = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
        assert border.max() == 0
    assert len({sheet.tobytes() for sheet in sheets}) == len(sheets)
