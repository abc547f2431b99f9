"""Read and write image files: one loader for every method, so that all see the same numbers.

PNG, JPEG, TIFF, BMP and WebP, known by their first bytes and not by their name. Nothing is rescaled: 8 bits stay 8
bits, 16 stay 16, floats stay floats. A file that cannot be read whole is refused in words; there is no half picture.
"""

import contextlib
import errno
import io
import os
import re
import secrets
import stat
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np

from cvkit.arrays import Classes, Image, Labels, Mask, as_gray, as_image, as_labels, is_mask, whole
from cvkit.decode import DAMAGED, Refused, decode

MAX_PIXELS = 100_000_000

_TIFF = "uint8 uint16 uint32 uint64 int8 int16 int32 int64 float16 float32 float64"
_HOLDS = {".png": "uint8 uint16", ".tif": _TIFF, ".tiff": _TIFF}
_HOLDS |= dict.fromkeys((".bmp", ".webp", ".jpg", ".jpeg"), "uint8")
_LONGEST = {".webp": 16383, ".jpg": 65500, ".jpeg": 65500}


def read(path: str | PathLike, *, gray: bool = False, page: int | None = None, max_pixels: int = MAX_PIXELS) -> Image:
    """Read an image file, values as they are stored.

    A photograph is turned upright by its orientation tag. A palette is replaced by its colours. Alpha is dropped, and
    the colours under it are kept as they are stored, not blended. CMYK becomes RGB. WebP has no grey, so a grey
    picture comes back from it as RGB.

    Parameters
    ----------
    path : str or path-like
        A PNG, JPEG, TIFF, BMP or WebP file, whatever its name.
    gray : bool
        Turn RGB into luma as `cvkit.preprocess.gray` does.
    page : int, optional
        Which image of a file that holds several, from 0.
    max_pixels : int
        Refuse a larger image before it takes any memory.

    Returns
    -------
    image : (H, W) or (H, W, 3) array
        RGB; uint8, uint16, or any real dtype that a TIFF holds. bool for an image of 1 bit.

    Raises
    ------
    FileNotFoundError, OSError
        If the file cannot be opened.
    ValueError
        If it is not an image of a supported format, is damaged or cut, is too large, or holds several images.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = write(f"{folder}/image.png", np.array([[0, 65535]], np.uint16))
    ...     read(file)
    array([[    0, 65535]], dtype=uint16)
    """
    with _explained(path):
        image, _ = _read(path, page, max_pixels, indices=False)
        return as_gray(image) if gray else image


def read_truth(path: str | PathLike, *, max_pixels: int = MAX_PIXELS) -> Mask | Labels | Classes:
    """Read a mask, labels or classes from an image file of one channel.

    What it is follows from the file: 1 bit, or 8 bits that are all 0 or 255, is a mask; other 8 bits are classes, also
    0 and 1; more bits are labels. RGB of three equal channels counts as one channel. An image with a palette of
    colours, as in PASCAL VOC, is classes: its indices.

    Parameters
    ----------
    path : str or path-like
    max_pixels : int
        As for `read`.

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
    with _explained(path):
        truth, indexed = _read(path, None, max_pixels, indices=True)
        if truth.ndim == 3 and (truth != truth[:, :, :1]).any():
            raise Refused(
                "a truth has one channel, or three that are equal, but this is an image in colour; "
                "store the number of the class or object of each pixel"
            )
        truth = np.ascontiguousarray(truth if truth.ndim == 2 else truth[:, :, 0])
        if truth.dtype == np.uint8 and not indexed and np.isin(truth, (0, 255)).all():
            return truth != 0
        if truth.dtype.kind == "f":
            raise Refused(f"a truth holds whole numbers, but this is {truth.dtype}; store it as uint16 or int32")
        return truth if is_mask(truth) or truth.dtype == np.uint8 else as_labels(truth, "truth")


def write(path: str | PathLike, array: np.ndarray) -> Path:
    """Write an image, a mask, labels or classes; the name's ending says the format.

    A mask becomes 0 and 255. Labels become 16 bits, or 32 bits in a TIFF if there are more than 65535 objects. All
    else keeps its dtype or is refused. JPEG (quality 95) is the one format that changes values. The file appears
    whole or not at all.

    Parameters
    ----------
    path : str or path-like
        Ends in ``.png``, ``.tif``, ``.tiff``, ``.bmp``, ``.webp``, ``.jpg`` or ``.jpeg``. An older file is replaced.
    array : (H, W) or (H, W, 3) array
        RGB. PNG holds uint8 and uint16; TIFF every real dtype; BMP, WebP and JPEG uint8.

    Returns
    -------
    path : Path
        The file written.

    Raises
    ------
    TypeError
        If `array` is not an array of real numbers.
    FileNotFoundError, OSError
        If the folder is missing, the disk is full...
    ValueError
        If the ending is unknown, or the format cannot hold the array.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(f"{folder}/labels.png", np.array([[0, 300]], np.int32)).name
    'labels.png'
    """
    with _explained(path, "its folder does not exist; make it first", "the image cannot be encoded; use .tif"):
        target = Path(os.fsdecode(path))
        suffix = target.suffix.lower()
        if suffix not in _HOLDS:
            raise Refused(f"the name must end in one of {', '.join(_HOLDS)}, got {_shown(suffix) or 'no ending'}")
        _replace(target, _encode(as_image(array, "array"), suffix, is_mask(array)))
    return target


def _shown(path: Any) -> str:
    # Control characters would act on the terminal, and lone surrogates cannot be printed at all.
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in os.fsdecode(path))


@contextlib.contextmanager
def _explained(path: Any, missing: str = "there is no such file; check the path", fallback: str = DAMAGED) -> Iterator:
    """Give every fault inside the file's name and a sentence; none of OpenCV, Pillow or tifffile comes out bare."""
    if not isinstance(path, (str, PathLike)):
        raise TypeError(f"`path` must be a str or a Path, got {type(path).__name__}.")
    name = _shown(path)
    if "\0" in os.fsdecode(path):
        raise ValueError(f"{name}: a path cannot hold the character NUL.")
    try:
        yield
    except Refused as fault:
        raise ValueError(f"{name}: {fault}.") from None
    except MemoryError:
        raise ValueError(f"{name}: the image needs more memory than there is.") from None
    except Exception as fault:
        if isinstance(fault, OSError) and fault.errno:  # those of Pillow have no number
            reason = missing if isinstance(fault, FileNotFoundError) else fault.strerror
            raise type(fault)(f"{name}: {reason}.") from None
        if str(fault).startswith("`"):  # from cvkit.arrays, a sentence already
            raise type(fault)(f"{name}: {fault}") from None
        raise ValueError(f"{name}: {fallback} ({_shown(' '.join(str(fault).split()))}).") from None


def _read(path: Any, page: int | None, max_pixels: int, indices: bool) -> tuple[np.ndarray, bool]:
    """Give the image, and whether its values are the indices of a palette, which they are only if `indices` asks."""
    whole(max_pixels, "max_pixels")
    whole(page or 0, "page", 0)
    with _open(os.fsdecode(path)) as file:
        return decode(file, page, max_pixels, indices)


def _open(path: str) -> BinaryIO:
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path):
        raise Refused("cvkit reads files, not addresses; download it first")
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder; name a file in it")
    if not stat.S_ISREG(mode):
        raise Refused("it is no ordinary file but a pipe, a socket or a device; copy what it gives into a file first")
    return open(path, "rb")


def _encode(image: np.ndarray, suffix: str, mask: bool) -> bytes:
    """Give the bytes of the file."""
    labels = image.dtype == np.int32 and image.ndim == 2
    if (mask or labels) and suffix in (".jpg", ".jpeg"):
        raise Refused("JPEG smears the borders of a mask and the numbers of labels; use .png")
    if mask:
        image = image * np.uint8(255)
    elif labels and image.min() >= 0 and image.max() <= 65535:
        image = image.astype(np.uint16)
    if str(image.dtype) not in _HOLDS[suffix].split():
        works = " or ".join(ending for ending in (".png", ".tif") if str(image.dtype) in _HOLDS[ending].split())
        advice = f"use {works}" if works else "convert it with array.astype"
        raise Refused(f"{suffix} holds {_HOLDS[suffix]}, not {image.dtype}; {advice}")
    if max(image.shape) > (longest := _LONGEST.get(suffix, 2**31)):
        raise Refused(f"{suffix} holds at most {longest} rows and columns, but the shape is {image.shape}; use .png")
    if suffix in (".tif", ".tiff"):
        import tifffile

        colours, buffer = "rgb" if image.ndim == 3 else "minisblack", io.BytesIO()
        tifffile.imwrite(buffer, image, photometric=colours, compression="zlib", metadata=None, software=False)
        return buffer.getvalue()
    options = [cv2.IMWRITE_WEBP_QUALITY, 101] if suffix == ".webp" else []  # above 100 is lossless
    _, data = cv2.imencode(suffix, np.ascontiguousarray(image if image.ndim == 2 else image[:, :, ::-1]), options)
    return data.tobytes()


def _replace(target: Path, data: bytes) -> None:
    """Write beside the target and rename, so that nobody ever sees half a file."""
    target = Path(os.path.realpath(target))
    if target.exists() and not target.is_file():
        raise Refused("it is there already and is no file; choose another name")
    beside = target.with_name(f".cvkit-{secrets.token_hex(8)}")
    try:
        with open(beside, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)
