"""BMP."""

import re
import struct

import numpy as np
from PIL import BmpImagePlugin

from cvkit.decode import pixels
from cvkit.decode.info import Info, cut, damaged, filled

SIGNATURE = re.compile(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL)
_BITS = {
    0: (1, 4, 8, 16, 24, 32),
    1: (8,),
    2: (4,),
    3: (16, 32),
    6: (16, 32),
}  # for every compression; 1 and 2 are runs
_DENSEST = 128  # pixels that a byte of a run holds


def look(data: bytes) -> Info:
    """Read the header and compare the length with what the pixels need."""
    if len(data) < 26 or len(data) < 14 + data[14]:
        raise cut("its header is missing")
    stated, start, header = struct.unpack("<I4xII", data[2:18])
    if header == 12:
        width, height, _, bits = struct.unpack("<HHHH", data[18:26])
        packing = 0
    else:
        width, height, _, bits, packing = struct.unpack("<iiHHI", data[18:34])
    if bits not in _BITS.get(packing, ()):
        raise damaged(f"{bits} bits with compression {packing} are no BMP")
    info = Info("BMP", width, abs(height), "palette" if bits <= 8 else "rgb", min(bits, 8), alpha=bits == 32)
    if packing in (1, 2):
        lacks = width * info.height > _DENSEST * len(data)
    else:
        lacks = start + (width * bits + 31) // 32 * 4 * info.height > len(data)
    info.truncated = stated > len(data) or lacks
    return info


def decode(data: bytes, info: Info, indices: bool) -> np.ndarray:
    """Decode a whole file; palettes of greys are grey."""
    if info.colour == "palette":
        opened = pixels.opened(BmpImagePlugin.BmpImageFile, data)
        info.indexed = indices and pixels.has_colours(opened)
        if opened.mode in ("1", "L"):
            info.colour = "grey"
        if opened.mode == "1" or info.indexed:
            return pixels.from_pillow(opened, info)
    return pixels.from_opencv(data, info)


def mend(data: bytes) -> bytes:
    """Put zeros in the place of the missing end."""
    info = look(data)
    return filled(data, len(data) + 4 * info.width * info.height)
