"""PBM, PGM, PPM as text or bytes, and PFM; read by NumPy, values as they are stored."""

import re

import numpy as np

from cvkit.decode.info import MOST_PAGES, Info, crowded, cut, damaged, filled

SIGNATURE = re.compile(rb"P[1-6Ff]\s", re.DOTALL)
_BLANKS = re.compile(rb"\s*")
_GAP = rb"(?:\s|#[^\n]*\n)+"
_NUMBERS = re.compile(rb"P[2356]" + 3 * (_GAP + rb"(\d{1,9})") + rb"\s")
_BITS = re.compile(rb"P[14]" + 2 * (_GAP + rb"(\d{1,9})") + rb"\s")
_FLOATS = re.compile(rb"P[Ff]" + 2 * (_GAP + rb"(\d{1,9})") + _GAP + rb"(-?[0-9.]{1,12})\s")


def pages(data: bytes) -> list[tuple[int, int]]:
    """Give where each image begins and ends: behind one in bytes another may follow, after blanks."""
    starts = [0]
    while (head := _match(data, starts[-1])) and head[0][1:2] in b"456":
        end = starts[-1] + head.end() + _size(_info(head), head[0][1:2])
        place = _BLANKS.match(data, end).end()
        if _match(data, place) is None:
            break
        if len(starts) == MOST_PAGES:
            raise crowded()
        starts.append(place)
    return list(zip(starts, [*starts[1:], len(data)], strict=True))


def look(data: bytes) -> Info:
    """Read the header, and compare the length with what the pixels need."""
    head = _head(data)
    info = _info(head)
    info.truncated = len(data) - head.end() < _size(info, data[1:2])
    return info


def decode(data: bytes, info: Info, indices: bool) -> np.ndarray:
    """Decode a whole file."""
    head, kind = _head(data), data[1:2]
    shape = (info.height, info.width, 3) if info.colour == "rgb" else (info.height, info.width)
    if kind in b"123":
        return _text(data[head.end() :], shape, info.bits, kind)
    size, rest = _size(info, kind), memoryview(data)[head.end() :]
    if kind == b"4":
        rows = np.frombuffer(rest[:size], np.uint8).reshape(info.height, -1)
        return np.unpackbits(rows, axis=1, count=info.width) == 0  # 1 is ink
    order = "<" if kind in b"Ff" and head[3].startswith(b"-") else ">"
    dtype = np.dtype({8: "u1", 16: "u2", 32: "f4"}[info.bits]).newbyteorder(order)
    image = np.frombuffer(rest[:size], dtype).reshape(shape)
    return image[::-1].copy() if kind in b"Ff" else image.copy()  # PFM begins at the bottom


def mend(data: bytes) -> bytes:
    """Put zeros in the place of the missing end."""
    length = _size(look(data), data[1:2]) + _head(data).end()
    whole = filled(data, length)
    return data + b" 0" * length if data[1:2] in b"123" else whole


def _match(data: bytes, start: int = 0) -> re.Match | None:
    kind = data[start + 1 : start + 2]
    return (_FLOATS if kind in b"Ff" else _BITS if kind in b"14" else _NUMBERS).match(data[start : start + 4096])


def _head(data: bytes) -> re.Match:
    head = _match(data)
    if head is None:
        raise cut("its header is not understood")
    return head


def _info(head: re.Match) -> Info:
    kind, width, height = head[0][1:2], int(head[1]), int(head[2])
    bits = 32 if kind in b"Ff" else 1 if kind in b"14" else 16 if int(head[3]) > 255 else 8
    if bits == 32 and float(head[3] if head[3].count(b".") < 2 and head[3].strip(b"-.") else 0) == 0:
        raise damaged("its scale is 0")
    if kind in b"2356" and not 0 < int(head[3]) < 65536:
        raise damaged(f"its greatest value is {int(head[3])}")
    return Info("PNM", width, height, "rgb" if kind in b"36F" else "grey", bits)


def _size(info: Info, kind: bytes) -> int:
    """Give the bytes that the pixels need, at least."""
    count = info.width * info.height * (3 if info.colour == "rgb" else 1)
    if kind == b"4":
        return info.height * ((info.width + 7) // 8)
    return {b"1": count, b"2": 2 * count - 1, b"3": 2 * count - 1}.get(kind, count * info.bits // 8)


def _text(text: bytes, shape: tuple, bits: int, kind: bytes) -> np.ndarray:
    count, text = int(np.prod(shape)), re.sub(rb"#[^\n]*", b"", text)
    if kind == b"1":
        text = re.sub(rb"([01])", rb"\1 ", text)  # here blanks may be left out
    if not re.fullmatch(rb"[\d\s]*", text):
        raise damaged("there is something among its numbers that is none")
    values = np.fromstring(text, np.int64, sep=" ") if text.strip() else np.zeros(0, np.int64)
    if values.size < count:
        raise cut("numbers are missing")
    values = values[:count].reshape(shape)
    if values.max() >= 2**bits:
        raise damaged(f"its value {values.max()} needs more than {bits} bits")
    return values == 0 if kind == b"1" else values.astype(np.uint8 if bits == 8 else np.uint16)
