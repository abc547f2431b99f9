"""Protocol buffers, read without a library: the fields of one message, nothing decoded that is not asked for.

Whatever a message claims, no more is read than is there, and nothing is copied but numbers.
https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Iterator

from cvkit.errors import CvkitError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
WIDTHS = {FIXED64: 8, FIXED32: 4}


def fields(message: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
    """Walk over the fields of a message.

    Parameters
    ----------
    message : memoryview of bytes

    Yields
    ------
    number, kind, value
        The number of the field; one of `VARINT`, `FIXED64`, `BYTES`, `FIXED32`; a number for the first, else the bytes.

    Raises
    ------
    CvkitError
        If the message ends early, or holds what no field can be.

    Examples
    --------
    >>> [(number, kind, value) for number, kind, value in fields(memoryview(b"\\x08\\x96\\x01"))]
    [(1, 0, 150)]
    """
    place = 0
    while place < len(message):
        tag, place = varint(message, place)
        number, kind = tag >> 3, tag & 7
        if tag >= 1 << 32 or number == 0:
            raise _damaged("a field without a number")
        if kind == VARINT:
            value, place = varint(message, place)
            yield number, kind, value
            continue
        if kind == BYTES:
            length, place = varint(message, place)
        elif kind in WIDTHS:
            length = WIDTHS[kind]
        else:
            raise _damaged(f"a field of kind {kind}")
        if length > len(message) - place:
            raise _damaged(f"a field of {length:,} bytes where {len(message) - place:,} are left")
        yield number, kind, message[place : place + length]
        place += length


def varint(message: memoryview, place: int) -> tuple[int, int]:
    """Read the whole number that begins at `place`, 0..2**64-1; give it and where it ends.

    Examples
    --------
    >>> varint(memoryview(b"\\x96\\x01"), 0)
    (150, 2)
    """
    value = 0
    for index, byte in enumerate(message[place : place + 10]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            if value >= 1 << 64:
                break
            return value, place + index + 1
    raise _damaged("a number that does not end")


def signed(value: int) -> int:
    """Take a number of 64 bits as a signed one.

    Examples
    --------
    >>> signed(2**64 - 1)
    -1
    """
    return value - (1 << 64) if value >> 63 else value


def whole_numbers(kind: int, value: int | memoryview) -> Iterator[int]:
    """Give the signed whole numbers of a repeated field, which may stand one by one or packed together.

    Examples
    --------
    >>> list(whole_numbers(BYTES, memoryview(b"\\x01\\x02")))
    [1, 2]
    """
    if kind == VARINT:
        yield signed(value)
    elif kind == BYTES:
        place = 0
        while place < len(value):
            number, place = varint(value, place)
            yield signed(number)
    else:
        raise _damaged(f"whole numbers of kind {kind}")


def text(kind: int, value: int | memoryview) -> str:
    """Give the text of a field.

    Examples
    --------
    >>> text(BYTES, memoryview(b"Conv"))
    'Conv'
    """
    if kind != BYTES:
        raise _damaged(f"a text of kind {kind}")
    try:
        return bytes(value).decode("utf-8")
    except UnicodeDecodeError:
        raise _damaged("a text that is not UTF-8") from None


def message(kind: int, value: int | memoryview) -> memoryview:
    """Give the bytes of a field that is a message itself.

    Examples
    --------
    >>> len(message(BYTES, memoryview(b"\\x08\\x01")))
    2
    """
    if kind != BYTES:
        raise _damaged(f"a part of kind {kind}")
    return value


def _damaged(came: str) -> CvkitError:
    return CvkitError("model-damaged", "an ONNX network is a protocol buffer", came=came, remedy="copy the model anew")
