"""Share the rows of an image out to all cores."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import cv2

from cvkit.cores import cores

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


def bound_threads() -> None:
    """Hold OpenCV to as many threads as this process may use cores: it does not look at `OMP_NUM_THREADS` itself."""
    cv2.setNumThreads(cores())
