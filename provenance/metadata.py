"""Who made a picture and under which licence, written into its file where any tool shows it.

The facts are written twice: as PNG text chunks, which every tool shows, and as an XMP packet (ISO
16684-1), which survives conversions. It says in the words of IPTC's Photo Metadata Standard 2025.1
that a trained model made the picture, and in PLUS's who licenses it and that nobody may train on
it. All of it is written before the file is signed (see ``manifest``). The bytes depend only on
picture and facts; they contain no time.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from PIL import Image, PngImagePlugin

from provenance.facts import SOFTWARE, Facts, credit_of, notice_of

TRAINED_MEDIA = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
NO_MINING = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"
KEY_PREFIX = "StyleLicense:"
XMP_KEY = "XML:com.adobe.xmp"  # where the PNG and XMP specifications put the packet

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": RDF,
    "dc": "http://purl.org/dc/elements/1.1/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "styleLicense": "urn:style-license:xmp:1:",
}
# Characters that XML 1.0 § 2.2 does not allow, such as lone surrogates.
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class ProvenanceMissing(ValueError):
    """The file has no complete provenance of ours."""


@dataclass(frozen=True)
class Provenance:
    """The origin of a picture, as its file states it.

    ``prompt`` is the tags joined by ", ". ``license_url`` is where the style is offered. ``system``
    is what drew it. A task of before there were licences has no ``licence``.
    """

    artist: str
    style: str
    license_url: str
    generation_id: int
    prompt: str
    seed: int
    system: str = ""
    system_version: str = ""
    licence: Facts | None = None

    @property
    def title(self) -> str:
        return f"{self.style}: {self.prompt}" if self.prompt else self.style

    @property
    def statement_url(self) -> str:
        """The page that says what may be done with the picture."""
        return self.licence.verify_url if self.licence else self.license_url

    @property
    def rights(self) -> str:
        number = self.licence.number if self.licence else None
        return notice_of(self.artist, number, self.statement_url)

    @property
    def description(self) -> str:
        return (
            f"AI generated in the style “{self.style}”, trained on works of {self.artist}"
            f" and used under licence. Prompt: {self.prompt}"
        )

    @property
    def own_facts(self) -> dict[str, str]:
        """What only we say, by the names under which PNG and XMP both have it."""
        facts = {
            "Artist": self.artist,
            "Style": self.style,
            "LicenseUrl": self.license_url,
            "GenerationId": str(self.generation_id),
            "Prompt": self.prompt,
            "Seed": str(self.seed),
            "System": self.system,
            "SystemVersion": self.system_version,
        }
        if licence := self.licence:
            facts |= {
                "Licence": licence.number,
                "VerifyUrl": licence.verify_url,
                "Terms": licence.terms.key,
                "TermsVersion": str(licence.terms.version),
                "TermsUrl": licence.terms.url,
                "TermsSha256": licence.terms.sha256,
                "PromptWriter": licence.prompt_writer or "",
            }
        return {name: fact for name, fact in facts.items() if fact or name == "Prompt"}


def png_of(image: Image.Image, provenance: Provenance) -> bytes:
    """``image`` as an RGB PNG with ``provenance`` and no other metadata."""
    chunks = PngImagePlugin.PngInfo()
    for key, text in _texts(provenance).items():
        chunks.add_text(key, _xml_safe(text))  # tEXt for Latin-1, iTXt (UTF-8) for all other text
    chunks.add_itxt(XMP_KEY, xmp_packet(provenance).decode())
    bare = image.convert("RGB")
    bare.info = {}
    file = io.BytesIO()
    bare.save(file, format="PNG", pnginfo=chunks)
    return file.getvalue()


def read_provenance(source: str | Path | IO[bytes]) -> Provenance:
    """Read what ``png_of`` wrote. Raises ProvenanceMissing if the file has none.

    This does not use ``pictures``, because that ignores the texts in the file.
    """
    with Image.open(source, formats=["PNG"]) as image:
        image.load()  # text chunks may follow the pixels when another tool rewrote the file
        texts = dict(getattr(image, "text", {}))
    said = {
        key.removeprefix(KEY_PREFIX): str(text)
        for key, text in texts.items()
        if key.startswith(KEY_PREFIX)
    }
    try:
        return Provenance(
            artist=said["Artist"],
            style=said["Style"],
            license_url=said["LicenseUrl"],
            generation_id=int(said["GenerationId"]),
            prompt=said["Prompt"],
            seed=int(said["Seed"]),
            system=said.get("System", ""),
            system_version=said.get("SystemVersion", ""),
            licence=licence_in(said),
        )
    except KeyError as error:
        raise ProvenanceMissing(f"the file has no {error.args[0]}") from error
    except ValueError as error:
        raise ProvenanceMissing(f"the file has a broken number: {error}") from error


def licence_in(said: dict[str, str]) -> Facts | None:
    """The licence among ``own_facts``. Raises KeyError and ValueError if it is incomplete."""
    if "Licence" not in said:
        return None
    terms = {
        "key": said["Terms"],
        "version": int(said["TermsVersion"]),
        "url": said["TermsUrl"],
        "sha256": said["TermsSha256"],
    }
    return Facts.of(
        {
            "number": said["Licence"],
            "verify_url": said["VerifyUrl"],
            "artist": said["Artist"],
            "style": said["Style"],
            "terms": terms,
            "prompt_writer": said.get("PromptWriter"),
        }
    )


def xmp_packet(provenance: Provenance) -> bytes:
    """The XMP packet for ``provenance`` (UTF-8, read only)."""
    about, packet = _packet()
    _languages(about, "dc:title", provenance.title)
    _text(_first(about, "dc:creator"), "rdf:li", provenance.artist)
    _languages(about, "dc:description", provenance.description)
    _languages(about, "dc:rights", provenance.rights)
    _text(about, "photoshop:Credit", credit_of(provenance.artist))
    _text(about, "xmp:CreatorTool", SOFTWARE)
    _text(about, "xmpRights:Marked", "True")
    _text(about, "xmpRights:WebStatement", provenance.statement_url)
    _made_by_model(about, provenance.prompt, provenance.system, provenance.system_version)
    if licence := provenance.licence:
        _text(about, "dc:identifier", licence.number)
        _languages(about, "xmpRights:UsageTerms", f"{licence.number}: {licence.terms.url}")
        if licence.prompt_writer:
            _text(about, "Iptc4xmpExt:AIPromptWriterName", licence.prompt_writer)
    licensor = _first(about, "plus:Licensor")
    licensor = ElementTree.SubElement(
        licensor, _name("rdf:li"), {_name("rdf:parseType"): "Resource"}
    )
    _text(licensor, "plus:LicensorName", SOFTWARE)
    _text(licensor, "plus:LicensorURL", provenance.license_url)
    _text(about, "plus:DataMining", NO_MINING)
    for name, fact in provenance.own_facts.items():
        _text(about, f"styleLicense:{name}", fact)
    return packet()


def sample_packet(*, style: str, prompt: str, system: str, system_version: str) -> bytes:
    """The XMP packet of a sample: it shows what a style can do, and nobody gets a licence."""
    about, packet = _packet()
    _languages(about, "dc:title", f"{style}: {prompt}")
    _languages(about, "dc:description", f"A sample of the style “{style}”, AI generated.")
    _languages(about, "dc:rights", "A sample, without a licence. All rights reserved.")
    _text(about, "xmp:CreatorTool", SOFTWARE)
    _text(about, "xmpRights:Marked", "True")
    _made_by_model(about, prompt, system, system_version)
    _text(about, "plus:DataMining", NO_MINING)
    return packet()


def _packet() -> tuple[ElementTree.Element, Callable[[], bytes]]:
    """The element that is to be filled, and what then makes the packet."""
    root = ElementTree.Element(_name("x:xmpmeta"))
    rdf = ElementTree.SubElement(root, _name("rdf:RDF"))
    about = ElementTree.SubElement(rdf, _name("rdf:Description"), {_name("rdf:about"): ""})

    def packet() -> bytes:
        # The id is the one fixed string that XMP scanners look for (ISO 16684-1, 7.3.2).
        head = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        body = ElementTree.tostring(root, encoding="unicode")
        return f'{head}{body}\n<?xpacket end="r"?>'.encode()

    return about, packet


def _made_by_model(
    about: ElementTree.Element, prompt: str, system: str, system_version: str
) -> None:
    _text(about, "Iptc4xmpExt:DigitalSourceType", TRAINED_MEDIA)
    _text(about, "Iptc4xmpExt:AIPromptInformation", prompt)
    if system:
        _text(about, "Iptc4xmpExt:AISystemUsed", system)
    if system_version:
        _text(about, "Iptc4xmpExt:AISystemVersionUsed", system_version)


def _texts(provenance: Provenance) -> dict[str, str]:
    said = {
        "Title": provenance.title,
        "Author": provenance.artist,
        "Copyright": provenance.rights,
        "Description": provenance.description,
        "Software": SOFTWARE,
    }
    return said | {KEY_PREFIX + name: fact for name, fact in provenance.own_facts.items()}


def _languages(parent: ElementTree.Element, name: str, text: str) -> None:
    """A property that XMP stores as a list of translations; we have only one."""
    alternatives = ElementTree.SubElement(
        ElementTree.SubElement(parent, _name(name)), _name("rdf:Alt")
    )
    item = _text(alternatives, "rdf:li", text)
    item.set("{http://www.w3.org/XML/1998/namespace}lang", "x-default")


def _first(parent: ElementTree.Element, name: str) -> ElementTree.Element:
    """The list of a property that XMP stores as an ordered list."""
    return ElementTree.SubElement(ElementTree.SubElement(parent, _name(name)), _name("rdf:Seq"))


def _text(parent: ElementTree.Element, name: str, text: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, _name(name))
    element.text = _xml_safe(text)
    return element


def _name(prefixed: str) -> str:
    prefix, local = prefixed.split(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def _xml_safe(text: str) -> str:
    return NOT_XML.sub("\ufffd", text)


for _prefix, _uri in NAMESPACES.items():
    ElementTree.register_namespace(_prefix, _uri)
