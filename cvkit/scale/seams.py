"""Objects of an image from those of its tiles: joined where they touch across a seam, and measured as the whole would.

A tile gives its runs to a file, and of each of its objects what adds up: pixels, first place, box, moments. What runs
along its four sides is enough to join them (union-find); no pixel is looked at twice.
"""

from itertools import pairwise
from typing import Any

import numpy as np

from cvkit.arrays import as_mask
from cvkit.classic.components.labelling import components, joined, touching
from cvkit.classic.components.moments import boxes, sums
from cvkit.classic.runs import Runs, paint
from cvkit.scale.rasters import Store

BOX = ("row0", "col0", "row1", "col1")
MOMENTS = ("y", "x", "yy", "xx", "yx")
MERGE = {"first": np.minimum, "area": np.add, "cut": np.logical_or}
MERGE |= dict(zip(BOX, (np.minimum, np.minimum, np.maximum, np.maximum), strict=True))
MERGE |= dict.fromkeys(MOMENTS, np.add)


def find_objects(mask: Any, store: Store, connectivity: int, wanted: frozenset, number: int) -> dict[str, np.ndarray]:
    """Find the connected components of a mask in one tile.

    Parameters
    ----------
    mask : raster
        Of booleans.
    store : Store
        Gets the runs of the tile, and what lies along its sides.
    connectivity : {4, 8}
    wanted : set of str
        ``"box"`` and ``"moments"``, besides what is always measured.
    number : int
        Of the tile.

    Returns
    -------
    columns : dict of arrays, one entry an object of the tile
        See `MERGE`; ``first`` is the place of the first pixel in the image, ``cut`` whether it meets the border.
    """
    rows, cols = store.tiles.place(number)
    found, count = components(as_mask(mask.read(rows, cols)), connectivity)
    store.keep(number, found)
    sides = np.zeros((4, store.tiles.side), np.int32)
    last = rows.stop - rows.start - 1
    for side, row in ((0, 0), (1, last)):
        some = found.row == row
        line = Runs(*(column[some] for column in found))
        paint(line._replace(row=np.zeros_like(line.row)), line.label, sides[side : side + 1])
    for side, some in ((2, found.start == 0), (3, found.stop == cols.stop - cols.start)):
        sides[side, found.row[some]] = found.label[some]
    np.save(store.folder / f"{number}-sides.npy", sides)
    height, width = store.tiles.shape
    row, start, stop = found.row + rows.start, found.start + cols.start, found.stop + cols.start
    return added_up(Runs(row, start, stop, found.label), count, height, width, wanted)


def added_up(found: Runs, count: int, height: int, width: int, wanted: frozenset) -> dict[str, np.ndarray]:
    """What is measured of each object and adds up, from its runs in an image of this size; see `MERGE`."""
    index, length = found.label.astype(np.int64) - 1, found.length
    first, cut = np.empty(count, np.int64), np.zeros(count, bool)
    first[index[::-1]] = (found.row * width + found.start)[::-1]  # what is written last is the first place
    cut[index[(found.row == 0) | (found.row == height - 1) | (found.start == 0) | (found.stop == width)]] = True
    columns = {"first": first, "area": sums(index, length, count).astype(np.int64), "cut": cut}
    if "box" in wanted:
        columns |= boxes(found, index, count)
    if "moments" in wanted:
        columns |= _moments(found, index, columns["area"])
    return columns


def _moments(found: Runs, index: np.ndarray, area: np.ndarray) -> dict[str, np.ndarray]:
    """Sums of the places of pixels, in whole numbers: taken within the tile, where floats hold them, then moved."""
    count, length = len(area), found.length
    top, left = found.row.min(initial=0), found.start.min(initial=0)
    row, start = found.row - top, found.start - left
    along = length * (2 * start + length - 1) // 2
    squares = length * start * start + start * length * (length - 1) + (length - 1) * length * (2 * length - 1) // 6
    y, x, yy, xx, yx = (
        sums(index, of, count).astype(np.int64)
        for of in (row * length, along, row * row * length, squares, row * along)
    )
    return {
        "y": y + top * area,
        "x": x + left * area,
        "yy": yy + 2 * top * y + top * top * area,
        "xx": xx + 2 * left * x + left * left * area,
        "yx": yx + top * x + left * y + top * left * area,
    }


def stitch(store: Store, parts: list[dict[str, np.ndarray]], connectivity: int) -> tuple[np.ndarray, dict]:
    """Join the objects of all tiles.

    Parameters
    ----------
    store : Store
    parts : list
        What `find_objects` gave for each tile, in order; it is emptied.
    connectivity : {4, 8}

    Returns
    -------
    index : (n,) int32 array
        For every object of every tile, one tile after the other, the object of the image that it is a part of,
        counted from 0 in the order in which rows meet them.
    columns : dict of arrays
        What is measured of these.
    """
    counts = [len(part["first"]) for part in parts]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    parts.clear()
    one, other = _pairs(store, np.cumsum([0, *counts[:-1]]), connectivity)
    involved, places = np.unique(np.concatenate([one, other]), return_inverse=True)
    root = np.arange(len(columns["first"]))
    root[involved] = involved[joined(len(involved), places[: len(one)], places[len(one) :])]
    whole = root == np.arange(len(root))
    rest = np.flatnonzero(~whole)
    into = (np.cumsum(whole) - 1)[root]
    for name, values in columns.items():
        columns[name] = values[whole]
        MERGE[name].at(columns[name], into[rest], values[rest])
    order = np.argsort(columns["first"])
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank[into], {name: values[order] for name, values in columns.items()}


def _pairs(store: Store, starts: np.ndarray, connectivity: int) -> tuple[np.ndarray, np.ndarray]:
    """The objects that touch across seams, counted from 0 through all tiles."""
    tiles, pairs, above = store.tiles, [np.zeros((2, 0), np.int64)], None
    for down in range(tiles.down):
        numbers = range(down * tiles.across, (down + 1) * tiles.across)
        sides = [np.load(store.folder / f"{number}-sides.npy").astype(np.int64) for number in numbers]
        sides = [np.where(side, side + start, 0) for side, start in zip(sides, starts[numbers], strict=True)]
        lines = np.concatenate(sides, axis=1)[:, : tiles.shape[1]]  # the last tile alone is narrower, or all are
        pairs += [_once(touching(one[3], other[2], connectivity)) for one, other in pairwise(sides)]
        if above is not None:
            pairs.append(_once(touching(above, lines[0], connectivity)))
        above = lines[1]
    return tuple(np.concatenate(pairs, axis=1) - 1)


def _once(pairs: np.ndarray) -> np.ndarray:
    """Each pair once: along a seam most follow their like."""
    if pairs.shape[1] == 0:
        return pairs
    new = np.append(True, (pairs[:, 1:] != pairs[:, :-1]).any(axis=0))
    return pairs[:, new]
