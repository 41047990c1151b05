"""What an artist may tell an engine of a training, by the engine's own names.

``epochs`` is the task's ``num_epochs``; all others are its ``settings``. What an artist does not
say, the engine knows.
"""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta


class StylenetSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    epochs: Annotated[int, Meta(ge=1, le=8)] | None = None


class DiffusionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    epochs: Annotated[int, Meta(ge=1, le=100)] | None = None
    rank: Annotated[int, Meta(ge=1, le=128)] | None = None
    alpha: Annotated[float, Meta(gt=0, le=256)] | None = None
    learning_rate: Annotated[float, Meta(gt=0, le=1)] | None = None
    batch_size: Annotated[int, Meta(ge=1, le=32)] | None = None
    repeats: Annotated[int, Meta(ge=1, le=100)] | None = None
    max_steps: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    resolution: Annotated[int, Meta(ge=64, le=2048, multiple_of=64)] | None = None
    caption_dropout: Annotated[float, Meta(ge=0, le=1)] | None = None
    min_snr: Annotated[float, Meta(gt=0, le=100)] | None = None
    trigger: Annotated[str, Meta(max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")] | None = None
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)] | None = None


OF_ENGINES: Mapping[str, type[msgspec.Struct]] = {
    "stylenet": StylenetSettings,
    "diffusion": DiffusionSettings,
}
# Their files say whose style it is and what its artist agreed to.
FILES_SAY = frozenset({"diffusion"})

# So that msgspec knows the types before two threads ask for one at once: see messages.py.
for _kind in OF_ENGINES.values():
    msgspec.json.Decoder(_kind)
