"""GIF, animated ones too."""

import itertools
import re
import struct
from collections.abc import Iterator

import numpy as np
from PIL import GifImagePlugin

from cvkit.decode import pixels
from cvkit.decode.info import MOST_PAGES, Info, crowded, cut, damaged, unsupported

SIGNATURE = re.compile(rb"GIF8[79]a", re.DOTALL)
_MOST_PARTS = 5_000_000
_DENSEST = 4096  # pixels that a byte of LZW can hold, most generously


def look(data: bytes) -> Info:
    """Walk the blocks to the end mark."""
    if len(data) < 13:
        raise cut("its header is missing")
    width, height = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    info = Info("GIF", width, height, "palette", 8, pages=0)
    first = 0
    for name, start, length in _blocks(data):
        if name == b",":
            left, top, across, down = struct.unpack("<HHHH", data[start + 1 : start + 9])
            if left + across > width or top + down > height:  # Pillow would make the whole image as large as that
                raise damaged("an image in it lies outside of its frame")
            info.pages += 1
            if info.pages > MOST_PAGES:
                raise crowded()
            first = first or length
    info.truncated = name != b";" or width * height > _DENSEST * first
    if not info.pages:
        raise cut("no image in it is whole")
    return info


def decode(data: bytes, info: Info, indices: bool) -> np.ndarray:
    """Decode a page of a whole file; palettes of greys are grey."""
    opened = pixels.opened(GifImagePlugin.GifImageFile, data)
    info.indexed = indices and info.page == 0 and pixels.has_colours(opened)
    image = pixels.from_pillow(opened, info)
    if info.indexed or image.ndim == 2:
        return image
    grey = info.pages == 1 and not pixels.has_colours(opened)
    return image[:, :, 0] if grey else image


def mend(data: bytes) -> bytes:
    """Refuse: what is there of a GIF is not worth the trouble."""
    raise unsupported("a GIF that is cut short, which is not read in part", "copy it again")


def _blocks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Give the mark, start and length of every whole block; b"" at the end if the file is cut."""
    start, parts = 13 + _palette(data[10]), itertools.repeat(None, _MOST_PARTS)
    while start < len(data):
        begin, name = start, data[start : start + 1]
        if name == b";":
            yield name, start, 1
            return
        if name == b"!":
            start += 2
        elif name == b"," and start + 10 < len(data):
            start += 11 + _palette(data[start + 9])
        else:
            break
        for _ in parts:
            if start >= len(data) or not data[start]:
                break
            start += 1 + data[start]
        else:
            raise damaged(f"it is cut into more than {_MOST_PARTS} parts")
        start += 1
        if start <= len(data):
            yield name, begin, start - begin
    yield b"", start, 0


def _palette(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 128 else 0
