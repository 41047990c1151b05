"""Text chunks, XMP and C2PA say the same of a licence, whatever its facts are."""

from __future__ import annotations

import io
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from provenance.facts import Facts, Terms
from provenance.manifest import State, read_manifest, sign_picture, sign_preview
from provenance.metadata import (
    NAMESPACES,
    NOT_XML,
    Provenance,
    licence_in,
    png_of,
    read_provenance,
    xmp_packet,
)
from provenance.tests.signing import ORIGIN, anchors, drawn, signer, signing

# What names, prompts and addresses may be made of. A carriage return is a line feed to XML.
TEXT = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\r"), min_size=1, max_size=40
).filter(lambda text: not NOT_XML.search(text))
URL = TEXT.map("https://example.org/{}".format)
FACTS = st.builds(
    Facts,
    number=st.from_regex(r"SL(-[0-9A-HJKMNP-TV-Z]{4}){3}", fullmatch=True),
    verify_url=URL,
    terms=st.builds(
        Terms,
        key=TEXT,
        version=st.integers(1, 32_767),
        url=URL,
        sha256=st.from_regex("[0-9a-f]{64}", fullmatch=True),
    ),
    artist=TEXT,
    style=TEXT,
    prompt_writer=st.none() | TEXT,
)


def in_xmp(packet: bytes) -> Facts | None:
    about = ElementTree.fromstring(packet).find(".//rdf:Description", NAMESPACES)
    assert about is not None
    prefix = f"{{{NAMESPACES['styleLicense']}}}"
    own = [element for element in about if element.tag.startswith(prefix)]
    return licence_in({each.tag.removeprefix(prefix): each.text or "" for each in own})


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(facts=FACTS, prompt=TEXT)
def test_each_layer_says_the_same(facts: Facts, prompt: str) -> None:
    origin: Provenance = replace(
        ORIGIN, artist=facts.artist, style=facts.style, prompt=prompt, licence=facts
    )
    sign, chain = signing(facts=facts), signer().chain
    picture = sign_picture(png_of(drawn(side=16), origin), origin, chain, sign)
    small = io.BytesIO()
    drawn(side=8).save(small, "WEBP", xmp=xmp_packet(origin))
    preview = sign_preview(small.getvalue(), origin, chain, sign, picture)

    for content in (picture, preview):
        found = read_manifest(content, anchors())
        assert (found.state, found.licence) == (State.AUTHENTIC, facts)
        with Image.open(io.BytesIO(content)) as image:
            assert in_xmp(image.info["xmp"]) == facts
    assert read_provenance(io.BytesIO(picture)).licence == facts
