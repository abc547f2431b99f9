"""Where the answer for an image goes tile by tile: .npy, TIFF, zarr and OME-Zarr. It appears whole or not at all."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cvkit.errors import CvkitError, FileMissing
from cvkit.scale.flat import Flat, make_npy
from cvkit.scale.sources import array, library

ENDINGS = (".npy", ".tif", ".tiff", ".zarr")
CHUNK = 1024  # pixels of the side of a chunk of zarr, or as many as divide a tile


@dataclass(frozen=True)
class Chunks:
    """An array of zarr that is there to be written to."""

    path: str

    def write(self, rows: slice, cols: slice, part: np.ndarray) -> None:
        """Write a part that begins and ends with chunks, or with the array."""
        array(self.path, "r+")[rows, cols] = part


@dataclass(frozen=True)
class Bytes:
    """A file of bytes in which True is 255."""

    flat: Flat

    def write(self, rows: slice, cols: slice, part: np.ndarray) -> None:
        """Write a part."""
        self.flat.write(rows, cols, part.view(np.uint8) * np.uint8(255))


def check(out: Path, kind: str | None) -> None:
    """Refuse a name that no answer of this kind can have, before any work is done."""
    endings = (".csv",) if kind == "table" else ENDINGS
    if out.suffix.lower() not in endings:
        expected = (
            f"the name of {'a table' if kind == 'table' else 'an answer'} must end in one of {', '.join(endings)}"
        )
        raise CvkitError("format-unknown", expected, came=out.name, remedy="rename it")
    if not out.parent.is_dir():
        raise FileMissing("folder-missing", came=f"there is no folder {out.parent}", remedy="make it first", file=out)
    if out.suffix.lower() == ".zarr":
        library()
        if out.exists() and not (out / "zarr.json").is_file():
            raise CvkitError("file-folder", came="it is there and is no zarr", remedy="choose another name", file=out)
    elif out.is_dir():
        raise CvkitError("file-folder", came="it is a folder", remedy="name a file in it", file=out)


@contextlib.contextmanager
def made(out: Path, scratch: Path, shape: tuple[int, int], dtype: np.dtype, side: int) -> Iterator[Any]:
    """Make room for an answer, give what it is written to, and put it into its place at the end.

    Parameters
    ----------
    out : Path
    scratch : Path
        A folder beside it.
    shape : (int, int)
    dtype : dtype
        bool, uint8 or int32.
    side : int
        Of a tile.
    """
    path = scratch / out.name
    if out.suffix.lower() == ".zarr":
        yield Chunks(_make_zarr(path, shape, dtype, side))
    elif out.suffix.lower() == ".npy":
        yield make_npy(str(path), shape, dtype)
    else:
        yield _make_tiff(str(path), shape, dtype)
    if out.is_dir():
        shutil.rmtree(out)
    os.replace(path, out)


def _make_tiff(path: str, shape: tuple[int, int], dtype: np.dtype) -> Any:
    import tifffile

    mask = dtype.kind == "b"
    stored = np.dtype(np.uint8) if mask else dtype
    tifffile.memmap(path, shape=shape, dtype=stored, photometric="minisblack", bigtiff=True, metadata=None)
    with tifffile.TiffFile(path) as file:
        flat = Flat(path, file.pages[0].dataoffsets[0], shape, stored)
    return Bytes(flat) if mask else flat


def _make_zarr(path: Path, shape: tuple[int, int], dtype: np.dtype, side: int) -> str:
    """An array; or, where the name ends in .ome.zarr, an image of OME-Zarr with this one level."""
    zarr, inner = library(), path
    chunk = next(chunk for chunk in range(min(CHUNK, side), 0, -1) if side % chunk == 0)
    if path.name.lower().endswith(".ome.zarr"):
        axes = [{"name": axis, "type": "space"} for axis in "yx"]
        scale = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1.0, 1.0]}]}
        ome = {"version": "0.5", "multiscales": [{"name": path.stem, "axes": axes, "datasets": [scale]}]}
        zarr.create_group(path, attributes={"ome": ome})
        inner = path / "0"
    kind = {"chunks": (chunk, chunk), "dimension_names": ["y", "x"]}
    zarr.create_array(inner, shape=shape, dtype=dtype, fill_value=0, zarr_format=3, **kind)
    return str(inner)
