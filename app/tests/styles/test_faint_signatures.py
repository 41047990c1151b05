"""Signatures of before that today's rule does not take: their artists are told once."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from PIL import Image, ImageDraw

from app.models import Artist, Notification
from app.tests.factories import ArtistFactory

pytestmark = pytest.mark.django_db


def with_signature(name: str, strength: int) -> Artist:
    ink = Image.new("RGBA", (300, 100))
    ImageDraw.Draw(ink).line((20, 80, 150, 20, 280, 80), fill=(0, 0, 0, strength), width=8)
    file = io.BytesIO()
    ink.save(file, "PNG")
    key = default_storage.save(f"signatures/{name}.png", io.BytesIO(file.getvalue()))
    artist: Artist = ArtistFactory(signature_image=key)
    return artist


def told(artist: Artist) -> list[str]:
    return list(Notification.objects.filter(recipient=artist.user).values_list("type", flat=True))


def test_who_cannot_be_signed_with_is_told_once(media: Any, capsys: Any) -> None:
    faint, strong = with_signature("faint", 12), with_signature("strong", 255)
    lost = ArtistFactory(signature_image="signatures/lost.png")
    unsigned = ArtistFactory(signature_image="")
    call_command("check_signatures")
    call_command("check_signatures")
    assert told(faint) == ["signature_unseen"]
    assert [told(each) for each in (strong, lost, unsigned)] == [[], [], []]
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "1 artist was told. 1 signature could not be read."
    assert said[1].startswith("0 artists")
