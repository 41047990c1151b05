"""Reading English."""

from words import english
from words.colors import ALSO_THINGS, COLORS, SHADES
from words.names import english_names
from words.places import LEADS, PLACES, PREPOSITIONS
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
        elif lower in PLACES and not (self._colors and lower in english.LIGHT_WORDS):
            self._read_place(lower)
        elif lower in english.FUNCTION_WORDS:
            self._read_function_word(word, lower)
        elif lower.isdecimal():
            self._add_number(word, int(lower[:4]))
        elif lower in english.NUMBERS:
            self._add_number(word, english.NUMBERS[lower])
        elif lower in english.LARGE_NUMBERS:
            self._add_number(word, MAX_COUNT + 1)
        elif shade:
            self._shade = SHADES[lower]
        elif lower in COLORS:
            self._add_color(COLORS[lower], word)
        elif lower in english.SIZES:
            self._scale, self._scale_word = english.SIZES[lower], word
        elif lower in english.IN_THE_AIR:
            self._air_word = word
        elif lower in english.LIGHT_WORDS:
            self.tints += self._colors
            self._clear()
        elif not self._read_without_ending(lower):
            self._add_unknown(word)

    def _read_place(self, lower: str) -> None:
        """A phrase such as "in front of" or "on the left"; its last token was ``lower``."""
        first = last = self._at - 1
        while first and folded(self._tokens[first - 1]) in english.ARTICLES:
            first -= 1
        if first and folded(self._tokens[first - 1]) in LEADS:
            first -= 1
        else:
            first = last
        if lower == "side" and [folded(self._peek(ahead)) for ahead in (0, 1)] == ["by", "side"]:
            self._at += 2
            return
        if folded(self._peek()) == "side":
            self._at += 1
        self._end_clause()
        self._place = None
        place, is_of = PLACES[lower], folded(self._peek()) == "of"
        self._at += is_of
        phrase = " ".join(self._tokens[first : self._at])
        if is_of:
            self._place_of(place, phrase)
        elif self._wanted:
            self.unknown.append(phrase)

    def _read_function_word(self, word: str, lower: str) -> None:
        following = folded(self._peek())
        if lower in english.JOINS:
            # "black and white cat" goes on; "black chair and white cat" begins another clause.
            if not (self._colors and following in COLORS):
                self._end_clause()
            if following in english.ARTICLES:
                self._wanted = True
            self._place = None
        elif lower in PREPOSITIONS or lower in english.NEGATION_ENDS:
            # In "zorblax on the moon", whatever is there is not painted.
            has_place = self.nouns or not (self._lost or lower == "like")
            self._end_clause()
            self._wanted = True
            self._place = None
            if lower in PREPOSITIONS and has_place:
                self._place_of(PREPOSITIONS[lower], word)

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
        word = " ".join(self._tokens[self._at : self._at + length])
        self._at += length
        self._add(thing, word, plural=plural)
        return True

    def _is_measure(self, lower: str) -> bool:
        """Whether a word only measures what follows: the cups of "two cups of tea"."""
        if (
            not any(form in english.MEASURES for form in (lower, *english.singulars(lower)))
            or folded(self._peek(1)) != "of"
            or (self._name_at(0) or (None, 1))[1] != 1
        ):
            return False
        held = self._name_at(2) or self._name_at(3)
        return held is not None and held[0].name in english.HELD

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
