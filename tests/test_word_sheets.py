"""``docs/words.md`` says what the engine knows, and nothing else."""

from docs import word_sheets
from words import THINGS


def test_the_tables_are_those_of_the_vocabulary() -> None:
    page = word_sheets.PAGE.read_text("utf-8")
    assert word_sheets.with_tables(page) == page


def test_every_thing_is_on_a_sheet() -> None:
    shown = {kind for kinds in word_sheets.SHEETS.values() for kind in kinds}
    assert {thing.kind for thing in THINGS.values() if not thing.is_scene} == shown
    for name in (*word_sheets.SHEETS, "english", "korean"):
        assert (word_sheets.FOLDER / f"{name}.webp").stat().st_size < 600_000
    assert (len(word_sheets.ENGLISH), len(word_sheets.KOREAN)) == (40, 20)
