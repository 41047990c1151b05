"""A number of 32 bits, hidden in a picture's pixels, that survives what sites do to pictures.

One square pattern is added all over the picture, like tiles, a little stronger where the picture is
rich than where it is smooth. The pattern is the sum of six waves of noise, of known phases. The
first one is where the tile begins; how far each of the others is shifted against it tells ten bits.
So a reader needs no alignment: it lays all tiles over each other, keeps of each frequency only the
phase, and correlates with the six waves. Cut, the tiles only begin elsewhere; brighter or gray, the
phases stay; scaled, it tries the sizes that pictures have here.

It is no secret: who reads this file can take a mark away, or add one. It says where to look, and
the registry must agree (see ``docs/rights.md``).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Floats = NDArray[np.float32]
Complex = NDArray[np.complex64]
Ints = NDArray[np.int64]

ID_BITS = 32
TILE = 128  # pixels
# The frequencies of the waves, in periods a tile: below, a picture has most of its own; above, a
# JPEG of low quality keeps nothing.
LOWEST, HIGHEST = 5, 30
SYMBOLS = 5  # the waves that carry bits
STEP = 4  # pixels between two shifts that mean something else
SHIFTS = TILE // STEP
SYMBOL_BITS = 2 * (SHIFTS.bit_length() - 1)
CHECK_BITS = SYMBOLS * SYMBOL_BITS - ID_BITS
# x¹⁸ + x⁷ + 1. Every two numbers then differ in at least two symbols, so that one that is lost can
# be worked out from the others.
CHECK_POLYNOMIAL = (1 << 18) | (1 << 7) | 1
# Of the change, in levels of brightness (0 … 255): 38.5 dB, and 42 dB where that is enough.
MOST_CHANGE = 255 / 10 ** (38.5 / 20)
LEAST_CHANGE = 255 / 10 ** (42 / 20)
# How clear a mark is made, if those two allow it. It is found from 10.5 on.
WANTED_CLEARNESS = 25.0
# How strong the first wave is, of which all depends, compared with each of the others.
FIRST_WAVE = 1.3
# Shorter sides that pictures have when they are made. A picture of another size is also tried at
# the sizes that a screen of high density makes of it.
MADE_SIDES = (512, 1024)
OTHER_SCALES = (1.0, 0.5, 2.0, 1 / 1.5, 1 / 1.25)
LARGEST = 4_000_000  # pixels of a picture that is searched
# A mark is believed when this is how often one would be found in a picture that has none.
MOST_FALSE_ALARMS = 1e-9


@dataclass(frozen=True)
class Mark:
    """What was found. ``false_alarm`` bounds the probability that a picture without any mark gives
    this, or something clearer: 1e-9 at most."""

    mark_id: int
    false_alarm: float

    @property
    def sure(self) -> float:
        return 1 - self.false_alarm


class Marker(Protocol):
    """One way to hide a number in a picture."""

    name: str

    def embed(self, image: Image.Image, mark_id: int) -> Image.Image:
        """A copy of ``image`` in RGB that carries ``mark_id``, 0 … 2³² − 1."""
        ...

    def detect(self, image: Image.Image) -> Mark | None: ...


class TiledWaves:
    """The marker that needs nothing but numpy."""

    name = "tiled-waves-1"

    def embed(self, image: Image.Image, mark_id: int) -> Image.Image:
        image = image.convert("RGB")
        gray = image.convert("L")
        sharp, activity = _detail(gray)
        height, width = activity.shape
        spectrum = _spectrum(mark_id)
        tile = np.fft.irfft2(spectrum, (TILE, TILE)).astype(np.float32)
        change = np.tile(tile, (-(-height // TILE), -(-width // TILE)))[:height, :width]
        # Where a picture is rich, people see less of a change.
        change = change * np.clip(1 + 0.25 * activity, 1, 5)
        change *= MOST_CHANGE / float(np.sqrt((change**2).mean()))
        clearness = _clearness(_phases(_folded(sharp + change, activity)), spectrum)
        change *= min(1.0, max(LEAST_CHANGE / MOST_CHANGE, WANTED_CLEARNESS / clearness))
        marked = np.asarray(image, np.float32) + change[..., None] + 0.5
        return Image.fromarray(np.clip(marked, 0, 255).astype(np.uint8))

    def detect(self, image: Image.Image) -> Mark | None:
        for tried, picture in enumerate(_sizes(image.convert("L")), 1):
            if found := _read(_folded(*_detail(picture))):
                clearness, mark_id = found
                false_alarm = tried * _false_alarms(clearness)
                if false_alarm <= MOST_FALSE_ALARMS:
                    return Mark(mark_id, false_alarm)
        return None


MARKER: Marker = TiledWaves()


def _false_alarms(clearness: float) -> float:
    """A bound on how often a picture without a mark, read at one size, gives ``clearness``.

    Without a mark, phases are random: the correlation with any six waves together is normal, with
    mean 0 and variance 1. There are this many numbers, places of the tile and turns to hit upon.
    """
    return 2.0**ID_BITS * TILE**2 * 8 * math.erfc(clearness / math.sqrt(2)) / 2


# --- Reading --------------------------------------------------------------------------------------


def _sizes(gray: Image.Image) -> Iterator[Image.Image]:
    """``gray`` as it is, and scaled to what it may have been when it was marked."""
    width, height = gray.size
    shorter, longer = sorted((width, height))
    scales = [1.0]
    if any(abs(longer / shorter - ratio) < 0.02 for ratio in (1, 1.5, 2)):
        scales += [side / shorter for side in MADE_SIDES]
    scales += OTHER_SCALES
    done: set[tuple[int, int]] = set()
    for scale in scales:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        if size in done or size[0] * size[1] > LARGEST or min(size) < TILE:
            continue
        done.add(size)
        yield gray if size == gray.size else gray.resize(size, Image.Resampling.BICUBIC)


def _detail(gray: Image.Image) -> tuple[Floats, Floats]:
    """The fine part of a picture, and how much of it is around each pixel, in levels."""
    values = np.asarray(gray, np.float32)
    sharp = values - np.asarray(gray.filter(ImageFilter.BoxBlur(8)), np.float32)
    amount = Image.fromarray(np.minimum(np.abs(sharp), 255).astype(np.uint8))
    return sharp, np.asarray(amount.filter(ImageFilter.BoxBlur(6)), np.float32)


def _folded(sharp: Floats, activity: Floats) -> Floats:
    """All tiles of the picture added up; what is alone in a calm place counts as much as what is
    one of many in a rich one."""
    weighted = sharp / (activity + 4)
    height, width = weighted.shape
    padded = np.zeros((-(-height // TILE) * TILE, -(-width // TILE) * TILE), np.float32)
    padded[:height, :width] = weighted
    folded: Floats = padded.reshape(-1, TILE, padded.shape[1] // TILE, TILE).sum((0, 2))
    return folded


def _read(folded: Floats) -> tuple[float, int] | None:
    """The clearest number in it: (clearness, number); None if nothing is worth a look."""
    waves = _waves()
    turns = [turned for base in (folded, folded.T) for turned in _mirrored(base)]
    phases = [_phases(turned) for turned in turns]
    places = [_correlation(each, waves[0]) for each in phases]
    stacked = np.stack(places).ravel()
    best: tuple[float, int] | None = None
    for index in np.argpartition(stacked, -6)[-6:]:
        turn, place = divmod(int(index), TILE * TILE)
        down, across = divmod(place, TILE)
        symbols = []
        for wave in waves[1:]:
            found = _correlation(phases[turn], wave)
            rolled = np.roll(found, (-down, -across), (0, 1))
            symbols.append(rolled[::STEP, ::STEP].ravel())
        decoded = _decode(symbols)
        if decoded is None:
            continue
        clearness = (FIRST_WAVE * float(stacked[index]) + decoded[0]) / math.sqrt(
            FIRST_WAVE**2 + SYMBOLS
        )
        if best is None or clearness > best[0]:
            best = clearness, decoded[1]
    return best


def _mirrored(base: Floats) -> list[Floats]:
    return [base, base[::-1], base[:, ::-1], base[::-1, ::-1]]


def _phases(folded: Floats) -> Complex:
    spectrum = np.fft.rfft2(folded)
    size = np.abs(spectrum)
    phases: Complex = np.where(_used(), spectrum / np.maximum(size, 1e-9), 0).astype(np.complex64)
    return phases


def _clearness(phases: Complex, spectrum: Complex) -> float:
    """How well the six waves of a known number fit together, in standard deviations of chance."""
    fit = float((phases * spectrum.conj()).real.sum())
    return max(1e-3, fit / math.sqrt(_used().sum() / 2 * (FIRST_WAVE**2 + SYMBOLS)))


def _correlation(phases: Complex, wave: Complex) -> Floats:
    """How well ``wave`` fits at each place of the tile, in standard deviations of chance."""
    fit = np.fft.irfft2(phases * wave.conj(), (TILE, TILE))
    return (fit * (TILE * TILE / 2 / math.sqrt(_used().sum() / 2))).astype(np.float32)


# --- Waves ----------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _used() -> NDArray[np.bool_]:
    """The frequencies of the waves, in numpy's order for real pictures."""
    down = np.fft.fftfreq(TILE, 1 / TILE)[:, None]
    across = np.arange(TILE // 2 + 1)[None]
    radius = np.hypot(down, across)
    used: NDArray[np.bool_] = (radius >= LOWEST) & (radius <= HIGHEST) & (across > 0)
    return used


@lru_cache(maxsize=1)
def _waves() -> list[Complex]:
    """Six waves of amplitude 1 at each frequency, their phases drawn once and for all."""
    count = TILE * (TILE // 2 + 1)
    waves = []
    for number in range(SYMBOLS + 1):
        drawn = hashlib.shake_256(f"style-license mark 1, wave {number}".encode())
        turns = np.frombuffer(drawn.digest(2 * count), "<u2").reshape(TILE, -1) / 65536
        waves.append(np.where(_used(), np.exp(2j * np.pi * turns), 0).astype(np.complex64))
    return waves


def _spectrum(mark_id: int) -> Complex:
    """The tile that says ``mark_id``: the first wave, and the others shifted."""
    waves = _waves()
    down = np.fft.fftfreq(TILE, 1 / TILE)[:, None]
    across = np.arange(TILE // 2 + 1)[None]
    spectrum = FIRST_WAVE * waves[0]
    for wave, symbol in zip(waves[1:], symbols_of(mark_id), strict=True):
        rows, columns = divmod(symbol, SHIFTS)
        shift = (rows * down + columns * across) * (STEP / TILE)
        spectrum = spectrum + wave * np.exp(-2j * np.pi * shift)
    return spectrum.astype(np.complex64)


# --- Error correction -----------------------------------------------------------------------------


def symbols_of(mark_id: int) -> list[int]:
    """The five symbols of ten bits for a number, with its check bits."""
    if not 0 <= mark_id < 1 << ID_BITS:
        raise ValueError(f"A mark has 32 bits; {mark_id} does not fit.")
    word = mark_id << CHECK_BITS
    word |= _remainder(word)
    places = range(SYMBOLS - 1, -1, -1)
    return [(word >> (SYMBOL_BITS * place)) & ((1 << SYMBOL_BITS) - 1) for place in places]


def _remainder(word: int) -> int:
    while word.bit_length() > CHECK_BITS:
        word ^= CHECK_POLYNOMIAL << (word.bit_length() - CHECK_POLYNOMIAL.bit_length())
    return word


@lru_cache(maxsize=1)
def _syndromes() -> list[Ints]:
    """For each symbol's place, the remainder of each value: they cancel in a valid number."""
    tables = []
    for place in range(SYMBOLS - 1, -1, -1):
        bits = [_remainder(1 << (SYMBOL_BITS * place + bit)) for bit in range(SYMBOL_BITS)]
        table = np.zeros(1 << SYMBOL_BITS, np.int64)
        for bit, remainder in enumerate(bits):
            table ^= np.where(np.arange(1 << SYMBOL_BITS) >> bit & 1, remainder, 0)
        tables.append(table)
    return tables


CHOICES = 5  # values of each symbol that are tried together


def _decode(fits: Sequence[Floats]) -> tuple[float, int] | None:
    """The valid number that fits best: (sum of its five fits, number).

    Tried are the five best values of each symbol, and all values of each one with the two best of
    the others.
    """
    tables = _syndromes()
    ranked = [np.argsort(-fit) for fit in fits]
    best: tuple[float, int] | None = None
    for lost in (None, *range(SYMBOLS)):
        sums, rests = np.zeros(1, np.float32), np.zeros(1, np.int64)
        tried = []
        for place in range(SYMBOLS):
            among = (
                ranked[place] if place == lost else ranked[place][: CHOICES if lost is None else 2]
            )
            tried.append(among)
            sums = np.add.outer(sums, fits[place][among]).ravel()
            rests = np.bitwise_xor.outer(rests, tables[place][among]).ravel()
        valid = np.flatnonzero(rests == 0)
        if not valid.size:
            continue
        top = valid[np.argmax(sums[valid])]
        if best is None or sums[top] > best[0]:
            chosen = np.unravel_index(top, [len(each) for each in tried])
            word = 0
            for among, index in zip(tried, chosen, strict=True):
                word = word << SYMBOL_BITS | int(among[index])
            best = float(sums[top]), word >> CHECK_BITS
    return best
