"""Arrays that lie unpacked in a file, row after row: any part is read and written in its place, and mapped nowhere.

What is mapped into memory counts as memory of the process while it is there; what is read and written does not.
"""

from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from cvkit.errors import CvkitError

AGAIN = "save an array of numbers in the order of rows by numpy.save"


@dataclass(frozen=True)
class Flat:
    """An array (H, W) or (H, W, C) in a file.

    Parameters
    ----------
    path : str
    offset : int
        Bytes before the first value.
    shape : tuple of int
    dtype : dtype
        With its byte order.
    """

    path: str
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype

    def read(self, rows: slice, cols: slice) -> np.ndarray:
        """Read a part, in the machine's byte order."""
        part = np.empty((rows.stop - rows.start, cols.stop - cols.start, *self.shape[2:]), self.dtype)
        with open(self.path, "rb", buffering=0) as file:
            for place, row in self._stretches(rows, cols, part):
                file.seek(place)
                _whole(file.readinto, row, self.path)
        return part.astype(part.dtype.newbyteorder("="), copy=False)

    def write(self, rows: slice, cols: slice, part: np.ndarray) -> None:
        """Write a part."""
        part = np.ascontiguousarray(part, self.dtype)
        with open(self.path, "r+b", buffering=0) as file:
            for place, row in self._stretches(rows, cols, part):
                file.seek(place)
                _whole(file.write, row, self.path)

    def _stretches(self, rows: slice, cols: slice, part: np.ndarray):
        """The places in the file and the bytes of a part that follow one another there."""
        pixel = prod(self.shape[2:]) * self.dtype.itemsize
        start = self.offset + (rows.start * self.shape[1] + cols.start) * pixel
        if part.shape[1] == self.shape[1]:
            part = part.reshape(1, -1)
        for number, row in enumerate(part):
            yield start + number * self.shape[1] * pixel, memoryview(row.reshape(-1).view(np.uint8))


def open_npy(path: str) -> Flat:
    """Find the array in a .npy file; an array of objects is refused, for nothing is unpickled."""
    with open(path, "rb") as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(file)
        if fortran and len(shape) > 1:
            came = "its columns lie behind each other, not its rows"
            raise CvkitError("npy-order", came=came, remedy=AGAIN, file=path)
        flat = Flat(path, file.tell(), shape, dtype)
    if flat.dtype.hasobject:
        raise CvkitError("npy-objects", came="it holds objects, not numbers", remedy=AGAIN, file=path)
    if Path(path).stat().st_size < flat.offset + prod(shape) * dtype.itemsize:
        raise CvkitError("file-truncated", came="it is cut short", remedy="copy it anew", file=path)
    return flat


def make_npy(path: str, shape: tuple[int, ...], dtype: np.dtype) -> Flat:
    """Make a .npy file of zeros; on most systems it takes room on the disk only as it is written."""
    with open(path, "wb") as file:
        header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_2_0(file, header)
        flat = Flat(path, file.tell(), shape, np.dtype(dtype))
        file.truncate(flat.offset + prod(shape) * flat.dtype.itemsize)
    return flat


def _whole(step, row: memoryview, path: str) -> None:
    """Read or write all of it: the system may do so piece by piece."""
    while len(row):
        done = step(row)
        if not done:
            raise EOFError(f"{path} is cut short")
        row = row[done:]
