"""What search engines are told of pictures: schema.org's ImageObject as JSON-LD.

It is what image search shows as "Licensable". A block of data is no script, so the policy of the
pages lets it be. All of it comes from what the page has read anyway, and names public pictures
only: their permanent addresses open to nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from django.utils.safestring import SafeString

from app.models import Artist, Generation, Style
from app.models.reads.picture import FeedPicture
from app.services.licences import terms
from app.utils.links import page_url
from provenance.facts import credit_of, notice_of

SOURCE = "https://schema.org/TrainedAlgorithmicMediaDigitalSource"
# What could end the block, or begin something else within it.
_ESCAPES = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def of_picture(picture: Generation) -> SafeString:
    """ "" for a picture that not everybody may see."""
    if not picture.is_public:
        return SafeString("")
    licence = getattr(picture, "licence", None)
    artist, number = picture.style.artist, licence.number if licence else None
    described = _image(artist, page_url("pictures", f"{picture.pk}/image"), picture.style_id)
    described |= {
        "name": picture.prompt_shown,
        "digitalSourceType": SOURCE,
        "license": terms.of_order(picture.terms_id).url,
    }
    if number:
        url = page_url("licences", number)
        notice = notice_of(artist.artist_name, number, url)
        described |= {"identifier": number, "usageInfo": url, "copyrightNotice": notice}
    return _block(described)


def of_style(style: Style, samples: Iterable[FeedPicture]) -> SafeString:
    """Pictures that were made with a style, and the work that stands for it."""
    if not style.is_ready:
        return SafeString("")
    images = []
    if style.thumbnail:
        work = _image(style.artist, page_url("styles", f"{style.pk}/image"), style.pk)
        images.append(work | {"name": style.name})
    for sample in samples:
        image = _image(style.artist, page_url("pictures", f"{sample.id}/image"), style.pk)
        images.append(image | {"name": sample.prompt_shown, "digitalSourceType": SOURCE})
    return _block({"@graph": images}) if images else SafeString("")


def _image(artist: Artist, file: str, style_id: int) -> dict[str, Any]:
    """What is said of every picture. Each has terms of its own; /licence leads to them."""
    return {
        "@type": "ImageObject",
        "contentUrl": file,
        "license": page_url("licence", "").rstrip("/"),
        "acquireLicensePage": page_url("styles", str(style_id)),
        "creditText": credit_of(artist.artist_name),
        "creator": {
            "@type": "Person",
            "name": artist.artist_name,
            "url": page_url("artists", str(artist.pk)),
        },
        "copyrightNotice": notice_of(artist.artist_name),
    }


def _block(said: dict[str, Any]) -> SafeString:
    written = orjson.dumps({"@context": "https://schema.org", **said}).decode()
    return SafeString(f'<script type="application/ld+json">{written.translate(_ESCAPES)}</script>')
