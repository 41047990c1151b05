"""Who made a picture and under which licence, written into its file.

The facts are written twice: as PNG text chunks, which every tool shows, and as an XMP packet (ISO
16684-1), which survives conversions and says in IPTC's vocabulary that the picture was made by a
trained model. The bytes depend only on picture and facts; they contain no time.
"""

import base64
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from PIL import Image, PngImagePlugin

from pictures import preview

SOFTWARE = "Style License"
TRAINED_MEDIA = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
KEY_PREFIX = "StyleLicense:"
XMP_KEY = "XML:com.adobe.xmp"  # where the PNG and XMP specifications put the packet

PLACEHOLDER_SIDE = 16  # pixels
PLACEHOLDER_LIMIT = 600  # characters of the whole data URI

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": RDF,
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "styleLicense": "urn:style-license:xmp:1:",
}
# Characters that XML 1.0 § 2.2 does not allow, such as lone surrogates.
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Target = str | Path | IO[bytes]


class ProvenanceMissing(ValueError):
    """The file has no complete provenance of ours."""


@dataclass(frozen=True)
class Provenance:
    """The origin of a picture, as its file states it. ``prompt`` is the tags joined by ", "."""

    artist: str
    style: str
    license_url: str
    generation_id: int
    prompt: str
    seed: int

    @property
    def title(self) -> str:
        return f"{self.style}: {self.prompt}" if self.prompt else self.style

    @property
    def rights(self) -> str:
        return f"Style © {self.artist}. Licensed through {SOFTWARE}: {self.license_url}"

    @property
    def description(self) -> str:
        return (
            f"AI generated in the style “{self.style}”, trained on works of {self.artist}"
            f" and used under licence. Prompt: {self.prompt}"
        )


def save_png(image: Image.Image, target: Target, provenance: Provenance) -> None:
    """Write ``image`` as an RGB PNG with ``provenance`` and no other metadata."""
    chunks = PngImagePlugin.PngInfo()
    for key, text in _texts(provenance).items():
        chunks.add_text(key, _xml_safe(text))  # tEXt for Latin-1, iTXt (UTF-8) for all other text
    chunks.add_itxt(XMP_KEY, xmp_packet(provenance).decode())
    _bare(image).save(target, format="PNG", pnginfo=chunks)


def save_preview(
    image: Image.Image, target: Target, provenance: Provenance | None = None, *, width: int = 640
) -> None:
    """Write ``image`` as a WebP at most ``width`` pixels wide, with the XMP of ``provenance``.

    Other metadata of ``image`` is left out: that of an uploaded picture may say where somebody
    lives.
    """
    packet = xmp_packet(provenance) if provenance else b""
    content = preview(image.convert("RGB"), width, xmp=packet)
    if isinstance(target, str | Path):
        Path(target).write_bytes(content)
    else:
        target.write(content)


def placeholder(image: Image.Image) -> str:
    """A data URI of a tiny WebP, to be shown stretched and blurred until the picture has loaded."""
    tiny = _bare(image)
    tiny.thumbnail((PLACEHOLDER_SIDE, PLACEHOLDER_SIDE), Image.Resampling.BOX)
    for quality in (40, 15, 1):
        packed = io.BytesIO()
        tiny.save(packed, format="WEBP", quality=quality, method=6)
        uri = f"data:image/webp;base64,{base64.b64encode(packed.getvalue()).decode()}"
        if len(uri) <= PLACEHOLDER_LIMIT:
            break
    return uri


def read_provenance(source: Target) -> Provenance:
    """Read what ``save_png`` wrote. Raises ProvenanceMissing if the file has none.

    This does not use ``pictures``, because that ignores the texts in the file.
    """
    with Image.open(source, formats=["PNG"]) as image:
        image.load()  # text chunks may follow the pixels when another tool rewrote the file
        texts = dict(getattr(image, "text", {}))
    try:
        return Provenance(
            artist=str(texts[KEY_PREFIX + "Artist"]),
            style=str(texts[KEY_PREFIX + "Style"]),
            license_url=str(texts[KEY_PREFIX + "LicenseUrl"]),
            generation_id=int(texts[KEY_PREFIX + "GenerationId"]),
            prompt=str(texts[KEY_PREFIX + "Prompt"]),
            seed=int(texts[KEY_PREFIX + "Seed"]),
        )
    except KeyError as error:
        raise ProvenanceMissing(f"the file has no {error.args[0]}") from error
    except ValueError as error:
        raise ProvenanceMissing(f"the file has a broken number: {error}") from error


def _texts(provenance: Provenance) -> dict[str, str]:
    return {
        "Title": provenance.title,
        "Author": provenance.artist,
        "Copyright": provenance.rights,
        "Description": provenance.description,
        "Software": SOFTWARE,
        KEY_PREFIX + "Artist": provenance.artist,
        KEY_PREFIX + "Style": provenance.style,
        KEY_PREFIX + "LicenseUrl": provenance.license_url,
        KEY_PREFIX + "GenerationId": str(provenance.generation_id),
        KEY_PREFIX + "Prompt": provenance.prompt,
        KEY_PREFIX + "Seed": str(provenance.seed),
    }


def xmp_packet(provenance: Provenance) -> bytes:
    """The XMP packet for ``provenance`` (UTF-8, read only)."""
    root = ElementTree.Element(_name("x:xmpmeta"))
    rdf = ElementTree.SubElement(root, _name("rdf:RDF"))
    about = ElementTree.SubElement(rdf, _name("rdf:Description"), {_name("rdf:about"): ""})

    _languages(about, "dc:title", provenance.title)
    creator = ElementTree.SubElement(about, _name("dc:creator"))
    sequence = ElementTree.SubElement(creator, _name("rdf:Seq"))
    _text(sequence, "rdf:li", provenance.artist)
    _languages(about, "dc:description", provenance.description)
    _languages(about, "dc:rights", provenance.rights)
    _text(about, "xmp:CreatorTool", SOFTWARE)
    _text(about, "xmpRights:Marked", "True")
    _text(about, "xmpRights:WebStatement", provenance.license_url)
    _text(about, "Iptc4xmpExt:DigitalSourceType", TRAINED_MEDIA)
    _text(about, "styleLicense:Artist", provenance.artist)
    _text(about, "styleLicense:Style", provenance.style)
    _text(about, "styleLicense:GenerationId", str(provenance.generation_id))
    _text(about, "styleLicense:Prompt", provenance.prompt)
    _text(about, "styleLicense:Seed", str(provenance.seed))

    # The id is the one fixed string that XMP scanners look for (ISO 16684-1, 7.3.2).
    head = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    body = ElementTree.tostring(root, encoding="unicode")
    return f'{head}{body}\n<?xpacket end="r"?>'.encode()


def _languages(parent: ElementTree.Element, name: str, text: str) -> None:
    """A property that XMP stores as a list of translations; we have only one."""
    alternatives = ElementTree.SubElement(
        ElementTree.SubElement(parent, _name(name)), _name("rdf:Alt")
    )
    item = _text(alternatives, "rdf:li", text)
    item.set("{http://www.w3.org/XML/1998/namespace}lang", "x-default")


def _text(parent: ElementTree.Element, name: str, text: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, _name(name))
    element.text = _xml_safe(text)
    return element


def _name(prefixed: str) -> str:
    prefix, local = prefixed.split(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def _xml_safe(text: str) -> str:
    return NOT_XML.sub("\ufffd", text)


def _bare(image: Image.Image) -> Image.Image:
    """An RGB copy of ``image`` without its metadata."""
    bare = image.convert("RGB")
    bare.info = {}
    return bare


for _prefix, _uri in NAMESPACES.items():
    ElementTree.register_namespace(_prefix, _uri)
