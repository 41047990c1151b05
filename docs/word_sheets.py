"""Draw the sheets of ``docs/words.md`` and write its tables.

Run from the project's folder: ``.venv/bin/python -m docs.word_sheets``. It takes a few minutes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageDraw

from devtools.demo import DEMO_ARTISTS
from docs.contact_sheet import train
from words import THINGS, Subject, Thing, described, understand
from worker.engines.scene.brief import Brief
from worker.engines.scene.light import LIGHTS
from worker.engines.scene.sprites import sprite_of
from worker.engines.scene.stage import new_stage
from worker.engines.stylenet import StylenetEngine

FOLDER = Path(__file__).parent / "words"
PAGE = Path(__file__).parent / "words.md"
START, END = "<!-- {}: written by docs.word_sheets -->", "<!-- end of {} -->"
PAPER, INK = (250, 249, 246), (40, 38, 36)
# Sheets of things: the kinds on each.
SHEETS = {
    "living": ("animal", "head", "flying", "afloat", "fish", "face", "bust", "figure"),
    "places": ("tree", "building", "vehicle", "outdoors", "furniture"),
    "objects": ("table",),
}
ENGLISH = """\
a red fox in a snowy forest
two cats on a sofa
three boats at sunset
a robot
an elephant and a mouse
castle on a hill, night
black chair and white cat
green sky, yellow car
a lake, no trees
a field without people
five red balloons
an old man with a dog
a bowl of fruit on a table
a cup of coffee and a book
grandmother baking a cake
a lion and a tiger
dragon flying over a castle
a train in the mountains
a girl with a blue umbrella in the rain
seven ducks on a pond
birthday cake, candles
an astronaut on the moon
a lighthouse in a storm
a snowman and a christmas tree
a beautiful garden with roses
a guitar
a penguin on ice
a queen with a golden crown
nine apples
a bicycle by the sea
a whale and a ship
a pirate ship in the fog
a city at night
pink flowers, butterflies
dark blue sea, white boat
a wolf howling at the moon
my mother in her kitchen
a family having dinner
a knight fighting a dragon
freedom""".splitlines()
KOREAN = """\
여우와 성
빨간 집
고양이 두 마리
밤하늘의 별
나무 없는 언덕
검은 고양이와 흰 개
비 오는 도시
눈 덮인 산
사과 세 개와 책
할머니와 강아지
호랑이
노란 우산을 쓴 소녀
바닷가의 등대
하늘을 나는 용
자동차 다섯 대
보라색 하늘, 배
벚꽃과 궁전
커피 한 잔과 케이크
사람이 없는 해변
행복한 가족""".splitlines()


def sheet(count: int, across: int, cell: tuple[int, int]) -> Image.Image:
    return Image.new("RGB", (across * cell[0], -(-count // across) * cell[1]), PAPER)


def things_sheet(things: Sequence[Thing]) -> Image.Image:
    """Every one of ``things`` with its name."""
    across, cell, size = 18, (84, 92), 66
    stage = new_stage(Brief(scene=("day",), key="sheet"), LIGHTS["day"], (256, 256), 0.5, (0, 0))
    page = sheet(len(things), across, cell)
    pen = ImageDraw.Draw(page)
    for i, thing in enumerate(things):
        x, y = i % across * cell[0], i // across * cell[1]
        drawn = sprite_of(stage, Subject(thing.name), size, 0).solid
        drawn.thumbnail((size + 8, size))
        left = x + (cell[0] - drawn.width) // 2
        page.paste(drawn, (left, y + 4 + size - drawn.height), drawn)
        name = thing.name if len(thing.name) < 15 else thing.name[:13] + "…"
        pen.text((x + cell[0] // 2, y + size + 8), name, fill=INK, anchor="ma", font_size=10)
    return page


def prompts_sheet(prompts: Sequence[str], models: Sequence[Path], first: int) -> Image.Image:
    """Each prompt in every style, side by side, with its number."""
    engine = StylenetEngine()
    across, side = 5, 118
    cell = (len(models) * side + 8, side + 18)
    page = sheet(len(prompts), across, cell)
    pen = ImageDraw.Draw(page)
    for i, prompt in enumerate(prompts):
        x, y = i % across * cell[0], i // across * cell[1]
        pen.text((x + 4, y + 2), str(first + i), fill=INK, font_size=12)
        for k, model in enumerate(models):
            tags = [tag.strip() for tag in prompt.split(",")]
            picture = engine.generate(
                model, tags, size=(512, 512), seed=first + i, on_progress=lambda done, of: None
            )
            small = picture.resize((side - 4, side - 4), Image.Resampling.LANCZOS)
            page.paste(small, (x + 4 + k * side, y + 17))
    return page


def prompts_table(prompts: Sequence[str], first: int) -> Iterator[str]:
    yield "| | prompt | understood | unknown, and said so |"
    yield "|---|---|---|---|"
    for number, prompt in enumerate(prompts, first):
        understood = understand([tag.strip() for tag in prompt.split(",")])
        colors = sum(len(subject.colors) for subject in understood.subjects)
        colors += len(understood.scene_colors) + len(understood.tints)
        meaning = described(understood) or "nothing"
        if colors:
            meaning += f"; {colors} colour{'s' * (colors > 1)}"
        yield f"| {number} | {prompt} | {meaning} | {', '.join(understood.unknown_words)} |"


def words_table() -> Iterator[str]:
    for kind, things in groupby(THINGS.values(), key=lambda thing: thing.kind):
        listed = [
            " / ".join((*(name for name in thing.english if name.isascii()), *thing.korean))
            for thing in things
        ]
        yield f"**{kind}** ({len(listed)}): {' · '.join(listed)}."
        yield ""


def with_tables(page: str) -> str:
    """The page with new tables."""
    tables = {
        "english": prompts_table(ENGLISH, 1),
        "korean": prompts_table(KOREAN, len(ENGLISH) + 1),
        "words": words_table(),
    }
    for name, lines in tables.items():
        start, end = START.format(name), END.format(name)
        before, rest = page.split(start)
        _, after = rest.split(end)
        page = before + start + "\n\n" + "\n".join(lines).rstrip() + "\n\n" + end + after
    return page


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, kinds in SHEETS.items():
        things = [thing for thing in THINGS.values() if thing.kind in kinds]
        things_sheet(things).save(FOLDER / f"{name}.webp", quality=82, method=6)
    with tempfile.TemporaryDirectory() as folder:
        engine = StylenetEngine()
        models = [train(engine, artist, Path(folder)) for artist in DEMO_ARTISTS[:3]]
        for name, prompts, first in (("english", ENGLISH, 1), ("korean", KOREAN, 41)):
            page = prompts_sheet(prompts, models, first)
            page.save(FOLDER / f"{name}.webp", quality=80, method=6)
    PAGE.write_text(with_tables(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
