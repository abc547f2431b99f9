"""JPEG, baseline and progressive, of 8 bits; where a file holds several pictures (MPO), each is a page."""

import re
from collections.abc import Iterator

import numpy as np

from cvkit.decode import mpo, pixels
from cvkit.decode.info import Info, cut, damaged, filled, orientation, unsupported

SIGNATURE = re.compile(rb"\xff\xd8\xff", re.DOTALL)
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_COLOURS = {1: "grey", 3: "rgb", 4: "cmyk"}
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # the markers that tell the size
_KNOWN = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive; all with Huffman's codes
_INTERVAL, _SCAN, _END = 0xDD, 0xDA, 0xD9
_SEGMENTS = {*_FRAMES, *range(0xE0, 0xF0), 0xC4, 0xCC, _SCAN, 0xDB, 0xDC, _INTERVAL, 0xDE, 0xDF, 0xFE}
_MOST_SEGMENTS = 100_000
_MOST_SCANS = 100  # encoders use ten; each is a walk over all pixels
_DENSEST = 10_000  # pixels that a byte can hold, most generously


def pages(data: bytes) -> list[tuple[int, int]]:
    """Give where each picture begins and ends."""
    for code, start, end, _ in _segments(data):
        if code == 0xE2 and data.startswith(b"MPF\0", start):
            return mpo.pictures(data, start + 4, end)
        if code in _FRAMES:
            break
    return [(0, len(data))]


def look(data: bytes) -> Info:
    """Walk the segments and scans of the first picture to its end marker, and see whether all of it is there."""
    info, turned, sampling, interval = None, 1, {}, 0
    scans, size, seen, whole = 0, 0, set(), True
    for code, start, end, stop in _segments(data):
        segment = data[start:end]
        if code in _FRAMES:
            if info or len(segment) < 6:
                raise damaged("it has two headers" if info else "its header is cut")
            info, sampling = _frame(code, segment)
        elif code == 0xE1 and segment.startswith(b"Exif\0\0") and turned == 1:
            turned = orientation(segment)
        elif code == _INTERVAL:
            interval = int.from_bytes(segment[:2])
        elif code == _SCAN:
            if info is None:
                raise damaged("it has no header")
            parts = set(segment[1 : 1 + 2 * segment[0] : 2]) if segment else set()
            scans, size, seen = scans + 1, size + stop - start, seen | parts
            whole &= not interval or _restarts(data, end, stop, _units(info, sampling, parts) // interval)
    if not scans:
        raise cut("the image itself is missing")
    if scans > _MOST_SCANS:
        raise unsupported(f"a JPEG of more than {_MOST_SCANS} scans", "save it anew")
    info.orientation = turned
    whole &= code == _END and seen >= set(sampling) and info.width * info.height <= _DENSEST * size
    info.truncated = not whole
    return info


def decode(data: bytes, info: Info, indices: bool) -> np.ndarray:
    """Decode a whole file."""
    return pixels.from_opencv(data, info)


def mend(data: bytes) -> bytes:
    """Put the end marker; libjpeg fills with grey."""
    info = look(data)
    filled(data, info.width * info.height // 256)  # what an empty JPEG takes
    *_, (_, end, _, _) = _segments(data)
    return data[:end] + b"\xff\xd9"


def _segments(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Give the marker, start and end of every whole segment, and where the scan stops that follows it.

    The last one is the end marker, or 0 where there is none: data or a segment is cut, or a marker comes that cannot be
    there, such as the beginning of another picture.
    """
    place = 2
    for _ in range(_MOST_SEGMENTS):
        marker = _MARKER.search(data, place)
        place, code = (marker.start(), marker[0][1]) if marker else (len(data), 0)
        start, end = place + 4, place + 2 + int.from_bytes(data[place + 2 : place + 4])
        if code == _END or code not in _SEGMENTS or not start <= end <= len(data):
            yield code * (code == _END), place, place, place
            return
        scan = _MARKER.search(data, end) if code == _SCAN else None
        stop = scan.start() if scan else len(data) if code == _SCAN else end
        yield code, start, end, stop
        place = stop
    raise damaged(f"it has more than {_MOST_SEGMENTS} segments")


def _frame(code: int, segment: bytes) -> tuple[Info, dict[int, tuple[int, int]]]:
    """Give the size, and how often each channel is sampled across and down."""
    bits, channels = segment[0], segment[5]
    if code not in _KNOWN or bits != 8 or channels not in _COLOURS:
        kind = {0xC3: "lossless", 0xC9: "arithmetic", 0xCA: "arithmetic"}.get(code, f"{bits} bits, {channels} channels")
        raise unsupported(f"a rare kind of JPEG ({kind})", "convert it to PNG or TIFF")
    size = int.from_bytes(segment[3:5]), int.from_bytes(segment[1:3])
    sampling = {segment[n]: (segment[n + 1] >> 4, segment[n + 1] & 15) for n in range(6, len(segment) - 2, 3)}
    if len(sampling) != channels or not all(1 <= often <= 4 for both in sampling.values() for often in both):
        raise damaged("its header contradicts itself")
    return Info("JPEG", *size, _COLOURS[channels], 8), sampling


def _units(info: Info, sampling: dict[int, tuple[int, int]], parts: set[int]) -> int:
    """Count the blocks of a scan, or if it is of several channels its groups of blocks; the last does not count."""
    across, down = (max(often) for often in zip(*sampling.values(), strict=True))
    own = sampling.get(*parts, (across, down)) if len(parts) == 1 else (1, 1)
    columns, rows = -(-info.width * own[0] // across), -(-info.height * own[1] // down)
    return -(-columns // 8) * -(-rows // 8) - 1


def _restarts(data: bytes, start: int, stop: int, count: int) -> bool:
    """Tell whether a scan has so many restart markers, and in order; some encoders put one more behind the last."""
    if 2 * count > stop - start:
        return False
    found = b"".join(marker[1:] for marker in _RESTART.findall(data, start, stop))
    return found.startswith((bytes(range(0xD0, 0xD8)) * (count // 8 + 1))[:count])
