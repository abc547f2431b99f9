"""Read and write image files: one loader for every method, so that all see the same numbers.

PNG, JPEG, TIFF, BMP, WebP, GIF and PNM, known by their first bytes and not by their name. Nothing is rescaled: 8 bits
stay 8 bits, 16 stay 16, floats stay floats. A file that cannot be read whole is refused in words; there is no half
picture unless it is asked for.
"""

import contextlib
import errno
import importlib
import os
import re
import stat
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from cvkit.arrays import Classes, Image, Labels, Mask, Table, as_gray, as_labels, as_stored, is_mask, whole
from cvkit.decode import MAX_BYTES, MAX_PIXELS, Info, decode, look
from cvkit.encode import OBJECTS, encode, replace
from cvkit.errors import CvkitError, FileFault, FileMissing, WrongType

_RIGHTS = "file-permission", "ask its owner for the right, or copy it to a folder of yours"
_FAULTS = {
    **dict.fromkeys((errno.EACCES, errno.EPERM), _RIGHTS),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), ("disk-full", "make room, or write elsewhere")),
    errno.EROFS: ("disk-read-only", "write elsewhere"),
    errno.ELOOP: ("file-loop", "its symbolic links lead in a circle: name the file itself"),
    errno.ENAMETOOLONG: ("file-name", "choose a shorter name"),
    errno.ENOTDIR: ("file-name", "a part of its path is a file and no folder: check the path"),
    errno.EISDIR: ("file-folder", "name a file in it"),
}
_MISSING = "there is no such file", "check the path"
_NO_FOLDER = "its folder does not exist", "make it first"
_DAMAGED = "file-damaged", "the image is damaged or cut short", "copy or download it again"
_NOT_ENCODED = "image-encode", "the image cannot be encoded", "use .tif"


def read(
    path: str | PathLike,
    *,
    gray: bool = False,
    page: int | None = None,
    info: bool = False,
    allow_truncated: bool = False,
    max_pixels: int = MAX_PIXELS,
    max_bytes: int = MAX_BYTES,
) -> Image | tuple[Image, Info]:
    """Read an image file, values as they are stored.

    A photograph is turned upright by its orientation tag. A palette is replaced by its colours. Alpha is dropped, and
    the colours under it are kept as they are stored, not blended. CMYK becomes RGB. WebP has no grey, so a grey
    picture comes back from it as RGB; a GIF or BMP whose palette is grey comes back grey.

    Parameters
    ----------
    path : str or path-like
        A PNG, JPEG, TIFF, BMP, WebP, GIF, PBM, PGM, PPM or PFM file, whatever its name.
    gray : bool
        Turn RGB into luma as `cvkit.preprocess.gray` does.
    page : int, optional
        Which image of a file that holds several, from 0: a page of a TIFF, a picture of an animation or an MPO, one of
        several PGM behind each other. Thumbnails, gain and depth maps that a camera adds do not count.
    info : bool
        Give also what the file is and what was changed on the way.
    allow_truncated : bool
        Read what is there of an image that is cut short. What is missing is 0, or the grey that JPEG has for it.
    max_pixels : int
        Refuse a larger image before it takes any memory; that of an animation counts with all before it.
    max_bytes : int
        Refuse a larger file, unless it is a TIFF, of which only the parts are read that are needed.

    Returns
    -------
    image : (H, W) or (H, W, 3) array
        RGB; uint8, uint16, or any real dtype that a TIFF holds. bool for an image of 1 bit.
    info : cvkit.decode.info.Info
        Only if `info` is set.

    Raises
    ------
    FileNotFoundError, OSError
        If the file cannot be opened. All faults are `cvkit.errors.CvkitError`.
    ValueError
        If it is not an image of a supported format, is damaged or cut, is too large, or holds several images.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = write(f"{folder}/image.png", np.array([[0, 65535]], np.uint16))
    ...     image, what = read(file, info=True)
    >>> image
    array([[    0, 65535]], dtype=uint16)
    >>> what.format, what.bits, what.done
    ('PNG', 16, [])
    """
    whole(max_pixels, "max_pixels")
    whole(max_bytes, "max_bytes")
    if page is not None:
        whole(page, "page", 0)
    with explained(path), opened(path) as file:
        limits = {"max_pixels": max_pixels, "max_bytes": max_bytes}
        image, what = decode(file, page=page, indices=False, allow_truncated=allow_truncated, **limits)
        image = as_gray(image) if gray else image
    return (image, what) if info else image


def read_truth(path: str | PathLike, *, max_pixels: int = MAX_PIXELS, classes: bool = False) -> Mask | Labels | Classes:
    """Read a mask, labels or classes from an image file of one channel.

    What it is follows from the file: 1 bit, or 8 bits that are all 0 or 255, is a mask; other 8 bits are classes, also
    0 and 1; more bits are labels. RGB of three equal channels counts as one channel. An image with a palette of
    colours, as in PASCAL VOC, is classes: its indices.

    Parameters
    ----------
    path, max_pixels
        As for `read`.
    classes : bool
        Take 8 bits for classes even if all are 0 or 255, which is void then.

    Returns
    -------
    truth : (H, W) array
        bool for a mask, int32 for labels, uint8 for classes.

    Raises
    ------
    FileNotFoundError, OSError, ValueError
        As `read`, and if the image is in colour or its values are no labels.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_truth(write(f"{folder}/mask.png", np.array([[True, False]])))
    array([[ True, False]])
    """
    whole(max_pixels, "max_pixels")
    limits = {"max_pixels": max_pixels, "max_bytes": MAX_BYTES}
    with explained(path), opened(path) as file:
        truth, what = decode(file, page=None, indices=True, allow_truncated=False, **limits)
        if truth.ndim == 3 and (truth != truth[:, :, :1]).any():
            raise CvkitError(
                "truth-colour",
                came="a truth has one channel, or three that are equal, but this is an image in colour",
                remedy="store the number of the class or object of each pixel",
            )
        truth = np.ascontiguousarray(truth if truth.ndim == 2 else truth[:, :, 0])
        if truth.dtype == np.uint8 and not (classes or what.indexed) and np.isin(truth, (0, 255)).all():
            return truth != 0
        if truth.dtype.kind == "f":
            raise CvkitError(
                "truth-float",
                came=f"a truth holds whole numbers, but this is {truth.dtype}",
                remedy="store it as uint16 or int32",
            )
        return truth if is_mask(truth) or truth.dtype == np.uint8 else as_labels(truth, "truth")


def inspect(path: str | PathLike) -> Info:
    """Read the header of an image file; nothing is decoded.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    info : cvkit.decode.info.Info
        Format, size, depth, pages, and whether the image is cut short.

    Raises
    ------
    FileNotFoundError, OSError, ValueError
        As `read`.

    Examples
    --------
    >>> what = inspect("data/nuclei.png")
    >>> what.format, what.width, what.height, what.bits
    ('PNG', 360, 360, 8)
    """
    with explained(path), opened(path) as file:
        return look(file)


def write(path: str | PathLike, array: np.ndarray | Table, *, image: str | None = None) -> Path:
    """Write an image, a mask, labels, classes or a table; the name's ending says the format.

    A mask becomes 0 and 255, in a PNG of 1 bit. Labels become 16 bits, or 32 bits in a TIFF if there are more than
    65535 objects. All else keeps its dtype or is refused. JPEG (quality 95) is the one format that changes values. The
    file appears whole or not at all.

    Parameters
    ----------
    path : str or path-like
        Ends in ``.png``, ``.tif``, ``.tiff``, ``.bmp``, ``.webp``, ``.jpg`` or ``.jpeg``; or, for the objects of a mask
        or labels, in ``.csv`` (their measures), ``.geojson`` (for QuPath and QGIS), ``.json`` (COCO) or ``.zip``
        (ImageJ's regions of interest). An older file is replaced; if it is a symbolic link, what it leads to.
    array : (H, W) or (H, W, 3) array, or table
        RGB. PNG holds uint8 and uint16; TIFF every real dtype up to 64 bits, with NaN, infinity and whatever else it
        holds; BMP, WebP and JPEG uint8. A table goes into a ``.csv``.
    image : str, optional
        The file name of the image, for a COCO file; by default the name of this one without its ending.

    Returns
    -------
    path : Path
        The file written.

    Raises
    ------
    TypeError, ValueError
        If `array` is not an array of real numbers, the ending is unknown, or the format cannot hold the array.
    FileNotFoundError, OSError
        If the folder is missing, the disk is full...

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(f"{folder}/labels.png", np.array([[0, 300]], np.int32)).name
    'labels.png'
    """
    with explained(path, _NO_FOLDER, _NOT_ENCODED):
        target = Path(os.fsdecode(path))
        ending = target.suffix.lower()
        if ending in OBJECTS:
            objects = importlib.import_module("cvkit.encode_objects")
            replace(target, objects.encode_objects(array, ending, image or target.stem))
        else:
            replace(target, encode(as_stored(array, "array"), ending, is_mask(array)))
    return target


def write_bytes(path: str | PathLike, data: bytes) -> Path:
    """Put a file in its place whole or not at all, whatever it holds.

    Parameters
    ----------
    path : str or path-like
    data : bytes

    Returns
    -------
    path : Path
        As `write` gives it, and with its faults.
    """
    with explained(path, _NO_FOLDER):
        replace(Path(os.fsdecode(path)), data)
    return Path(os.fsdecode(path))


@contextlib.contextmanager
def explained(path: Any, missing: tuple = _MISSING, fallback: tuple = _DAMAGED) -> Iterator:
    """Give every fault inside the file's name and a sentence; none of OpenCV, Pillow or tifffile comes out bare."""
    if not isinstance(path, (str, PathLike)):
        raise WrongType("file-type", "`path` must be a str or a Path", came=type(path).__name__, remedy="name a file")
    if "\0" in os.fsdecode(path):
        raise CvkitError("file-name", came="a path cannot hold the character NUL", remedy="check the path", file=path)
    try:
        yield
    except CvkitError as fault:
        raise fault.of(path) from None
    except MemoryError:
        came = "the image needs more memory than there is"
        raise CvkitError("image-memory", came=came, remedy="free some, or use a smaller image", file=path) from None
    except Exception as fault:
        raise _sentence(fault, path, missing, fallback) from None


def _sentence(fault: Exception, path: Any, missing: tuple, fallback: tuple) -> CvkitError:
    if isinstance(fault, FileNotFoundError):
        found = FileMissing("file-missing", came=missing[0], remedy=missing[1], file=path)
    elif isinstance(fault, OSError) and fault.errno:  # those of Pillow have no number
        code, remedy = _FAULTS.get(fault.errno, ("file-fault", "check the disk and the path"))
        found = FileFault(code, came=fault.strerror, remedy=remedy, file=path)
    else:
        code, what, remedy = fallback
        return CvkitError(code, came=f"{what} ({' '.join(str(fault).split())})", remedy=remedy, file=path)
    found.errno = fault.errno
    return found


def opened(path: str | PathLike) -> BinaryIO:
    path = os.fsdecode(path)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path):
        raise CvkitError("file-address", came="cvkit reads files, not addresses", remedy="download it first")
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    if not stat.S_ISREG(mode):
        came = "it is no ordinary file but a pipe, a socket or a device"
        raise CvkitError("file-special", came=came, remedy="copy what it gives into a file first")
    return open(path, "rb")
