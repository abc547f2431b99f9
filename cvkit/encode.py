"""Encode an array as an image file, and put files in place whole or not at all. `cvkit.io.write` is the way in."""

import errno
import io
import os
import secrets
import shutil
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np

from cvkit.errors import CvkitError

_TIFF = "uint8 uint16 uint32 uint64 int8 int16 int32 int64 float16 float32 float64"
_HOLDS = {".png": "uint8 uint16", ".tif": _TIFF, ".tiff": _TIFF}
_HOLDS |= dict.fromkeys((".bmp", ".webp", ".jpg", ".jpeg"), "uint8")
OBJECTS = (".csv", ".json", ".geojson", ".zip")  # of `cvkit.encode_objects`
_LONGEST = {".png": 1_000_000, ".bmp": 1 << 20, ".webp": 16383, ".jpg": 65500, ".jpeg": 65500}  # as libraries read it


def encode(image: np.ndarray, suffix: str, mask: bool) -> bytes:
    """Give the bytes of the file.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    suffix : str
        ``.png`` and the like.
    mask : bool
        Whether its values 0 and 1 mean False and True.

    Returns
    -------
    data : bytes

    Raises
    ------
    CvkitError
        If there is no such format, or it cannot hold the image.
    """
    if suffix not in _HOLDS:
        expected = f"the name must end in one of {', '.join(_HOLDS)}, or for objects {', '.join(OBJECTS)}"
        raise CvkitError("format-unknown", expected, came=suffix or "no ending", remedy="rename it")
    labels = image.dtype == np.int32 and image.ndim == 2
    if (mask or labels) and suffix in (".jpg", ".jpeg"):
        came = "JPEG smears the borders of a mask and the numbers of labels"
        raise CvkitError("format-lossy", came=came, remedy="use .png")
    if max(image.shape) > (longest := _LONGEST.get(suffix, image.size)):
        came = f"{suffix} holds at most {longest} rows and columns, but the shape is {image.shape}"
        raise CvkitError("format-size", came=came, remedy="use .tif")
    if mask and suffix == ".png":
        return _encode_bits(image)
    if mask:
        image = image * np.uint8(255)
    elif labels and image.min() >= 0 and image.max() <= 65535:
        image = image.astype(np.uint16)
    _check(image, suffix)
    if suffix in (".tif", ".tiff"):
        import tifffile

        colours, buffer = "rgb" if image.ndim == 3 else "minisblack", io.BytesIO()
        tifffile.imwrite(buffer, image, photometric=colours, compression="zlib", metadata=None, software=False)
        return buffer.getvalue()
    options = [cv2.IMWRITE_WEBP_QUALITY, 101] if suffix == ".webp" else []  # above 100 is lossless
    done, data = cv2.imencode(suffix, np.ascontiguousarray(image if image.ndim == 2 else image[:, :, ::-1]), options)
    if not done:
        raise ValueError("OpenCV gives no reason")
    return data.tobytes()


def _check(image: np.ndarray, suffix: str) -> None:
    if str(image.dtype) not in _HOLDS[suffix].split():
        works = " or ".join(ending for ending in (".png", ".tif") if str(image.dtype) in _HOLDS[ending].split())
        came = f"{suffix} holds {_HOLDS[suffix]}, not {image.dtype}"
        raise CvkitError("format-dtype", came=came, remedy=f"use {works or '.astype(np.float64)'}")


def _encode_bits(mask: np.ndarray) -> bytes:
    """Give a PNG of 1 bit, which other programs show as 0 and 255; OpenCV has no way to be sure of the bits."""
    height, width = mask.shape
    rows = np.pad(np.packbits(mask, axis=1), ((0, 0), (1, 0)))  # before each row 0, for no filter
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0),
        b"IDAT": zlib.compress(rows.tobytes(), 6),
        b"IEND": b"",
    }
    whole = (struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
             for name, data in chunks.items())  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(whole)


def replace(target: Path, data: bytes) -> None:
    """Write beside the target and rename, so that nobody ever sees half a file, and nothing stays if the disk is full.

    Parameters
    ----------
    target : Path
        A symbolic link stays one: the file that it leads to is replaced.
    data : bytes

    Raises
    ------
    CvkitError
        If there is something that is no file.
    OSError
        If it cannot be written.
    """
    target = Path(os.path.realpath(target))
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    if target.exists() and not target.is_file():
        raise CvkitError("file-special", came="it is there already and is no file", remedy="choose another name")
    beside = target.with_name(f".cvkit-{secrets.token_hex(8)}")
    try:
        with open(beside, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, beside)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)
