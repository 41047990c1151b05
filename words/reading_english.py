"""Reading English."""

from words import english
from words.colors import ALSO_THINGS, COLORS, SHADES
from words.names import english_names
from words.reading import LONGEST_NAME, MAX_COUNT, Noun, Reading
from words.tokens import folded
from words.vocabulary import Thing


class EnglishReading(Reading):
    def _read_english(self, word: str) -> None:
        lower = folded(word)
        if self._is_measure(lower):
            self._at += 2
            return
        if lower in english.NUMBERS and folded(self._peek(1)) == "of":
            self._at += 2
            self._add_number(word, english.NUMBERS[lower])
            return
        shade = lower in SHADES and folded(self._peek(1)) in COLORS
        if not shade and not self._is_color_here(lower) and self._read_name():
            return
        self._at += 1
        if lower in english.NEGATIONS:
            self._end_clause()
            self._wanted = False
        elif lower in english.FUNCTION_WORDS:
            self._read_function_word(lower)
        elif lower.isdecimal():
            self._add_number(word, int(lower[:4]))
        elif lower in english.NUMBERS:
            self._add_number(word, english.NUMBERS[lower])
        elif lower in english.LARGE_NUMBERS:
            self._add_number(word, MAX_COUNT + 1)
        elif shade:
            self._shade = SHADES[lower]
        elif lower in COLORS:
            self._add_color(COLORS[lower])
        elif lower in english.SIZES:
            self._scale = english.SIZES[lower]
        elif lower in english.IN_THE_AIR:
            self._in_the_air = True
        elif lower in english.LIGHT_WORDS:
            self.tints += self._colors
            self._clear()
        elif not self._read_without_ending(lower):
            self._add_unknown(word)

    def _read_function_word(self, lower: str) -> None:
        following = folded(self._peek())
        if lower in english.JOINS:
            # "black and white cat" goes on; "black chair and white cat" begins another clause.
            if not (self._colors and following in COLORS):
                self._end_clause()
            if following in english.ARTICLES:
                self._wanted = True
        elif lower in english.NEGATION_ENDS:
            self._end_clause()
            self._wanted = True

    def _read_without_ending(self, lower: str) -> bool:
        stem = english.without_ending(lower)
        thing = stem and (english_names().get(stem) or english_names().get(stem.rstrip("e")))
        if not thing:
            return False
        self.nouns.append(Noun(thing, wanted=False))
        return True

    def _is_color_here(self, lower: str) -> bool:
        """Whether a word that may be a colour is one: not in "orange" or "blue whale"."""
        if lower not in COLORS:
            return False
        found = self._name_at(0)
        if found is not None and found[1] > 1:
            return False
        if lower not in ALSO_THINGS:
            return True
        following = folded(self._peek(1))
        return (
            following in COLORS or following in english.LIGHT_WORDS or self._name_at(1) is not None
        )

    def _read_name(self) -> bool:
        found = self._name_at(0)
        if found is None:
            return False
        thing, length, plural = found
        if self._count is not None and length == 1:
            # "books" are a pile of them, "five books" are five.
            word = folded(self._peek())
            single = (english_names().get(form) for form in english.singulars(word))
            thing = next((each for each in single if each is not None), thing)
        self._at += length
        self._add(thing, plural=plural)
        return True

    def _is_measure(self, lower: str) -> bool:
        """Whether a word only measures what follows: the cups of "two cups of tea"."""
        return (
            any(form in english.MEASURES for form in (lower, *english.singulars(lower)))
            and folded(self._peek(1)) == "of"
            and (self._name_at(0) or (None, 1))[1] == 1
            and (self._name_at(2) is not None or self._name_at(3) is not None)
        )

    def _name_at(self, ahead: int) -> tuple[Thing, int, bool] | None:
        """The longest English name from here: the thing, its words, and whether it is plural."""
        names = english_names()
        start = self._at + ahead
        words = [folded(token) for token in self._tokens[start : start + LONGEST_NAME]]
        for length in range(len(words), 0, -1):
            *first, last = words[:length]
            prefix = " ".join(first) + " " if first else ""
            if thing := names.get(prefix + last):
                # "mountains" is the name of its own part of the scene, and still a plural.
                plural = last in english.IRREGULAR or any(
                    names.get(prefix + form) is thing for form in english.singulars(last)
                )
                return thing, length, plural
            for form in english.singulars(last):
                if thing := names.get(prefix + form):
                    return thing, length, True
        return None
