"""Answers as files: what they are called, how many objects they hold."""

from pathlib import Path

from cvkit.arrays import kind_of
from cvkit.io import explained, write

MOST = 65535  # objects that a PNG can number


def write_answer(stem: Path, answer) -> Path:
    """Write an answer as ``STEM-mask.png``, ``STEM-labels.png`` and so on, its folder made if it is not there.

    Parameters
    ----------
    stem : Path
    answer : array or table
        As a pipeline gives it.

    Returns
    -------
    path : Path
        Ends in ``.png``; ``.csv`` for a table; ``.tif`` for labels of more than 65535 objects.
    """
    kind = kind_of(answer)
    suffix = ".csv" if kind == "table" else ".tif" if kind == "labels" and answer.max() > MOST else ".png"
    path = stem.with_name(f"{stem.name}-{kind}{suffix}")
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    return write(path, answer)


def count(answer) -> int | None:
    """Count the objects of labels or of a table; a mask and classes tell none."""
    kind = kind_of(answer)
    if kind == "labels":
        return int(answer.max())
    return len(next(iter(answer.values()))) if kind == "table" else None
