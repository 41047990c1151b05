"""Korean: particles, numbers with their counters, and the small words of a sentence."""

from typing import Final

from words.vocabulary import listed

NUMBERS: Final[dict[str, int]] = {
    **dict.fromkeys(("한", "하나"), 1),
    **dict.fromkeys(("두", "둘"), 2),
    **dict.fromkeys(("세", "셋", "서", "몇"), 3),
    **dict.fromkeys(("네", "넷", "너", "여러"), 4),
    "다섯": 5,
    "여섯": 6,
    "일곱": 7,
    "많은": 7,
    "여덟": 8,
    "아홉": 9,
}
LARGE_NUMBERS: Final = frozenset({"열", "스무", "스물", "서른", "백", "천", "수많은"})
COUNTERS: Final = listed(
    "마리 개 명 그루 송이 채 대 척 권 잔 사람 분 쌍 켤레 장 자루 병 인 조각 벌 알 포기 통"
)
SIZES: Final[dict[str, float]] = {
    **dict.fromkeys(("큰", "커다란", "높은"), 1.3),
    **dict.fromkeys(("거대한", "엄청큰"), 1.6),
    **dict.fromkeys(("작은", "조그만", "자그마한"), 0.72),
    **dict.fromkeys(("아주작은", "미니"), 0.5),
}
IN_THE_AIR: Final = frozenset({"나는", "날아가는", "날고", "날아다니는", "떠있는"})
# They stand behind what is not wanted.
NEGATIONS: Final = listed(
    "없는 없이 없다 없음 없고 없어 없어요 없게 없앤 말고 빼고 아닌 제외 제외한 제외하고 안보이는"
)
JOINS: Final = frozenset({"그리고", "및", "또는", "혹은", "이랑", "하고"})
FUNCTION_WORDS: Final = JOINS | listed(
    "있는 있다 있고 있어 있음 위 아래 옆 앞 뒤 속 안 밖 사이 곁 가운데 위의 위에 아래에 옆에"
    " 앞에 뒤에 속에 안에 밖에 사이에 곁에 속의 안의 앞의 뒤의 옆의 아래의 사이의 위에서 아래에서"
    " 옆에서 앞에서 뒤에서 속에서 안에서 사이로 위로 함께 같이 모두 다 더 아주 매우 가득한 가득"
    " 그림 그려줘 그려주세요 장면 모습 사진 색 색깔 색의 그 이 저 의 한가운데 너머 너머로 주변"
    " 근처 근처에 많이 의한 쪽 쪽에 된 하는 인"
)
AFTER_A_PLACE: Final = frozenset({"", "의", "에", "에서", "로", "으로", "를", "을", "에는", "쪽"})
# Longest first: a particle may be the end of another.
PARTICLES: Final = sorted(
    listed(
        "은 는 이 가 을 를 과 와 랑 이랑 하고 도 에 에서 에게 의 로 으로 만 이나 나 처럼 같은"
        " 까지 부터 들 마다 와의 과의 에서의 에는 에서는 이다 인 이고 이며 며 위 위에 옆에 속 속에"
        " 안에 앞에 아래 아래에 밑에 위의 속의 옆 앞 뒤 뒤에 위로 사이 사이로 너머 색"
    ),
    key=lambda particle: (-len(particle), particle),
)
JOINING_PARTICLES: Final = ("과", "와", "랑", "하고", "이나", "나", "도")


def is_korean(word: str) -> bool:
    return "가" <= word[0] <= "힣"


def stems(word: str) -> list[tuple[str, str]]:
    """``word`` as (stem, particles) in every way, the longest stem first."""
    tails = {word: ""}
    waiting = [word]
    while waiting:
        stem = waiting.pop()
        for particle in PARTICLES:
            shorter = stem[: -len(particle)]
            if shorter and stem.endswith(particle) and shorter not in tails:
                tails[shorter] = particle + tails[stem]
                waiting.append(shorter)
    return sorted(tails.items(), key=lambda item: -len(item[0]))
