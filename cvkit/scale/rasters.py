"""Images that are made where they are looked at: a part of one is computed from the parts of others that it needs.

What is found once and needed again, a mask or labels, is kept as runs, one file a tile: a thirtieth of the pixels.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cvkit.classic.runs import Runs, paint
from cvkit.scale.flat import open_npy

GRID = 64  # parts begin here, so that OpenCV meets each pixel at the same place of its registers as in the whole


@dataclass(frozen=True)
class Tiles:
    """Squares that cover an image, numbered row by row."""

    shape: tuple[int, int]
    side: int

    @property
    def down(self) -> int:
        """How many lie below each other."""
        return -(-self.shape[0] // self.side)

    @property
    def across(self) -> int:
        """How many lie beside each other."""
        return -(-self.shape[1] // self.side)

    def __len__(self) -> int:
        return self.down * self.across

    def place(self, number: int) -> tuple[slice, slice]:
        """The rows and columns of a tile."""
        starts = (self.side * at for at in divmod(number, self.across))
        return tuple(slice(at, min(at + self.side, most)) for at, most in zip(starts, self.shape, strict=True))

    def over(self, rows: slice, cols: slice) -> Iterator[int]:
        """The tiles that hold a pixel of these rows and columns, in order."""
        for down in range(rows.start // self.side, (rows.stop - 1) // self.side + 1):
            for across in range(cols.start // self.side, (cols.stop - 1) // self.side + 1):
                yield down * self.across + across


@dataclass(frozen=True)
class Made:
    """What a function makes of an image, looking so many pixels to each side."""

    image: Any
    make: Callable[[np.ndarray], np.ndarray]
    reach: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Height and width."""
        return self.image.shape[:2]

    def read(self, rows: slice, cols: slice) -> np.ndarray:
        """Compute a part."""
        seen = [widened(part, self.reach, most) for part, most in zip((rows, cols), self.shape, strict=True)]
        made = self.make(self.image.read(*seen))
        row, col = rows.start - seen[0].start, cols.start - seen[1].start
        return made[row : row + rows.stop - rows.start, col : col + cols.stop - cols.start]


@dataclass(frozen=True)
class Store:
    """A folder with the runs of each tile: row and columns within the tile, and the object's number there."""

    folder: Path
    tiles: Tiles

    def place(self, number: int) -> tuple[slice, slice]:
        """The rows and columns from which the runs of a tile are counted."""
        return self.tiles.place(number)

    def over(self, rows: slice, cols: slice) -> Iterator[int]:
        """The tiles whose runs may lie in these rows and columns."""
        return self.tiles.over(rows, cols)

    def keep(self, number: int, found: Runs) -> None:
        """Write the runs of a tile."""
        np.save(self.folder / f"{number}.npy", np.stack(found).astype(np.int32))

    def runs(self, number: int, rows: slice, cols: slice) -> Runs:
        """Read the runs of a tile, cut to some rows and columns of the image, and counted from these."""
        down, across = self.place(number)
        found = Runs(*np.load(self.folder / f"{number}.npy"))
        some = slice(*np.searchsorted(found.row, (rows.start - down.start, rows.stop - down.start)))
        row, start, stop, label = (column[some] for column in found)
        shift, most = across.start - cols.start, cols.stop - cols.start
        start, stop = np.maximum(start + shift, 0), np.minimum(stop + shift, most)
        inside = start < stop
        row = row.astype(np.int64) + (down.start - rows.start)
        return Runs(row[inside], start[inside], stop[inside], label[inside])


@dataclass(frozen=True)
class Painted:
    """An image of what is kept: each object in a value, on a ground.

    Parameters
    ----------
    store : Store
    values : Path, optional
        Of a .npy file that holds a value for each object of each tile; by default objects have their numbers.
    starts : (tiles,) array of int64
        Where in it those of each tile begin.
    ground : number
        The value of what is no object.
    dtype : dtype
    """

    store: Store
    values: Path | None
    starts: np.ndarray | None
    ground: int
    dtype: np.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Height and width."""
        return self.store.tiles.shape

    def read(self, rows: slice, cols: slice) -> np.ndarray:
        """Paint a part."""
        part = np.full((rows.stop - rows.start, cols.stop - cols.start), self.ground, self.dtype)
        for number in self.store.over(rows, cols):
            found = self.store.runs(number, rows, cols)
            value = found.label
            if self.values is not None and len(value):
                value = self._values(number, int(value.max()))[value - 1]
            shown = value != self.ground
            paint(Runs(*(column[shown] for column in found)), value[shown], part)
        return part

    def _values(self, number: int, most: int) -> np.ndarray:
        flat, start = open_npy(str(self.values)), int(self.starts[number])
        row = type(flat)(flat.path, flat.offset, (1, *flat.shape), flat.dtype)
        return row.read(slice(0, 1), slice(start, start + most))[0]


@dataclass(frozen=True)
class Apart:
    """The mask of a model that learnt the contacts of objects: their cores, grown back as far as a contact is wide.

    Parameters
    ----------
    codes : raster
        Of `cvkit.deep.decode.pixelwise`.
    cores : raster
        Their numbers in the whole image.
    """

    codes: Any
    cores: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """Height and width."""
        return self.codes.shape

    def read(self, rows: slice, cols: slice) -> np.ndarray:
        """Decide a part."""
        from cvkit.deep.decode import CONTACT_WIDTH, CORE, grow, parted

        seen = [widened(part, 2 * CONTACT_WIDTH, most) for part, most in zip((rows, cols), self.shape, strict=True)]
        codes = self.codes.read(*seen)
        mask = parted(grow(codes == CORE, codes > 0, self.cores.read(*seen)))
        row, col = rows.start - seen[0].start, cols.start - seen[1].start
        return mask[row : row + rows.stop - rows.start, col : col + cols.stop - cols.start]


def widened(part: slice, by: int, most: int) -> slice:
    """A slice widened to both sides and out to the grid, within 0..`most`."""
    if by == 0:
        return part
    return slice(max(0, (part.start - by) // GRID * GRID), min(most, -(-(part.stop + by) // GRID) * GRID))
