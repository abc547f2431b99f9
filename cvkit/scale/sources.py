"""Images of which a part is read at a time: .npy files, TIFF, zarr and OME-Zarr."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cvkit.arrays import as_stored
from cvkit.decode import look, tiff
from cvkit.errors import CvkitError, LibraryMissing
from cvkit.io import explained, opened
from cvkit.scale.flat import Flat, open_npy

PIECE = 1 << 28  # bytes of a strip or tile that is unpacked as a whole


def find(source: Any, page: int | None, scratch: Path) -> Any:
    """Find what a part can be read of: a path's kind is known by what is there, an array is put into a file.

    Parameters
    ----------
    source : str, path-like or array
    page : int, optional
        Of a TIFF that holds several images.
    scratch : Path
        Where an array goes that is in no file.

    Returns
    -------
    source : object
        With ``shape`` (H, W) or (H, W, 3), ``dtype`` and ``read(rows, cols)``; it goes from process to process.

    Raises
    ------
    FileNotFoundError, OSError, ValueError
        If there is none, or it is no image of real numbers that can be read in parts.
    """
    if not isinstance(source, (str, os.PathLike)):
        return _in_memory(source, scratch)
    path = os.path.abspath(os.fsdecode(source))
    if Path(path).is_dir():
        return _checked(_zarr(path), path)
    with explained(path), opened(path) as file:
        head = file.read(8)
        if head[:6] == b"\x93NUMPY":
            return _checked(open_npy(path), path)
        if tiff.SIGNATURE.match(head):
            file.seek(0)
            return _checked(_tiff(path, file, page), path)
    remedy = "store it as a tiled TIFF, as zarr or .npy; or segment the whole with cvkit.segment(cvkit.read(...))"
    raise CvkitError("tiles-format", came="no part of it can be read without the rest", remedy=remedy, file=path)


@dataclass(frozen=True)
class Tiff:
    """A page of a TIFF, of which only the strips or tiles are unpacked that are asked for."""

    path: str
    page: int
    shape: tuple[int, ...]
    dtype: np.dtype

    def read(self, rows: slice, cols: slice) -> np.ndarray:
        """Read a part."""
        with explained(self.path), opened(self.path) as file:
            return tiff.read_part(tiff.page(file, self.page), rows, cols)


@dataclass(frozen=True)
class Zarr:
    """An array of zarr; ``pick`` says of which plane of it, with `...` for rows and columns."""

    path: str
    pick: tuple
    shape: tuple[int, ...]
    dtype: np.dtype

    def read(self, rows: slice, cols: slice) -> np.ndarray:
        """Read a part."""
        where = {"y": rows, "x": cols, "c": slice(None)}
        part = np.asarray(array(self.path)[tuple(where.get(axis, axis) for axis in self.pick)])
        order = [axis for axis in self.pick if axis in where]
        return np.ascontiguousarray(part.transpose([order.index(axis) for axis in "yxc" if axis in order]))


def library() -> Any:
    """The library zarr, or the line that installs it."""
    try:
        import zarr
    except ImportError:
        came, remedy = "zarr is not installed", "pip install 'cvkit[scale]'"
        raise LibraryMissing("library-missing", came=came, remedy=remedy) from None
    return zarr


def _in_memory(source: Any, scratch: Path) -> Flat:
    array = np.asarray(source)
    base = source if isinstance(source, np.memmap) and source.filename and source.flags.c_contiguous else None
    whole = base is not None and base.base is not None and not isinstance(base.base, np.ndarray)  # not a part of one
    if whole and base.mode != "c":  # what is changed in such a copy is not in the file
        return _checked(Flat(str(base.filename), base.offset, base.shape, base.dtype), "source")
    array = as_stored(array, "source")
    path = scratch / "source.npy"
    np.save(path, array, allow_pickle=False)
    return open_npy(str(path))


def _tiff(path: str, file: Any, page: int | None) -> Any:
    info = look(file, page)
    number = info.page if page is None else page
    if info.pages > 1 and page is None:
        came = f"it holds {info.pages} images"
        raise CvkitError("image-several", came=came, remedy=f"say which by page=0..{info.pages - 1}")
    frame = tiff.page(file, number)
    fault, remedy = None, "store it anew as a tiled TIFF, with zlib or without compression"
    if info.truncated:
        fault, remedy = "it is cut short", "copy or download it again"
    elif info.orientation != 1:
        fault, remedy = "it lies turned by its orientation tag", "store it upright"
    elif info.colour in ("palette", "cmyk"):
        fault = f"its colours are stored as {info.colour}"
    elif frame.compression != 1 and np.prod(frame.chunks, dtype=float) * frame.dtype.itemsize > PIECE:
        fault = "it is packed in pieces that are too large to unpack one by one"
    if fault:
        raise CvkitError("tiles-format", came=fault, remedy=remedy)
    tiff.check(frame)
    shape = (frame.imagelength, frame.imagewidth) + ((3,) if frame.samplesperpixel > 2 else ())
    plain = frame.is_contiguous and frame.axes != "SYX" and frame.photometric != 0 and frame.samplesperpixel in (1, 3)
    if plain and frame.compression == 1 and frame.fillorder == 1 and frame.dtype.kind != "b":
        return Flat(path, frame.dataoffsets[0], shape, frame.dtype.newbyteorder(frame.parent.byteorder))
    found = Tiff(path, number, shape, frame.dtype.newbyteorder("="))
    try:
        found.read(slice(0, 1), slice(0, 1))
    except CvkitError as error:
        if "imagecodecs" not in str(error):
            raise
        came, remedy = f"{frame.compression.name} in a TIFF needs imagecodecs", "pip install 'cvkit[scale]'"
        raise LibraryMissing("library-missing", came=came, remedy=remedy) from None
    return found


def _zarr(path: str) -> Zarr:
    zarr = library()
    try:
        node = zarr.open(path, mode="r")
    except (FileNotFoundError, ValueError, KeyError):
        remedy = "name the folder of a zarr array or an OME-Zarr image; a folder of images is for cvkit.run"
        raise CvkitError("tiles-format", came="it is a folder without a zarr array", remedy=remedy) from None
    if not hasattr(node, "shape"):
        node = node[_finest(node)]
        path = os.path.join(path, node.path)
    axes, named = node.ndim, getattr(node.metadata, "dimension_names", None)
    pick = ["c", "y", "x"] if axes == 3 and node.shape[0] == 3 and named != ("y", "x", "c") else ["y", "x", "c"]
    pick = {2: ["y", "x"], 3: pick}.get(axes, [0] * (axes - 3) + ["c", "y", "x"])
    sizes = dict(zip(pick, node.shape, strict=False))
    if sizes.get("c") == 1:
        pick[pick.index("c")] = 0
    elif sizes.get("c", 3) != 3 or any(size > 1 for size, axis in zip(node.shape, pick, strict=True) if axis == 0):
        came = f"an array of shape {node.shape} holds more than one image of 1 or 3 channels"
        raise CvkitError("image-several", came=came, remedy="store the image that is meant as an array of its own")
    shape = (sizes["y"], sizes["x"], *([3] if "c" in pick else []))
    return Zarr(path, tuple(pick), shape, node.dtype)


def _finest(group: Any) -> str:
    """The path of the largest level of an OME-Zarr image."""
    attributes = dict(group.attrs)
    scales = attributes.get("ome", attributes).get("multiscales")
    if not scales:
        remedy = "name the array in it, as in 'file.zarr/0'"
        raise CvkitError("tiles-format", came="it is a group of zarr, and no OME-Zarr image", remedy=remedy)
    return scales[0]["datasets"][0]["path"]


def _checked(source: Any, path: str) -> Any:
    """Refuse what is no image before any of it is read."""
    kind, shape = np.dtype(source.dtype).kind, source.shape
    if kind not in "buif" or not (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)) or 0 in shape:
        expected = "an image holds real numbers, with shape (H, W) or (H, W, 3)"
        raise CvkitError("tiles-format", expected, came=f"{source.dtype} of shape {shape}", file=path)
    return source


def array(path: str, mode: str = "r") -> Any:
    """An array of zarr."""
    return library().open_array(path, mode=mode)
