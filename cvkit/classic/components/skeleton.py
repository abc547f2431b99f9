"""Thin objects to lines: the parallel algorithm of Zhang and Suen, for 64 pixels at a time.

T. Y. Zhang, C. Y. Suen, Communications of the ACM 27(3), 1984. doi:10.1145/357994.358023
"""

import cv2
import numpy as np

from cvkit.arrays import Mask, as_mask, one_of
from cvkit.classic.components.bits import SIZE, WORD, pack, unpack
from cvkit.reach import reach

CHUNK = 8192  # words that are worked on at a time, so that all that is derived from them stays in the cache
ONE, TOP = WORD.type(1), WORD.type(SIZE - 1)


@reach("it thins on from pixel to pixel through the whole object")
def skeleton(mask: Mask, *, compat: str = "skimage") -> Mask:
    """Thin objects to lines one pixel wide that keep how they hang together.

    Parameters
    ----------
    mask : (H, W) array
    compat : {"skimage", "opencv"}
        Bit for bit ``skimage.morphology.skeletonize``, or the algorithm as published, which is OpenCV's
        ``ximgproc.thinning``.

    Returns
    -------
    mask : (H, W) bool array
        A subset of the mask, with as many 8-connected objects and as many holes.

    Notes
    -----
    As published, blocks of 2 x 2 pixels vanish, slanted lines two pixels wide wear off from their ends, and staircases
    keep their corners. scikit-image decides otherwise about 25 of the 256 neighbourhoods, and so do we.

    Examples
    --------
    >>> skeleton(np.ones((3, 7), bool)).astype(int)
    array([[0, 0, 0, 0, 0, 1, 0],
           [1, 1, 1, 1, 1, 0, 0],
           [0, 0, 0, 0, 0, 0, 0]])
    """
    one_of(compat, "compat", ("skimage", "opencv"))
    mask = as_mask(mask)
    words = pack(mask, spare=SIZE)  # a word of nothing beside every row
    wake = words != 0
    before = wake
    second = False
    while wake.any():
        # A neighbourhood that has not changed since this half of the round last saw it would decide the same again.
        places = np.flatnonzero(wake)
        gone = [
            _half(words, places[start : start + CHUNK], second, compat == "opencv")
            for start in range(0, len(places), CHUNK)
        ]
        gone = np.concatenate(gone)
        words.reshape(-1)[places] ^= gone
        changed = np.zeros_like(wake)
        changed.reshape(-1)[places] = gone != 0
        wake = cv2.dilate((changed | before).view(np.uint8), np.ones((3, 3), np.uint8)).view(bool) & (words != 0)
        before, second = changed, not second
    return unpack(words[1:-1], mask.shape[1])


def _half(words: np.ndarray, places: np.ndarray, second: bool, published: bool) -> np.ndarray:
    """What goes in one half of a round, for some words."""
    flat, width = words.reshape(-1), words.shape[1]
    rows = []
    for step in (-width, 0, width):
        here, west, east = (flat.take(places + (step + side)) for side in (0, -1, 1))
        west >>= TOP
        west |= here << ONE
        east <<= TOP
        east |= here >> ONE
        rows.append((west, here, east))
    (nw, n, ne), (w, here, e), (sw, s, se) = rows
    circle = [n, ne, e, se, s, sw, w, nw]
    if second:  # the same from the other side
        circle = circle[4:] + circle[:4]
    gone = _removable(*circle)
    if not published:
        gone &= ~_ends(*circle, second)
        gone |= _corners(*circle, second)
    gone &= here
    return gone


def _removable(n, ne, e, se, s, sw, w, nw):
    """Neighbours that are one unbroken stretch of 2 to 6, at the south or east of the object or around a corner."""
    # In each quarter of the circle (a, corner, b) there is at most one step from 0 to 1: corner ? not a : b.
    first, second, third, fourth = (
        b ^ (corner & ~(a ^ b)) for a, corner, b in ((n, ne, e), (e, se, s), (s, sw, w), (w, nw, n))
    )
    one = first ^ second ^ third ^ fourth
    one &= ~((first & second) | (third & fourth))
    one &= (n & (nw | ne)) | (e & (ne | se)) | (s & (se | sw)) | (w & (sw | nw))  # two pixels at least
    # What else is asked for leaves to seven pixels only a side to miss, which stands between two corners.
    one &= ~((e & s & (n | w)) | (se & ((ne & ~e) | (sw & ~s))))
    return one


def _corners(n, ne, e, se, s, sw, w, nw, second):
    """Corners of staircases, whose two neighbours touch each other without them."""
    found = n & e & ~(ne | s | w | sw)
    found |= e & s & ~(n | w | ne | sw | nw)
    found |= n & w & ~(nw | e | s | (sw & ~ne) if second else nw | e | s)
    found |= s & w & ~(sw | n | e | ne)
    return found & ~se


def _ends(n, ne, e, se, s, sw, w, nw, second):
    """Ends of lines two pixels wide, of which one half of a round must leave something to the other."""
    found = se & (e | s) & ~(w | nw | sw)
    found |= sw & (s | w) & ~(e | se | nw)
    found &= ~(n | ne)
    return found | (nw & (n ^ w) & (n if second else w) & ~(ne | e | se | s | sw))
