"""WebP: lossy, lossless, animated."""

import re
import struct
from collections.abc import Iterator

import numpy as np
from PIL import WebPImagePlugin

from cvkit.decode import pixels
from cvkit.decode.info import Info, cut, damaged, orientation, unsupported

SIGNATURE = re.compile(rb"RIFF.{4}WEBP", re.DOTALL)
_ANIMATED = 2
_MOST_CHUNKS = 1_000_000
_DENSEST = 30_000  # pixels of a canvas for a byte of the file, most generously; an empty image has as many


def look(data: bytes) -> Info:
    """Walk the chunks."""
    end = 8 + int.from_bytes(data[4:8], "little")
    canvas, images, frames, alpha, exif = None, [], 0, False, 1
    for name, content in _chunks(data, min(end, len(data))):
        if name == b"VP8X" and len(content) >= 10:
            canvas = content[0] & _ANIMATED, 1 + _number(content[4:7]), 1 + _number(content[7:10])
            alpha |= bool(content[0] & 16)
        elif name in (b"VP8 ", b"VP8L"):
            images.append(_image(name, content))
        elif name == b"ANMF":
            frames += 1
        elif name == b"EXIF":
            exif = orientation(bytes(content))
    animated = bool(canvas and canvas[0])
    if not (frames if animated else images):
        raise cut("the image itself is missing")
    size = canvas[1:] if canvas else images[0][:2]
    if not animated and images[0][:2] != tuple(size):
        raise damaged("its headers contradict each other")
    info = Info(
        "WebP", *size, "rgb", 8, alpha or (not animated and images[0][2]), max(1, frames if animated else 1), exif
    )
    info.truncated = end > len(data) or (animated and info.width * info.height > _DENSEST * len(data))
    return info


def decode(data: bytes, info: Info, indices: bool) -> np.ndarray:
    """Decode a page of a whole file."""
    if info.pages > 1:
        return pixels.from_pillow(pixels.opened(WebPImagePlugin.WebPImageFile, data), info)
    return pixels.from_opencv(data, info)


def mend(data: bytes) -> bytes:
    """Refuse: what is there of a WebP cannot be shown."""
    raise unsupported("a WebP that is cut short, which cannot be read in part", "copy it again")


def _chunks(data: bytes, end: int) -> Iterator[tuple[bytes, memoryview]]:
    start, view = 12, memoryview(data)
    for _ in range(_MOST_CHUNKS):
        if start + 8 > end:
            return
        length = int.from_bytes(data[start + 4 : start + 8], "little")
        yield data[start : start + 4], view[start + 8 : min(start + 8 + length, end)]
        start += 8 + length + length % 2
    raise damaged(f"it has more than {_MOST_CHUNKS} chunks")


def _number(content: bytes) -> int:
    return int.from_bytes(content, "little")


def _image(name: bytes, content: memoryview) -> tuple[int, int, bool]:
    """Give width, height and whether there is alpha."""
    if name == b"VP8L" and len(content) >= 5 and content[0] == 0x2F:
        bits = _number(content[1:5])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), bool(bits >> 28 & 1)
    if name == b"VP8 " and len(content) >= 10 and content[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", content[6:10])
        return width & 0x3FFF, height & 0x3FFF, False
    raise damaged("its header is not understood")
