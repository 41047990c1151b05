"""Where the previews of a picture lie, by the name of the one that is kept."""

import pytest

from protocol.previews import family, reported_name, widths_of


@pytest.mark.parametrize(
    ("width", "made", "reported"),
    [
        (1, (320,), "p-w320.webp"),
        (320, (320,), "p-w320.webp"),
        (321, (320, 640), "p-w640.webp"),
        (512, (320, 640), "p-w640.webp"),
        (640, (320, 640), "p-w640.webp"),
        (641, (320, 640, 1024), "p-w640.webp"),
        (9000, (320, 640, 1024), "p-w640.webp"),
    ],
)
def test_previews_are_made_up_to_the_picture_itself(
    width: int, made: tuple[int, ...], reported: str
) -> None:
    assert widths_of(width) == made
    assert reported_name("p", width) == reported


def test_the_name_of_one_leads_to_the_others() -> None:
    assert family("a/p-w640.webp", 2000) == [
        ("a/p-w320.webp", 320),
        ("a/p-w640.webp", 640),
        ("a/p-w1024.webp", 1024),
    ]
    # None is wider than the picture.
    assert family("a/p-w640.webp", 512) == [("a/p-w320.webp", 320), ("a/p-w640.webp", 512)]
    # Whoever does not know how wide the picture is gets those that exist in any case.
    assert family("a/p-w640.webp") == [("a/p-w320.webp", 320), ("a/p-w640.webp", 640)]


@pytest.mark.parametrize("alone", ["", "a/preview.webp", "a/p-w320.webp", "a/p-w640.png", "w640"])
def test_a_preview_of_another_name_is_alone(alone: str) -> None:
    assert family(alone, 2000) == []
