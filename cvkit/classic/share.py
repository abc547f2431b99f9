"""Share the rows of an image out to all cores."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

ALONE = 1 << 22  # pixels up to which threads cost more than they bring: it takes milliseconds until they are spread
Result = TypeVar("Result")


def share(work: Callable[[int, int], Result], height: int, width: int) -> list[Result]:
    """Call `work(first, last)` for bands of rows that follow one another, at the same time; give what it returns.

    Examples
    --------
    >>> share(lambda first, last: last - first, 5, 3)
    [5]
    """
    many = min(cores(), height) if height * width > ALONE else 1
    ends = [height * place // many for place in range(many + 1)]
    if many == 1:
        return [work(0, height)]
    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(work, ends[:-1], ends[1:]))


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
