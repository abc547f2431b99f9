"""The files of a model folder, opened with care: regular files inside of it, of a bounded size, and what they claim."""

import json
import math
import os
import stat
import struct
from pathlib import Path

from cvkit.deep.onnx_file import PARAMETERS
from cvkit.errors import CvkitError, FileFault, FileMissing

CARD_BYTES = 1 << 20
FILE_BYTES = 4 * PARAMETERS + (64 << 20)
DEPTH = 16  # of lists and objects within each other
AGAIN = "copy the model anew"
OURS = "use a model that cvkit.train has written"

# Bytes of an element of a tensor in a safetensors file.
ITEMS = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4}
ITEMS |= {"F16": 2, "BF16": 2, "I16": 2, "U16": 2, "I8": 1, "U8": 1, "BOOL": 1}


def read_file(folder: Path, name: str, *, most: int = FILE_BYTES, first: int | None = None) -> tuple[bytes, int]:
    """Read a regular file that lies in a model folder.

    Parameters
    ----------
    folder : Path
    name : str
        Without a folder.
    most : int
        Bytes that it may have.
    first : int, optional
        Read so many bytes only.

    Returns
    -------
    content : bytes
    size : int
        Of the whole file, in bytes.

    Raises
    ------
    FileMissing
        If there is no such file.
    FileFault
        If it cannot be opened.
    CvkitError
        With the code ``model-unsafe`` if it is a pipe, a device or a folder, or a link that leads out of the model;
        ``model-too-large`` if it has more bytes.
    """
    path = folder / name
    try:
        inside = path.resolve(strict=True).parent == folder.resolve(strict=True)
        # Without O_NONBLOCK a pipe would be waited for before it can be told from a file.
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise FileMissing(
            "model-file-missing", came=f"the model lacks {name}", remedy="copy the whole folder", file=folder
        ) from None
    except (OSError, RuntimeError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        raise FileFault("model-file-closed", came=f"it cannot be opened: {reason}", remedy=AGAIN, file=path) from None
    try:
        about = os.fstat(number)
        if not stat.S_ISREG(about.st_mode) or not inside:
            raise CvkitError(
                "model-unsafe",
                "expected a regular file inside of the model's folder",
                came="a link, pipe, device or folder",
                remedy="copy the file itself to this place",
                file=path,
            )
        if about.st_size > most:
            raise CvkitError(
                "model-too-large", f"expected {most:,} bytes at most", came=f"{about.st_size:,}", remedy=OURS, file=path
            )
        with os.fdopen(number, "rb", closefd=False) as file:
            return file.read(about.st_size if first is None else min(first, about.st_size)), about.st_size
    finally:
        os.close(number)


def strict_json(content: bytes) -> dict:
    """Read a JSON object: no name twice, no NaN, nothing nested deeper than 16.

    Raises
    ------
    CvkitError
        With the code ``model-json``.

    Examples
    --------
    >>> strict_json(b'{"a": [1]}')
    {'a': [1]}
    """
    try:
        found = json.loads(content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
        if not isinstance(found, dict):
            raise ValueError(f"a JSON {type(found).__name__}")
        if _deeper(found, DEPTH):
            raise ValueError("one that is nested too deeply")
    except RecursionError:
        came = "one that is nested too deeply"
    except ValueError as fault:
        came = str(fault)
    else:
        return found
    raise CvkitError("model-json", "expected a JSON object", came=came, remedy=AGAIN)


def _once(pairs: list[tuple]) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _no_constant(name: str):
    raise ValueError(f"{name} is no number of JSON")


def _deeper(value, depth: int) -> bool:
    layer = [value]
    for _ in range(depth):
        layer = [part for one in layer if isinstance(one, (dict, list)) for part in _parts(one)]
        if not layer:
            return False
    return True


def _parts(value: dict | list) -> list:
    return list(value.values()) if isinstance(value, dict) else value


def inspect_weights(folder: Path, name: str) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Check the header of a safetensors file, nothing of its tensors read.

    Parameters
    ----------
    folder : Path
    name : str

    Returns
    -------
    tensors : dict
        Name of each tensor -> name of the type of its elements, and shape.

    Raises
    ------
    CvkitError
        With the code ``model-weights`` if the header is damaged, or tensors overlap, leave gaps, leave the file or are
        not as long as their shapes; ``model-too-large`` if there are more than 300 million parameters.
    """
    begin, size = read_file(folder, name, first=8)
    try:
        length = struct.unpack("<Q", begin)[0] if len(begin) == 8 else size
        if length > min(size - 8, 16 << 20):
            raise _wrong(f"a header of {length:,} bytes in a file of {size:,}")
        header = strict_json(read_file(folder, name, first=8 + length)[0][8:])
        header.pop("__metadata__", None)
        tensors = {key: _tensor(key, about) for key, about in header.items()}
        end = 0
        for start, stop, *_ in sorted(tensors.values()):
            if start != end:
                raise _wrong("tensors that overlap or leave gaps")
            end = stop
        if end != size - 8 - length:
            raise _wrong(f"{size - 8 - length:,} bytes of tensors where {end:,} are told")
        return {key: (kind, shape) for key, (_, _, kind, shape) in tensors.items()}
    except CvkitError as fault:
        raise fault.of(folder / name) from None


def _tensor(name: str, about) -> tuple[int, int, str, tuple[int, ...]]:
    """Begin, end, type and shape of a tensor, as the header tells them, if they agree."""
    if not isinstance(about, dict) or set(about) != {"dtype", "shape", "data_offsets"}:
        raise _wrong(f"a tensor {name[:80]!r} without dtype, shape and data_offsets")
    kind, shape, place = about["dtype"], about["shape"], about["data_offsets"]
    known = isinstance(kind, str) and kind in ITEMS
    if not known or not _counts(shape, 8) or not _counts(place, 2) or len(place) != 2:
        raise _wrong(f"a tensor {name[:80]!r} of a type or shape that is not known")
    start, stop = place
    count = math.prod(shape)
    if count > PARAMETERS:
        raise CvkitError("model-too-large", f"expected {PARAMETERS:,} parameters at most", came=f"{count:,}")
    if stop - start != count * ITEMS[kind]:
        raise _wrong(f"a tensor {name[:80]!r} whose length is not that of its shape")
    return start, stop, kind, tuple(shape)


def _counts(values, most: int) -> bool:
    """Whether this is a short list of whole numbers from 0."""
    return isinstance(values, list) and len(values) <= most and all(type(one) is int and one >= 0 for one in values)


def _wrong(came: str) -> CvkitError:
    return CvkitError("model-weights", "expected a whole safetensors file", came=came, remedy=AGAIN)
