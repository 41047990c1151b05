"""Lists of prompts: texts and tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from style_license import Item, StyleLicenseError, lists, models

from app.models import generation, order
from web.forms import order_list

DEFAULT = Item("Quill", "", count=2)


def read(folder: Path, content: str | bytes, name: str = "prompts.csv") -> list[Item]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return lists.read(path, DEFAULT)


def test_a_text_has_a_prompt_in_each_line(tmp_path: Path) -> None:
    text = "\ufeffcastle, sunset\n\n# a remark\n 바다 \n"
    assert read(tmp_path, text, "prompts.txt") == [
        Item("Quill", "castle, sunset", 2),
        Item("Quill", "바다", 2),
    ]


def test_a_table_says_more_of_each_prompt(tmp_path: Path) -> None:
    table = '\ufeffwords,style,count,aspect_ratio,seed\n"cat, night",7,3,1:2,\nboat,,,,0\n,,,,\n'
    assert read(tmp_path, table) == [
        Item("7", "cat, night", 3, "1:2"),
        Item("Quill", "boat", 2, "1:1", 0),
    ]


@pytest.mark.parametrize(
    "head",
    [
        "Words,Count,Format",
        "prompt, number ,FORMAT",
        '"Prompt","Number","aspect_ratio"',
        "단어;장수;형식",
        "words\tcount\tformat",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_columns_are_called_as_people_call_them(tmp_path: Path, head: str, end: str) -> None:
    row = next((each for each in "\t;" if each in head), ",").join(("cat", "3", "1:2"))
    # A second table, with the same head, follows.
    assert read(tmp_path, end.join(("", head, row, head, row))) == [
        Item("Quill", "cat", 3, "1:2"),
        Item("Quill", "cat", 3, "1:2"),
    ]


def test_the_site_takes_the_same_tables() -> None:
    assert lists.COLUMNS == order_list.COLUMNS
    assert lists.ALIASES == order_list.ALIASES
    most = (models.MAX_COUNT, models.MAX_PICTURES, models.MAX_SEED)
    assert most == (order.MAX_COUNT, order.MAX_PICTURES, generation.MAX_SEED)


@pytest.mark.parametrize("head", ["words", "Prompt", "단어"])
def test_commas_are_free_where_there_is_nothing_but_words(tmp_path: Path, head: str) -> None:
    table = f'{head}\ncastle, sunset\n"cat, night"\nboat, "sea, fog",\n\n'
    assert [item.words for item in read(tmp_path, table)] == [
        "castle, sunset",
        "cat, night",
        "boat, sea, fog",
    ]


def test_a_line_break_in_a_cell_keeps_words_apart(tmp_path: Path) -> None:
    for end in ("\n", "\r\n"):
        [item] = read(tmp_path, f'words,count\n"castle,{end}red{end}sunset",1\n')
        assert item.words == "castle, red sunset"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "picture\ncat\n", "first line"),
        ("a.csv", "count,seed\n1,2\n", "first line"),
        ("a.csv", "words,prompt\ncat,dog\n", "the column words twice"),
        ("a.csv", "words,count\ncat,many\n", "line 2: count is “many”"),
        ("a.csv", "words,count\ncat,0\n", "line 2: count is “0”: use a number from 1 to 500"),
        ("a.csv", "words,count\ncat,501\n", "line 2: count is “501”"),
        ("a.csv", f"words,count\ncat,{'5' * 5000}\n", "line 2: count is “5{40}”"),
        ("a.csv", "words,seed\ncat,4294967296\n", "line 2: seed is “4294967296”"),
        ("a.csv", "words,count\n\ncat,1\ndog, night,2\n", "line 4: there are 3 cells for 2"),
        ("a.csv", 'words,count\n"a\nb",1\ndog, night,2\n', "line 4: there are 3 cells"),
        ("a.csv", 'words,count\ncat,1\n"dog,2\nboat,3\n', "line 3: this is no row"),
        ("a.csv", 'words,count\ncat,1\n"dog,2\n"boat",3\n', "line 3: this is no row"),
        ("a.csv", 'words\n"cat\ndog\n', "line 2: this is no row"),
        ("a.csv", "words,count\n", "no prompts"),
        ("a.csv", "", "first line"),
        ("a.txt", "\n# nothing\n", "no prompts"),
        ("a.txt", b"\xff\xfe", "not in UTF-8"),
    ],
)
def test_a_list_that_cannot_be_read_says_why(
    tmp_path: Path, name: str, content: str | bytes, said: str
) -> None:
    with pytest.raises(StyleLicenseError, match=said):
        read(tmp_path, content, name)
