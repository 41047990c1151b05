"""The words of an order: what can be painted, and what a prompt means.

The backend uses it to name unknown words before anything is paid, the worker to paint the others.
It imports nothing heavy, and reading a prompt takes well below a millisecond.
"""

from words.colors import Color
from words.understanding import Subject, Understood, described, understand
from words.vocabulary import THINGS, Thing

__all__ = ["THINGS", "Color", "Subject", "Thing", "Understood", "described", "understand"]
