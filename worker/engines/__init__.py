"""Style engines: how a worker learns an artist's style and draws with it."""

from collections.abc import Callable

from worker.engines.base import Engine, EngineUnavailable


def _stylenet() -> Engine:
    from worker.engines.stylenet import StylenetEngine

    return StylenetEngine()


def _diffusion() -> Engine:
    try:
        from worker.engines.diffusion.engine import load
    except ImportError as error:
        raise EngineUnavailable(
            "The diffusion engine needs torch and diffusers, which are not installed here:"
            " requirements/README.md says how to install them. The engine stylenet needs neither."
        ) from error
    return load()


ENGINES: dict[str, Callable[[], Engine]] = {"stylenet": _stylenet, "diffusion": _diffusion}


def load_engine(name: str) -> Engine:
    """The engine called ``name``, ready to use. Heavy libraries are imported only here.

    Raises EngineUnavailable if there is no such engine, or if it cannot run on this machine.
    """
    load = ENGINES.get(name)
    if load is None:
        raise EngineUnavailable(f"No engine is called {name!r}; known: {', '.join(ENGINES)}.")
    return load()
