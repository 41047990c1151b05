"""What torch raises, as errors that the worker knows."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from worker.engines.base import EngineError, EngineUnavailable

# A CPU has no error class of its own for this, and NVIDIA's libraries have theirs.
OUT_OF_MEMORY = (
    *("out of memory", "can't allocate memory", "not enough memory", "bad_alloc"),
    *("could not create a primitive", "_alloc_failed"),
)


@contextmanager
def told() -> Iterator[None]:
    """Turn a lack of memory, and a base model that cannot be loaded any more, into an EngineError:
    another attempt, or another worker, may do it."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, EngineUnavailable) and not _is_shortage(error):
            raise EngineError(str(error), retryable=True) from error
        if isinstance(error, EngineError) or not _is_shortage(error):
            raise
    else:
        return
    # Here, and not above: there the error still holds the frames, and they hold the memory.
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    raise EngineError(
        "The graphics card ran out of memory; a smaller size needs less.", retryable=True
    )


def _is_shortage(error: Exception) -> bool:
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return any(sign in str(error).lower() for sign in OUT_OF_MEMORY)
