"""Cases of classic.py: methods of several steps, most of them for documents, at their defaults or windows of 51."""

from collections.abc import Callable, Iterator

import numpy as np
from classic_local import WINDOW, dark, doxa
from skimage import filters

HERE = {"su": {}, "gatos": {"window": WINDOW}, "isauvola": {"window": WINDOW}, "multiscale_sauvola": {"window": WINDOW}}


def cases(scenes: dict[str, np.ndarray]) -> Iterator[tuple[str, Callable, dict[str, Callable]]]:
    """Give every operation with what peers do of the same kind; borders and rounding differ."""
    page = scenes["page"]
    for name, given in HERE.items():
        peers = doxa(page, name, {**given, "glyph": WINDOW // 2})
        yield name, lambda name=name, given=given: dark(page, name, **given), peers
    if len(page) <= 2048:  # a minute and more on 8192 x 8192
        yield "howe", lambda: dark(page, "howe"), {}
    if len(page) <= 512:
        peers = {"skimage": lambda: filters.rank.otsu(page, np.ones((WINDOW, WINDOW))) > page}
        yield "local_otsu", lambda: dark(page, "local_otsu", window=WINDOW), peers
