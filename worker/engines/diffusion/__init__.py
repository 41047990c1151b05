"""Stable Diffusion with LoRA: an engine for GPUs, and for tests on a CPU.

Only ``engine.py`` and what it imports need torch. Their packages have a lock file of their own,
``requirements/worker-diffusion.txt``; nothing outside this package may import them.

``base_models.py``  which base model, under which licence, and whether it is the one it claims to be
``settings.py``     what the environment, a training and an order may say
``pipelines.py``    the two families, SD 1.x and SDXL, behind one class
``works.py``        artworks as a training sees them: captions, sizes, latents, the held-out tenth
``training.py``     the loop, and checkpoints from which it goes on
``style_file.py``   the file of a style: safetensors with the keys that other programs read
``drawing.py``      pictures, with one style swapped for another in a pipeline that stays loaded
``safety.py``       who may refuse a picture before it is stored
``failures.py``     what torch raises, as errors that the worker knows
"""

import os

# Nothing is fetched while a worker runs, and nobody is told that it does. ``download.py`` is
# another process. The libraries look at these once, when they are imported.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
