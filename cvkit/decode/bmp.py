"""BMP."""

import re
import struct

import numpy as np
from PIL import BmpImagePlugin

from cvkit.decode import pixels
from cvkit.decode.info import Info, cut, damaged

SIGNATURE = re.compile(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL)
_PLAIN, _FIELDS = 0, (3, 6)  # compressions that do not compress
_DENSEST = 127.5  # pixels that a byte of a run holds


def look(data: bytes) -> Info:
    """Read the header and compare the length with what the pixels need."""
    if len(data) < 26 or len(data) < 14 + data[14]:
        raise cut("its header is missing")
    stated, start, header = struct.unpack("<I4xII", data[2:18])
    if header == 12:
        width, height, _, bits = struct.unpack("<HHHH", data[18:26])
        packing = _PLAIN
    else:
        width, height, _, bits, packing = struct.unpack("<iiHHI", data[18:34])
    if bits not in (1, 4, 8, 16, 24, 32) or packing > 6:
        raise damaged(f"{bits} bits with compression {packing} are no BMP")
    info = Info("BMP", width, abs(height), "palette" if bits <= 8 else "rgb", min(bits, 8), alpha=bits == 32)
    row = (width * bits + 31) // 32 * 4
    rows = row * info.height if packing in (_PLAIN, *_FIELDS) else 0
    info.truncated = max(stated, start + rows) > len(data)
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
    info_row = struct.unpack("<i", data[18:22])[0]
    return data.ljust(max(struct.unpack("<I", data[2:6])[0], info_row), b"\0")
