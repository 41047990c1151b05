"""Engines by name. Each has workers and queues of its own."""

# Its tasks go on the plan's queues, by their plain names.
DEFAULT_ENGINE = "stylenet"
# Those that draw only what ``words`` knows; all others draw what the words say.
DRAW_KNOWN_WORDS = frozenset({"stylenet"})
# What a picture was made with that an order can ask for, by engine; each has its own names.
DRAWN_WITH = {"diffusion": ("steps", "guidance", "scheduler", "negative_prompt")}
# Where a worker keeps what an interrupted training goes on from, under its output path. The backend
# deletes it when the training has ended.
CHECKPOINT = "checkpoints/last"
LONGEST_NAME = 30
# "image_generation.dead" is the queue of dead letters.
NAME_PATTERN = rf"(?!dead\b)[a-z][a-z0-9-]{{0,{LONGEST_NAME - 1}}}"
