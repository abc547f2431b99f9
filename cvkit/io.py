"""Read and write image files: one loader for every method, so that all see the same numbers.

PNG, JPEG, TIFF, BMP and WebP, known by their first bytes and not by their name. Nothing is rescaled: 8 bits stay 8 bits,
16 stay 16, floats stay floats. What cannot be read whole is refused in words; no half picture is ever given back.
"""

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cvkit.arrays import Image, as_gray, as_image, as_labels, as_mask, is_mask

MAX_PIXELS = 100_000_000


def read(path: Any, *, gray: bool = False, page: int | None = None, max_pixels: int = MAX_PIXELS) -> Image:
    """Read an image file."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        import tifffile

        image = tifffile.imread(io.BytesIO(data), key=page or 0)
    else:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if image is None:
            raise ValueError(f"{path}: not an image.")
        if image.ndim == 3:
            image = np.ascontiguousarray(image[:, :, 2::-1])
    return as_gray(image) if gray else image


def write(path: Any, array: np.ndarray) -> Path:
    """Write an image, a mask, labels or classes."""
    path = Path(path)
    array = array.astype(np.uint8) * 255 if is_mask(array) else as_image(array)
    if array.dtype == np.int32 and array.min() >= 0 and array.max() < 65536:
        array = array.astype(np.uint16)
    if path.suffix.lower() in (".tif", ".tiff"):
        import tifffile

        buffer = io.BytesIO()
        tifffile.imwrite(buffer, array, photometric="rgb" if array.ndim == 3 else "minisblack", metadata=None)
        data = buffer.getvalue()
    else:
        if array.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"{path}: {array.dtype} fits only into a TIFF; use .tif.")
        data = cv2.imencode(path.suffix.lower(), array[:, :, ::-1] if array.ndim == 3 else array)[1].tobytes()
    path.write_bytes(data)
    return path


def read_truth(path: Any) -> np.ndarray:
    """Read a mask, labels or classes."""
    image = read(path)
    if image.ndim == 3 and (image == image[:, :, :1]).all():
        image = image[:, :, 0]
    if is_mask(image) or (image.dtype == np.uint8 and np.isin(image, (0, 255)).all()):
        return as_mask(image)
    return image if image.dtype == np.uint8 else as_labels(image)
