"""What a file says about its origin survives writing, and nothing else gets in."""

import io
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from provenance.facts import Facts, Terms
from provenance.metadata import (
    NAMESPACES,
    NO_MINING,
    TRAINED_MEDIA,
    Provenance,
    ProvenanceMissing,
    licence_in,
    png_of,
    read_provenance,
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
    system="stylenet <2>",
    system_version="2.1",
    licence=Facts(
        number="SL-7Q2M-0XKD-4T9S",
        verify_url="https://example.org/licences/SL-7Q2M-0XKD-4T9S?a=1&b=<2>",
        terms=Terms("commercial", 3, "https://example.org/terms/commercial/3", "ab" * 32),
        artist='김민지 & "José" <script>',
        style="Ölfarbe ]]> 'nass' 🎨",
        prompt_writer="Bo & <Co>",
    ),
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


BOTH = pytest.mark.parametrize("provenance", [PLAIN, AWKWARD], ids=["plain", "awkward"])


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@BOTH
def test_png_keeps_pixels_and_provenance(picture, provenance):
    content = png_of(picture, provenance)

    assert read_provenance(io.BytesIO(content)) == provenance
    with opened(content) as saved:
        assert (saved.format, saved.mode) == ("PNG", "RGB")
        assert saved.tobytes() == picture.tobytes()


@BOTH
def test_text_chunks_speak_to_any_viewer(picture, provenance):
    with opened(png_of(picture, provenance)) as saved:
        texts = saved.text
    assert texts["Author"] == provenance.artist
    assert provenance.statement_url in texts["Copyright"]
    assert "AI generated" in texts["Description"]
    assert texts["Software"] == "Style License"
    assert provenance.style in texts["Title"]
    assert texts["StyleLicense:GenerationId"] == str(provenance.generation_id)


@BOTH
def test_xmp_says_the_same(picture, provenance):
    with opened(png_of(picture, provenance)) as saved:
        assert saved.info["xmp"] == xmp_packet(provenance)
    said = values(xmp_packet(provenance))
    assert said["dc:creator"] == provenance.artist
    assert provenance.artist in said["dc:rights"]
    assert said["xmpRights:WebStatement"] == provenance.statement_url
    assert said["Iptc4xmpExt:DigitalSourceType"] == TRAINED_MEDIA
    assert said["Iptc4xmpExt:AIPromptInformation"] == provenance.prompt
    assert said["plus:DataMining"] == NO_MINING
    own = {name.partition(":")[2]: text for name, text in said.items() if "styleLicense" in name}
    assert own == provenance.own_facts


def test_xmp_says_who_licenses_it_and_how():
    said = values(xmp_packet(AWKWARD))
    assert said["dc:identifier"] == AWKWARD.licence.number
    assert said["xmpRights:UsageTerms"] == f"SL-7Q2M-0XKD-4T9S: {AWKWARD.licence.terms.url}"
    assert said["photoshop:Credit"] == f"{AWKWARD.artist} / Style License"
    assert said["Iptc4xmpExt:AISystemUsed"] == "stylenet <2>"
    assert said["Iptc4xmpExt:AISystemVersionUsed"] == "2.1"
    assert said["Iptc4xmpExt:AIPromptWriterName"] == "Bo & <Co>"
    root = ElementTree.fromstring(xmp_packet(AWKWARD))
    licensor = root.find(".//plus:Licensor/rdf:Seq/rdf:li", NAMESPACES)
    assert licensor.findtext("plus:LicensorURL", None, NAMESPACES) == AWKWARD.license_url
    assert licensor.findtext("plus:LicensorName", None, NAMESPACES) == "Style License"


def test_a_picture_of_before_there_were_licences_names_none():
    said = values(xmp_packet(PLAIN))
    assert not said.keys() & {
        *("dc:identifier", "xmpRights:UsageTerms", "Iptc4xmpExt:AISystemUsed"),
        *("styleLicense:Licence", "styleLicense:Terms"),
    }
    assert licence_in(PLAIN.own_facts) is None


def test_characters_that_xml_cannot_carry_are_replaced(picture):
    broken = Provenance("a\x00b\ud800", "s\x1b", "https://example.org", 1, "p\uffff", 2)

    content = png_of(picture, broken)

    assert read_provenance(io.BytesIO(content)).artist == "a\ufffdb\ufffd"
    assert values(xmp_packet(broken))["styleLicense:Prompt"] == "p\ufffd"


def test_equal_input_gives_equal_bytes(picture):
    """Before it is signed: a signature is never the same."""
    assert png_of(picture.copy(), AWKWARD) == png_of(picture.copy(), AWKWARD)


def test_png_carries_nothing_of_the_image_it_was_made_from():
    content = png_of(uploaded_with_gps(), PLAIN)

    assert b"CameraMaker" not in content
    assert b"eXIf" not in content
    assert b"tIME" not in content


def test_a_file_without_provenance_is_named_as_such(tmp_path, picture):
    picture.save(tmp_path / "other.png")

    with pytest.raises(ProvenanceMissing, match="Artist"):
        read_provenance(tmp_path / "other.png")
