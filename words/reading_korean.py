"""Reading Korean: particles behind the nouns, counts and negations behind those."""

from words import korean
from words.colors import KOREAN_COLORS
from words.names import joins, korean_names, korean_parts, korean_thing
from words.places import KOREAN, Relation
from words.reading import LONGEST_NAME, MAX_COUNT, Reading


def _place_in(word: str) -> str:
    """What a word such as "위에" says of the noun before; "" if it says no place."""
    return next((place for stem, place in KOREAN.items() if _is_place(word, stem)), "")


def _is_place(word: str, stem: str) -> bool:
    return word.startswith(stem) and word[len(stem) :] in korean.AFTER_A_PLACE


class KoreanReading(Reading):
    def _place_behind(self, place: str, word: str) -> None:
        """Something is at this place of the last noun: what follows ("탁자 위의 고양이"), or else
        what was named before ("고양이가 탁자 위에")."""
        if self.nouns and self._after == len(self.nouns):
            self._places.append((place, word, len(self.nouns) - 1))

    def _relate(self) -> None:
        for place, word, to in self._places:
            behind, before = to + 1, to - 1
            what = behind if behind < len(self.nouns) else before if before >= 0 else None
            self.relations.append(Relation(place, word, what, to))

    def _read_korean(self, word: str) -> None:
        if self._read_korean_name():
            return
        self._at += 1
        if word in korean.NEGATIONS:
            self._negate_backwards()
        elif place := _place_in(word):
            self._place_behind(place, word)
        elif word in korean.FUNCTION_WORDS:
            if word in korean.JOINS:
                if self.nouns:
                    self.nouns[-1].joined = True
                self._end_clause()
        elif word in KOREAN_COLORS:
            self._add_color(KOREAN_COLORS[word], word)
        elif word in korean.SIZES:
            self._scale, self._scale_word = korean.SIZES[word], word
        elif word in korean.IN_THE_AIR:
            self._air_word = word
        elif word in korean.LARGE_NUMBERS:
            self._add_number(word, MAX_COUNT + 1)
        elif not self._read_korean_number(word) and not self._read_korean_parts(word):
            self._add_unknown(word)

    def _negate_backwards(self) -> None:
        """Take back the noun before, and those joined to it: "나무와 사람 없는"."""
        if self._lost and self.unknown:
            self.unknown.pop()
            self._clear()
            return
        for i, noun in enumerate(reversed(self.nouns)):
            if i and not noun.joined:
                break
            noun.wanted = False
        self._clear()

    def _read_korean_number(self, word: str) -> bool:
        """A number, a counter, or both in one: "두", "마리의", "세마리"."""
        if word in korean.NUMBERS:
            self._add_number(word, korean.NUMBERS[word])
            return True
        for stem, particles in korean.stems(word):
            if stem in korean.COUNTERS and self._count is not None:
                self._bind_count(forwards=particles.endswith("의"), joined=joins(particles))
                return True
            for number, count in korean.NUMBERS.items():
                if stem.removeprefix(number) in korean.COUNTERS and stem.startswith(number):
                    self._add_number(word, count)
                    self._bind_count(forwards=particles.endswith("의"), joined=joins(particles))
                    return True
            if stem in KOREAN_COLORS:
                self._add_color(KOREAN_COLORS[stem], stem)
                return True
            if stem in korean.NUMBERS and len(stem) > 1:
                self._add_number(word, korean.NUMBERS[stem])
                return True
        return False

    def _bind_count(self, *, forwards: bool, joined: bool) -> None:
        """A count with its counter belongs to the noun before ("고양이 두 마리") or behind it."""
        self._count_word = ""
        last = self.nouns[-1] if self.nouns and self._after == len(self.nouns) else None
        if forwards or last is None or last.count is not None or last.thing.is_scene:
            return
        last.count, self._count = self._count, None
        last.joined = joined

    def _read_korean_name(self) -> bool:
        """A name in one or more tokens, its last one with particles."""
        if self._is_counter():
            return False
        for length in range(min(LONGEST_NAME, len(self._tokens) - self._at), 0, -1):
            tokens = self._tokens[self._at : self._at + length]
            if not all(korean.is_korean(token) for token in tokens):
                continue
            joined = "".join(tokens)
            if length == 1 and (joined in KOREAN_COLORS or joined in korean.NUMBERS):
                return False
            found = korean_thing(joined, keep=len(joined) - len(tokens[-1]))
            if found and not (length == 1 and joined in korean.FUNCTION_WORDS):
                thing, particles = found
                self._at += length
                self._add(
                    thing, " ".join(tokens), plural="들" in particles, joined=joins(particles)
                )
                if place := _place_in(particles):
                    self._place_behind(place, tokens[-1])
                return True
        return False

    def _is_counter(self) -> bool:
        """Whether "개" here is a counter and no dog: after a number."""
        stem = next((s for s, _ in korean.stems(self._peek()) if s in korean.COUNTERS), None)
        return stem is not None and self._count is not None and self._at > 0

    def _read_korean_parts(self, word: str) -> bool:
        """A word made of known ones without a space: "밤하늘", "빨간집과"."""
        parts = korean_parts(word)
        if parts is None:
            return False
        names, particles = parts
        for name in names:
            if name in KOREAN_COLORS:
                self._add_color(KOREAN_COLORS[name], name)
            else:
                self._add(korean_names()[name], name)
        self.nouns[-1].joined = joins(particles)
        self.nouns[-1].plural = "들" in particles
        return True
