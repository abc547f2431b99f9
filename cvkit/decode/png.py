"""PNG, animated ones too."""

import itertools
import re
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import PngImagePlugin

from cvkit.decode import pixels
from cvkit.decode.info import Info, cut, damaged, filled, orientation, unsupported

SIGNATURE = re.compile(rb"\x89PNG\r\n\x1a\n", re.DOTALL)
_COLOURS = {0: ("grey", 1), 2: ("rgb", 3), 3: ("palette", 1), 4: ("grey", 2), 6: ("rgb", 4)}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
# All other chunks, such as texts that unpack to gigabytes, are not shown to the decoders. Alpha is dropped, hence tRNS.
_STILL, _MOVING = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}, {b"tRNS", b"acTL", b"fcTL", b"fdAT"}
_LONGEST = 1_000_000
_MOST_CHUNKS = 1_000_000
_DEFLATE = 1032  # what a byte of zlib can hold at most


def look(data: bytes) -> Info:
    """Read the header and walk the chunks, as one may claim to be longer than the file."""
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise cut("its header is missing")
    width, height, bits, kind = struct.unpack(">IIBB", data[16:26])
    if bits not in _DEPTHS.get(kind, ()):
        raise damaged(f"{bits} bits of colour type {kind} are no PNG")
    if max(width, height) > _LONGEST:
        raise unsupported(f"a PNG of more than {_LONGEST} rows or columns, which libpng refuses", "store it as TIFF")
    info = Info("PNG", width, height, _COLOURS[kind][0], bits, alpha=kind in (4, 6))
    size, stated, frames, first = 0, 0, 0, 0
    for name, start, end in _chunks(data):
        if name == b"IDAT":
            size += end - start - 12
        elif name == b"acTL" and not size:
            stated = int.from_bytes(data[start + 8 : start + 12])
        elif name == b"fcTL":
            frames += 1
            first = first or 1 + (size > 0)  # 2: the image before the animation is not part of it
        elif name == b"tRNS":
            info.alpha = True
        elif name == b"eXIf":
            info.orientation = orientation(data[start + 8 : end - 4])
    if stated:
        info.pages = stated + (first == 2)
        if frames != stated:
            raise cut(f"{frames} of {stated} images are there")
        if info.pages > 1 and bits == 16:
            raise unsupported("an animation of 16 bits", "store each image in a file of its own")
    info.truncated = name != b"IEND" or _raw_size(data) > _DEFLATE * size
    return info


def decode(data: bytes, info: Info, indices: bool) -> np.ndarray:
    """Decode a page of a whole file."""
    animated = info.pages > 1
    data = _without(data, _STILL | _MOVING if animated else _STILL)
    opened = (
        pixels.opened(PngImagePlugin.PngImageFile, data) if animated or (indices and info.colour == "palette") else None
    )
    info.indexed = indices and pixels.has_colours(opened)
    if animated or info.indexed:
        return pixels.from_pillow(opened, info)
    image = pixels.from_opencv(data, info)
    if info.colour == "grey":
        image = image if image.ndim == 2 else image[:, :, 0]
        image = image // (255 // (2**info.bits - 1)) if info.bits < 8 else image  # OpenCV spreads 0..3 over 0..255
    return image != 0 if info.bits == 1 and info.colour == "grey" else image


def mend(data: bytes) -> bytes:
    """Put zeros in the place of the missing end."""
    kept = [(name, data[start + 8 : end - 4]) for name, start, end in _chunks(data, part=True) if name in _STILL]
    packed = b"".join(content for name, content in kept if name == b"IDAT")
    unpack, size = zlib.decompressobj(), _raw_size(data)
    raw = b""
    for start in range(0, len(packed), 1 << 16):
        try:
            raw += unpack.decompress(packed[start : start + (1 << 16)], max(1, size - len(raw)))
        except zlib.error:
            break
    chunks = [(name, content) for name, content in kept if name in (b"IHDR", b"PLTE")]
    chunks += [(b"IDAT", zlib.compress(filled(raw[:size], size), 1)), (b"IEND", b"")]
    return data[:8] + b"".join(map(_chunk, *zip(*chunks, strict=True)))


def _chunks(data: bytes, part: bool = False) -> Iterator[tuple[bytes, int, int]]:
    """Give the name, start and end of every chunk that is whole, and with `part` the one that is cut."""
    start = 8
    for number in itertools.count():
        if start + 12 > len(data) and not (part and start + 8 < len(data)):
            return
        end = start + 12 + int.from_bytes(data[start : start + 4])
        name = data[start + 4 : start + 8]
        if end > len(data):
            if part:
                yield name, start, len(data) + 4
            return
        if number > _MOST_CHUNKS:
            raise damaged(f"it has more than {_MOST_CHUNKS} chunks")
        yield name, start, end
        if name == b"IEND":
            return
        start = end


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _without(data: bytes, kept: set[bytes]) -> bytes:
    """Leave out all chunks but these."""
    chunks = list(_chunks(data))
    if all(name in kept for name, _, _ in chunks):
        return data
    view = memoryview(data)
    return b"".join([view[:8], *(view[start:end] for name, start, end in chunks if name in kept)])


def _raw_size(data: bytes) -> int:
    """Give how many bytes the rows take, a byte for the filter before each; interlaced there are seven images."""
    width, height, bits, kind, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    bits *= _COLOURS[kind][1]
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    total = 0
    for row, col, down, along in passes:
        rows, cols = -(-(height - row) // down), -(-(width - col) // along)
        total += rows * (1 + (cols * bits + 7) // 8) if rows > 0 and cols > 0 else 0
    return total
