"""From bytes to pixels by OpenCV or Pillow, as both see only what our walk has passed."""

import contextlib
import io
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from PIL import Image

from cvkit.decode.info import Info, damaged

_lock = threading.Lock()


def from_opencv(data: bytes, info: Info) -> np.ndarray:
    """Decode a still image in memory to (H, W), or to RGB.

    Of a damaged scan libjpeg writes a line to the error stream itself, and OpenCV has no way to stop it: to turn that
    stream off would turn it off for every thread of the process.
    """
    # straight to RGB where that changes nothing else, which spares a copy of the image
    plain = info.colour in ("rgb", "cmyk") and not info.alpha
    how = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH if plain else cv2.IMREAD_UNCHANGED
    image = cv2.imdecode(np.frombuffer(data, np.uint8), how | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None or image.shape[1::-1] != (info.width, info.height):
        raise damaged("its data cannot be decoded")
    if image.ndim == 3 and not plain:
        image = cv2.cvtColor(image, cv2.COLOR_BGRA2RGB if image.shape[2] == 4 else cv2.COLOR_BGR2RGB)
    return image


@contextlib.contextmanager
def pillow() -> Iterator[None]:
    """Lift Pillow's own pixel limit, since ours has been checked, and keep its remarks off the screen."""
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def opened(plugin: type, source: Any) -> Any:
    """Open by one plug-in of Pillow: PIL.Image.open tries others, and has a pixel limit of its own."""
    with pillow():
        return plugin(io.BytesIO(source) if isinstance(source, (bytes, bytearray)) else source)


def has_colours(image: Any) -> bool:
    """Tell whether an image of Pillow has a palette, and other colours than greys in it."""
    if image is None or image.mode != "P":
        return False
    with pillow():
        palette = np.reshape(image.getpalette(), (-1, 3))
    return bool((palette != palette[:, :1]).any())


def from_pillow(image: Any, info: Info) -> np.ndarray:
    """Decode the page that `info` names; the indices of a palette if it says so."""
    if sorted(image.size) != sorted((info.width, info.height)):  # a TIFF is turned upright already
        raise damaged("its headers contradict each other")
    with pillow():
        image.seek(info.page)
        if not info.indexed and image.mode not in ("1", "L", "LA"):
            image = image.convert("RGB" if image.mode in ("P", "RGB") else "RGBA")
        return np.array(image)
