"""MPO, the index of a JPEG that holds several pictures (CIPA DC-007): stereo views, panoramas, frames.

Not all that it lists are pictures for a reader: cameras put thumbnails and gain maps behind a photograph.
"""

import re
import struct

_ENTRIES = 0xB002
_UNSAID, _FRAME = 0, 2  # the type of a picture and the upper byte of several; 1 is a thumbnail, 3 the main picture
_HELPERS = re.compile(rb"hdrgm:|hdrgainmap|iso:ts:21496|auxiliaryimagetype|depthmap", re.IGNORECASE)
_HEADER = 1 << 16


def pictures(data: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """Give where the main picture and others of its rank begin and end; those that are not there do not count.

    A thumbnail is told by its type. A gain map or a depth map has no type, as some pictures have none, and is told by
    its own header.
    """
    found = [(0, len(data))]
    for attributes, size, offset in _entries(data[start:end]):
        kind, place = attributes & 0xFFFFFF, start + offset
        helper = kind == _UNSAID and _HELPERS.search(data, place, min(place + size, place + _HEADER))
        there = offset and data.startswith(b"\xff\xd8\xff", place)
        if there and (kind >> 16 == _FRAME or kind == _UNSAID) and not helper:
            found.append((place, min(place + size, len(data))))
    return found


def _entries(index: bytes) -> list[tuple[int, int, int]]:
    """Give type, size and offset of each picture, from an index that is built like a TIFF."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(index[:4])
    if order is None or len(index) < 8:
        return []
    start = struct.unpack(order + "I", index[4:8])[0]
    for place in range(start + 2, len(index) - 11, 12):
        tag, _, size, offset = struct.unpack_from(order + "HHII", index, place)
        if tag == _ENTRIES:
            entries = index[offset : offset + size]
            return [struct.unpack_from(order + "III", entries, n) for n in range(0, len(entries) - 15, 16)]
    return []
