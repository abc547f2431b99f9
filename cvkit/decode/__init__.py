"""Decode image files: look at the header first, refuse what is damaged, cut or too large, and keep every value.

A format is a file in this folder. It holds ``SIGNATURE``, how such files begin; ``look``, which walks the headers and
decodes nothing; ``decode``; and ``mend``, which puts something into the place of a missing end. Where the images of a
file are files of their own, one behind the other, ``pages`` gives where they begin and end, and the rest sees the one
that is meant. `cvkit.io.read` is the way in.
"""

import os
from io import BufferedReader
from typing import Any

import numpy as np

from cvkit.decode.info import Info, check_size, check_whole, choose, upright
from cvkit.errors import CvkitError

MAX_PIXELS = 100_000_000
MAX_BYTES = 1 << 30
_ANIMATED = "PNG", "WebP", "GIF"  # an image of them is a change of the one before


def look(file: BufferedReader, page: int | None = None, *, max_bytes: int = MAX_BYTES) -> Info:
    """Read the header of an open file; nothing is decoded.

    Parameters
    ----------
    file : file, opened for binary reading
    page : int, optional
        Which image of a file that holds several, from 0.
    max_bytes : int
        Refuse a larger file, unless it is a TIFF, of which only the parts are read that are needed.

    Returns
    -------
    info : Info

    Raises
    ------
    CvkitError
        If it is no image, or its headers are damaged.
    """
    return _look(file, page, max_bytes)[2]


def decode(
    file: BufferedReader, *, page: int | None, indices: bool, max_pixels: int, max_bytes: int, allow_truncated: bool
) -> tuple[np.ndarray, Info]:
    """Decode one image of an open file.

    Parameters
    ----------
    file : file, opened for binary reading
    page : int or None
        Which image, from 0; None if there must be one only.
    indices : bool
        Give the indices of a palette of colours, not its colours.
    max_pixels, max_bytes : int
        Refuse a larger image, or file. An image of an animation counts with all before it.
    allow_truncated : bool
        Fill what is missing of an image that is cut short.

    Returns
    -------
    image : (H, W) or (H, W, 3) array
    info : Info

    Raises
    ------
    CvkitError
        If the file was understood, and may not be read. A fault of the libraries comes as it is.
    """
    module, source, info = _look(file, page, max_bytes)
    check_size(info, max_pixels)
    if page is not None or info.pages > 1:
        info.page = choose(info.pages, page)
    if info.format in _ANIMATED:
        check_size(info, max_pixels, walked=info.page + 1)
    if not allow_truncated:
        check_whole(info)
    if info.truncated and hasattr(module, "mend"):
        source = module.mend(source)
    image = module.decode(source, info, indices)
    if info.format != "TIFF":
        image = upright(image, info.orientation)
    if image.ndim == 3:
        image = image[:, :, 0] if image.shape[2] == 2 else image[:, :, :3]
    return np.ascontiguousarray(image, image.dtype.newbyteorder("=")), info


def _look(file: BufferedReader, page: int | None, max_bytes: int) -> tuple[Any, Any, Info]:
    """Give the module of the format, what it decodes from, and what the header says."""
    from cvkit.decode import bmp, gif, jpeg, png, pnm, strangers, tiff, webp

    head = file.read(1024)
    module = next((module for module in (png, jpeg, tiff, bmp, webp, gif, pnm) if module.SIGNATURE.match(head)), None)
    if module is None:
        raise strangers.refusal(head)
    if module is tiff:
        return tiff, file, tiff.look(file, page)
    size = os.fstat(file.fileno()).st_size
    if size > max_bytes:
        raise CvkitError(
            "file-too-large",
            came=f"its {size} bytes are more than the limit of {max_bytes}",
            remedy=f"if the file is to be trusted, read it with max_bytes={size}",
        )
    file.raw.seek(0)
    data = file.raw.readall()  # the buffer of `file` would join its part and the rest, a second copy
    pages = module.pages(data) if hasattr(module, "pages") else []
    if len(pages) > 1:
        start, end = pages[page if page in range(len(pages)) else 0]
        data = data[start:end]
    info = module.look(data)
    info.pages = max(info.pages, len(pages))
    return module, data, info
