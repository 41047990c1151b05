"""Colours by name, in English and Korean."""

from typing import Final

Color = tuple[int, int, int]

COLORS: Final[dict[str, Color]] = {
    "red": (196, 48, 44),
    "crimson": (164, 28, 52),
    "scarlet": (214, 40, 38),
    "maroon": (112, 30, 40),
    "orange": (232, 128, 40),
    "golden": (226, 170, 56),
    "gold": (226, 170, 56),
    "yellow": (240, 206, 70),
    "lime": (164, 206, 60),
    "green": (78, 150, 70),
    "olive": (118, 122, 52),
    "turquoise": (52, 172, 168),
    "teal": (36, 124, 128),
    "cyan": (70, 190, 214),
    "blue": (58, 104, 190),
    "navy": (30, 44, 96),
    "indigo": (66, 62, 150),
    "purple": (124, 74, 162),
    "violet": (140, 90, 180),
    "lilac": (186, 150, 206),
    "magenta": (200, 50, 140),
    "pink": (232, 138, 166),
    "peach": (246, 190, 150),
    "beige": (222, 204, 170),
    "brown": (126, 84, 54),
    "bronze": (150, 104, 56),
    "white": (240, 238, 232),
    "cream": (244, 234, 204),
    "silver": (188, 196, 206),
    "grey": (132, 134, 138),
    "gray": (132, 134, 138),
    "black": (42, 40, 46),
}

# Also the name of a thing; a colour only if a thing follows at once ("orange cat").
ALSO_THINGS: Final = frozenset({"orange", "lime", "olive", "peach", "cream", "bronze"})

SHADES: Final[dict[str, float]] = {
    "dark": 0.6,
    "deep": 0.7,
    "light": 1.35,
    "pale": 1.5,
    "bright": 1.15,
}

# Each colour with the forms that stand before a noun and by themselves.
KOREAN_COLORS: Final[dict[str, Color]] = {
    form: COLORS[name]
    for name, forms in {
        "red": "빨간 빨강 붉은 빨간색 빨강색 적색 새빨간",
        "orange": "주황 주황색 주홍색",
        "golden": "금색 황금 황금색 황금빛 금빛 금",
        "yellow": "노란 노랑 노란색 노랑색 샛노란",
        "lime": "연두 연두색",
        "green": "초록 초록색 녹색 초록빛",
        "turquoise": "청록 청록색 옥색",
        "cyan": "하늘색",
        "blue": "파란 파랑 푸른 파란색 파랑색 청색 새파란",
        "navy": "남색 감청색",
        "purple": "보라 보라색 보랏빛 자주색",
        "pink": "분홍 분홍색 분홍빛 핑크 핑크색",
        "beige": "베이지 베이지색",
        "brown": "갈색 밤색",
        "white": "흰 하얀 흰색 하양 하얀색 백색 새하얀",
        "silver": "은색 은빛 은",
        "grey": "회색 잿빛",
        "black": "검은 검정 까만 검은색 검정색 까만색 흑색 새까만",
    }.items()
    for form in forms.split()
}


def shaded(color: Color, factor: float) -> Color:
    """A darker (below 1) or lighter ``color``; lighter goes towards white."""
    if factor <= 1:
        red, green, blue = (round(value * factor) for value in color)
    else:
        red, green, blue = (round(value + (255 - value) * (factor - 1)) for value in color)
    return red, green, blue
