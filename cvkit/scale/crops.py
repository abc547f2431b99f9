"""What must be seen whole to be parted or measured: each object is looked at by the tile in which it begins.

That tile looks at a crop that holds all objects which begin in it, whatever tiles they reach into.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cvkit.classic.components import regions, split
from cvkit.classic.runs import Runs, runs
from cvkit.errors import CvkitError
from cvkit.scale.objects import Objects
from cvkit.scale.rasters import Store, widened
from cvkit.scale.seams import added_up

MARGIN = 16  # pixels about an object that have a say in how it is parted: the blur of distances, and these


@dataclass(frozen=True)
class Crops(Store):
    """A folder with the runs of the objects that begin in each tile, and in ``owner.npy`` where each one begins.

    Attributes
    ----------
    boxes : (tiles, 4) int64 array
        The crop of each tile, row0, col0, row1, col1; without pixels where nothing begins.
    """

    boxes: np.ndarray

    def place(self, number: int) -> tuple[slice, slice]:
        """The rows and columns of a crop."""
        row0, col0, row1, col1 = self.boxes[number].tolist()
        return slice(row0, row1), slice(col0, col1)

    def over(self, rows: slice, cols: slice) -> Iterator[int]:
        """The tiles whose crops hold a pixel of these rows and columns."""
        row0, col0, row1, col1 = self.boxes.T
        seen = (row0 < rows.stop) & (row1 > rows.start) & (col0 < cols.stop) & (col1 > cols.start)
        return iter(np.flatnonzero(seen).tolist())

    def begin_in(self, labels: np.ndarray, number: int) -> np.ndarray:
        """Tell which of the objects with these labels begin in a tile."""
        return np.load(self.folder / "owner.npy", mmap_mode="r")[labels - 1] == number


def crops(objects: Objects, folder: Path, why: str) -> Crops:
    """Find the crops of all tiles; refuse an object that is larger than a tile, for memory is set by that.

    Parameters
    ----------
    objects : Objects
        With their boxes.
    folder : Path
    why : str
        The step or the column that needs objects whole.
    """
    tiles, columns = objects.store.tiles, {name: values[objects.keep] for name, values in objects.columns.items()}
    box = np.stack([columns[name] for name in ("row0", "col0", "row1", "col1")])
    size = (box[2:] - box[:2]).max(axis=0, initial=0)
    if (size > tiles.side).any():
        row0, col0, row1, col1 = box[:, size.argmax()].tolist()
        came = f"{why} needs objects whole, and one of {row1 - row0} x {col1 - col0} pixels begins at ({row0}, {col0})"
        remedy = f"give `tile` more than {tiles.side}, or leave such objects out before: remove_large, opening"
        raise CvkitError("tiles-object", came=came, remedy=remedy)
    row, col = np.divmod(columns["first"], tiles.shape[1])
    owner = row // tiles.side * tiles.across + col // tiles.side
    np.save(folder / "owner.npy", owner.astype(np.int32))
    boxes = np.zeros((len(tiles), 4), np.int64)
    boxes[:, :2] = max(tiles.shape)
    for side in range(4):
        (np.minimum if side < 2 else np.maximum).at(boxes[:, side], owner, box[side])
    for number in np.unique(owner).tolist():
        row0, col0, row1, col1 = boxes[number].tolist()
        rows, cols = (
            widened(slice(row0, row1), MARGIN, tiles.shape[0]),
            widened(slice(col0, col1), MARGIN, tiles.shape[1]),
        )
        boxes[number] = rows.start, cols.start, rows.stop, cols.stop
    return Crops(folder, tiles, boxes)


def split_objects(labels: Any, store: Crops, how: dict, wanted: frozenset, number: int) -> dict[str, np.ndarray]:
    """Part the objects that begin in a tile; their parts' runs are kept, and what is measured of them is given."""
    rows, cols = store.place(number)
    if rows.start >= rows.stop:
        found, count = Runs(*(np.zeros(0, np.int64) for _ in Runs._fields)), 0
    else:
        seen = labels.read(rows, cols)
        found = runs(split(seen > 0, **how))
        mine = store.begin_in(seen[found.row, found.start], number)
        row, start, stop, label = (column[mine] for column in found)
        known, label = np.unique(label, return_inverse=True)
        found, count = Runs(row, start, stop, label + 1), len(known)
    store.keep(number, found)
    moved = Runs(found.row + rows.start, found.start + cols.start, found.stop + cols.start, found.label)
    return added_up(moved, count, *store.tiles.shape, wanted)


def measure_objects(labels: Any, store: Crops, names: list[str], number: int) -> tuple[np.ndarray, dict]:
    """Measure the objects that begin in a tile: their labels, and columns of a table."""
    rows, cols = store.place(number)
    if rows.start >= rows.stop:
        table = regions(np.zeros((1, 1), np.int32), columns=["label", *names])
        return table.pop("label"), table
    table = regions(labels.read(rows, cols), columns=["label", *names])
    mine = store.begin_in(table["label"], number)
    return table.pop("label")[mine], {name: values[mine] for name, values in table.items()}


def ordered(parts: list[dict[str, np.ndarray]]) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Number the objects of all tiles, none of which is shared, in the order in which rows meet them.

    Returns
    -------
    starts, columns, index
        As of `cvkit.scale.objects.Objects`.
    """
    starts = np.cumsum([0, *(len(part["first"]) for part in parts)])[:-1]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(columns["first"])
    index = np.empty(len(order), np.int32)
    index[order] = np.arange(len(order), dtype=np.int32)
    return starts, {name: values[order] for name, values in columns.items()}, index
