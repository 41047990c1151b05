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


# What the site takes is what the engine diffusion takes. Its workers keep room for a LoRA of the
# highest rank in each layer. Where a card lacks it, DIFFUSION_MAX_RANK is lower for both.
USUAL_RANK, HIGHEST_RANK = 16, 64
Epochs = Annotated[int, Meta(ge=1, le=100)]
Rank = Annotated[int, Meta(ge=1, le=HIGHEST_RANK)]
Alpha = Annotated[float, Meta(gt=0, le=256)]
LearningRate = Annotated[float, Meta(gt=0, le=1)]
BatchSize = Annotated[int, Meta(ge=1, le=32)]
Repeats = Annotated[int, Meta(ge=1, le=100)]
MaxSteps = Annotated[int, Meta(ge=1, le=100_000)]
Resolution = Annotated[int, Meta(ge=64, le=2048, multiple_of=64)]
Share = Annotated[float, Meta(ge=0, le=1)]
MinSnr = Annotated[float, Meta(gt=0, le=100)]
Trigger = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
TrainingSeed = Annotated[int, Meta(ge=0, le=2**32 - 1)]


class DiffusionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    epochs: Epochs | None = None
    rank: Rank | None = None
    alpha: Alpha | None = None
    learning_rate: LearningRate | None = None
    batch_size: BatchSize | None = None
    repeats: Repeats | None = None
    max_steps: MaxSteps | None = None
    resolution: Resolution | None = None
    caption_dropout: Share | None = None
    min_snr: MinSnr | None = None
    trigger: Trigger | None = None
    seed: TrainingSeed | None = None


# Of a training whose artist names none; other engines have the site's TRAINING_EPOCHS. With four
# repeats, the usual ones, these are 40 steps a work.
USUAL_EPOCHS: Mapping[str, int] = {"diffusion": 10}
OF_ENGINES: Mapping[str, type[msgspec.Struct]] = {
    "stylenet": StylenetSettings,
    "diffusion": DiffusionSettings,
}
# Their files say whose style it is and what its artist agreed to.
FILES_SAY = frozenset({"diffusion"})

# So that msgspec knows the types before two threads ask for one at once: see messages.py.
for _kind in OF_ENGINES.values():
    msgspec.json.Decoder(_kind)
