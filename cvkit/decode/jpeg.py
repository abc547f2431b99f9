"""JPEG, baseline and progressive, of 8 bits."""

import re

import numpy as np

from cvkit.decode import pixels
from cvkit.decode.info import Info, cut, damaged, filled, orientation, unsupported

SIGNATURE = re.compile(rb"\xff\xd8\xff", re.DOTALL)
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_COLOURS = {1: "grey", 3: "rgb", 4: "cmyk"}
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # the markers that tell the size
_KNOWN = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive; all with Huffman's codes
_MOST_SCANS = 100  # encoders use ten; each is a walk over all pixels
_DENSEST = 10_000  # pixels that a byte can hold, most generously


def look(data: bytes) -> Info:
    """Walk the segments to the first scan, and see whether the end marker is behind it."""
    info, start, exif = None, 2, 1
    while marker := _MARKER.search(data, start):
        code, start = marker[0][1], marker.end()
        length = int.from_bytes(data[start : start + 2])
        if code == 0xD9 or length < 2:
            break
        segment = data[start + 2 : start + length]
        if code in _FRAMES:
            if info or len(segment) < 6:
                raise damaged("it has two headers" if info else "its header is cut")
            info = _frame(code, segment)
        elif code == 0xE1 and segment.startswith(b"Exif\0\0") and exif == 1:
            exif = orientation(segment)
        elif code == 0xDA:
            if info is None:
                raise damaged("it has no header")
            return _scans(data, start, info, code, exif)
        start += length
    raise cut("the image itself is missing")


def _frame(code: int, segment: bytes) -> Info:
    bits, channels = segment[0], segment[5]
    if code not in _KNOWN or bits != 8 or channels not in _COLOURS:
        kind = {0xC3: "lossless", 0xC9: "arithmetic", 0xCA: "arithmetic"}.get(code, f"{bits} bits, {channels} channels")
        raise unsupported(f"a rare kind of JPEG ({kind})", "convert it to PNG or TIFF")
    size = int.from_bytes(segment[3:5]), int.from_bytes(segment[1:3])
    return Info("JPEG", *size, _COLOURS[channels], 8)


def _scans(data: bytes, start: int, info: Info, code: int, exif: int) -> Info:
    info.orientation = exif
    if data.count(b"\xff\xda", start - 2) > _MOST_SCANS:
        raise unsupported(f"a JPEG of more than {_MOST_SCANS} scans", "save it anew")
    dense = info.width * info.height > _DENSEST * (len(data) - start)
    info.truncated = dense or data.rfind(b"\xff\xd9", start) < 0
    return info


def decode(data: bytes, info: Info, indices: bool) -> np.ndarray:
    """Decode a whole file."""
    return pixels.from_opencv(data, info)


def mend(data: bytes) -> bytes:
    """Put the end marker; libjpeg fills with grey."""
    info = look(data)
    filled(data, info.width * info.height // 256)  # what an empty JPEG takes
    return data + b"\xff\xd9"
