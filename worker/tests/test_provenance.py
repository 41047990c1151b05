"""What a file says about its origin survives writing, and nothing else gets in."""

import base64
import io
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from worker.provenance import (
    NAMESPACES,
    TRAINED_MEDIA,
    Provenance,
    ProvenanceMissing,
    placeholder,
    read_provenance,
    save_png,
    save_preview,
    xmp_packet,
)

PLAIN = Provenance(
    artist="Mira Halden",
    style="Wet Paper",
    license_url="https://example.org/licences/7",
    generation_id=41,
    prompt="boat, moon",
    seed=4_294_967_295,
)
AWKWARD = Provenance(
    artist='김민지 & "José" <script>',
    style="Ölfarbe ]]> 'nass' 🎨",
    license_url="https://example.org/l?a=1&b=<2>",
    generation_id=1,
    prompt="moon, 달, <x:y attr='1'/>, &amp;\nsecond line",
    seed=0,
)


@pytest.fixture
def picture():
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (300, 400, 3), dtype=np.uint8))


def uploaded_with_gps():
    exif = Image.Exif()
    exif[0x010F] = "CameraMaker"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 0.0)
    packed = io.BytesIO()
    Image.new("RGB", (900, 300), "teal").save(packed, "JPEG", exif=exif, comment=b"home")
    return Image.open(io.BytesIO(packed.getvalue()))


def values(packet: bytes | str) -> dict[str, str]:
    root = ElementTree.fromstring(packet)
    prefixes = {uri: prefix for prefix, uri in NAMESPACES.items()}
    about = root.find(".//rdf:Description", NAMESPACES)
    found = {}
    for element in about:
        uri, name = element.tag[1:].split("}")
        found[f"{prefixes[uri]}:{name}"] = "".join(element.itertext())
    return found


@pytest.mark.parametrize("provenance", [PLAIN, AWKWARD], ids=["plain", "awkward"])
def test_png_keeps_pixels_and_provenance(tmp_path, picture, provenance):
    path = tmp_path / "picture.png"

    save_png(picture, path, provenance)

    assert read_provenance(path) == provenance
    with Image.open(path) as saved:
        assert (saved.format, saved.mode) == ("PNG", "RGB")
        assert saved.tobytes() == picture.tobytes()


@pytest.mark.parametrize("provenance", [PLAIN, AWKWARD], ids=["plain", "awkward"])
def test_text_chunks_speak_to_any_viewer(picture, provenance):
    packed = io.BytesIO()
    save_png(picture, packed, provenance)

    with Image.open(io.BytesIO(packed.getvalue())) as saved:
        texts = saved.text
    assert texts["Author"] == provenance.artist
    assert provenance.license_url in texts["Copyright"]
    assert "AI generated" in texts["Description"]
    assert texts["Software"] == "Style License"
    assert provenance.style in texts["Title"]
    assert texts["StyleLicense:GenerationId"] == str(provenance.generation_id)


@pytest.mark.parametrize("provenance", [PLAIN, AWKWARD], ids=["plain", "awkward"])
def test_xmp_says_the_same(picture, provenance):
    packed = io.BytesIO()
    save_png(picture, packed, provenance)

    with Image.open(io.BytesIO(packed.getvalue())) as saved:
        assert saved.info["xmp"] == xmp_packet(provenance)
    said = values(xmp_packet(provenance))
    assert said["dc:creator"] == provenance.artist
    assert provenance.artist in said["dc:rights"]
    assert said["xmpRights:WebStatement"] == provenance.license_url
    assert said["Iptc4xmpExt:DigitalSourceType"] == TRAINED_MEDIA
    assert said["styleLicense:Style"] == provenance.style
    assert said["styleLicense:Artist"] == provenance.artist
    assert said["styleLicense:GenerationId"] == str(provenance.generation_id)
    assert said["styleLicense:Prompt"] == provenance.prompt
    assert said["styleLicense:Seed"] == str(provenance.seed)


def test_characters_that_xml_cannot_carry_are_replaced(picture):
    packed = io.BytesIO()
    broken = Provenance("a\x00b\ud800", "s\x1b", "https://example.org", 1, "p\uffff", 2)

    save_png(picture, packed, broken)

    assert read_provenance(io.BytesIO(packed.getvalue())).artist == "a\ufffdb\ufffd"
    assert values(xmp_packet(broken))["styleLicense:Prompt"] == "p\ufffd"


def test_equal_input_gives_equal_bytes(tmp_path, picture):
    for name in ("a.png", "b.png"):
        save_png(picture.copy(), tmp_path / name, AWKWARD)
    for name in ("a.webp", "b.webp"):
        save_preview(picture.copy(), tmp_path / name, AWKWARD)

    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.webp").read_bytes() == (tmp_path / "b.webp").read_bytes()


def test_png_carries_nothing_of_the_image_it_was_made_from(tmp_path):
    path = tmp_path / "picture.png"

    save_png(uploaded_with_gps(), path, PLAIN)

    content = path.read_bytes()
    assert b"CameraMaker" not in content
    assert b"eXIf" not in content
    assert b"tIME" not in content


def test_preview_is_small_and_says_who_made_it(tmp_path, picture):
    path = tmp_path / "preview.webp"

    save_preview(picture.resize((1600, 1200)), path, AWKWARD)

    with Image.open(path) as preview:
        assert (preview.format, preview.size) == ("WEBP", (640, 480))
        assert values(preview.info["xmp"])["dc:creator"] == AWKWARD.artist
        assert values(preview.info["xmp"])["xmpRights:WebStatement"] == AWKWARD.license_url


@pytest.mark.parametrize("size", [(1600, 1200), (1200, 1600)])
def test_preview_is_as_wide_as_it_is_asked_for(tmp_path, picture, size):
    save_preview(picture.resize(size), tmp_path / "preview.webp", width=320)

    with Image.open(tmp_path / "preview.webp") as preview:
        assert preview.size == (320, round(320 * size[1] / size[0]))
        assert "xmp" not in preview.info


def test_preview_never_grows_a_picture_and_has_no_exif(tmp_path):
    path = tmp_path / "preview.webp"

    save_preview(uploaded_with_gps(), path, PLAIN, width=2000)

    with Image.open(path) as preview:
        assert preview.size == (900, 300)
        assert dict(preview.getexif()) == {}
        assert "exif" not in preview.info
    assert b"EXIF" not in path.read_bytes()
    assert b"CameraMaker" not in path.read_bytes()


@pytest.mark.parametrize("size", [(512, 512), (1024, 640), (64, 4096), (1, 1)])
def test_placeholder_is_tiny_even_for_noise(size):
    noise = np.random.default_rng(2).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)

    uri = placeholder(Image.fromarray(noise))

    head, content = uri.split(",")
    assert head == "data:image/webp;base64"
    assert len(uri) < 600
    with Image.open(io.BytesIO(base64.b64decode(content))) as tiny:
        assert max(tiny.size) <= 16


def test_placeholder_has_the_colours_of_the_picture():
    uri = placeholder(Image.new("RGB", (600, 400), (200, 60, 40)))

    with Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))) as tiny:
        assert tiny.size == (16, 11)
        mean = np.asarray(tiny.convert("RGB")).mean(axis=(0, 1))
    assert mean == pytest.approx((200, 60, 40), abs=8)


def test_a_file_without_provenance_is_named_as_such(tmp_path, picture):
    picture.save(tmp_path / "other.png")

    with pytest.raises(ProvenanceMissing, match="Artist"):
        read_provenance(tmp_path / "other.png")
