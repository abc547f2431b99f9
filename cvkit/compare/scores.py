"""The scores that `evaluate` may be asked for by name: every function of (truth, prediction) in four files.

What a score is fed follows from its annotation: `Mask`, `Labels` or `Classes`. Adding a function to one of the files
is all that a new score needs.
"""

import difflib
import importlib
import inspect
import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

from cvkit import registry
from cvkit.errors import CvkitError

FILES = ("metrics", "objects", "borders", "documents")
BEST_IS_LOW = ("seconds", "memory", "drd", "hausdorff95", "count_error")


class Score(NamedTuple):
    """A function of (truth, prediction) and the kind of array that it takes."""

    call: Callable
    kind: str


@lru_cache(maxsize=1)
def scores() -> dict[str, Score]:
    """Every score by its name.

    Examples
    --------
    >>> {name: score.kind for name, score in scores().items() if name in ("dice", "panoptic_quality", "mean_iou")}
    {'dice': 'mask', 'mean_iou': 'classes', 'panoptic_quality': 'labels'}
    """
    found = {}
    for file in FILES:
        module = importlib.import_module(f"cvkit.compare.{file}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("_") or function.__module__ != module.__name__:
                continue
            entry = registry.of_callable(function)
            names = list(inspect.signature(function).parameters)
            if names[:2] == ["truth", "prediction"] and inspect.signature(function).return_annotation is float:
                found[name] = Score(function, entry.takes[0])
    return found


def score(name: str) -> Score:
    """Find a score by its name; ``ap75`` is the average precision at an IoU of .75, ``f1_75`` the F1 of objects.

    Examples
    --------
    >>> score("ap75").kind
    'labels'
    >>> score("dise")
    Traceback (most recent call last):
    cvkit.errors.CvkitError: no score is called 'dise'; did you mean 'dice'.
    """
    if at := re.fullmatch(r"(ap|f1_)([5-9]\d)", name):
        base = {"ap": "average_precision", "f1_": "object_f1"}[at[1]]
        return Score(partial(scores()[base].call, iou=int(at[2]) / 100), "labels")
    if name not in scores():
        near = difflib.get_close_matches(str(name), scores(), n=1)
        hint = f"did you mean {near[0]!r}" if near else f"known: {', '.join(scores())}, ap50 to ap99"
        raise CvkitError("score-unknown", came=f"no score is called {name!r}", remedy=hint)
    return scores()[name]
