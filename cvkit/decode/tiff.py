"""TIFF and BigTIFF: any real dtype, strips and tiles, stacks; tifffile reads the tags and what zlib or LZMA pack."""

import io
import logging
import lzma
import math
import os
import re
import zlib
from typing import Any, BinaryIO

import cv2
import numpy as np
from PIL import TiffImagePlugin

from cvkit.decode import pixels
from cvkit.decode.info import MOST_PAGES, Info, crowded, cut, damaged, unsupported, upright

SIGNATURE = re.compile(rb"II[*+]\0|MM\0[*+]", re.DOTALL)
logging.getLogger("tifffile").addHandler(logging.NullHandler())  # it logs to the screen what is raised here in words

_MOST_LEVELS = 100  # of a pyramid; whether a page is one of its levels takes tags to tell
_PLAIN = {0: 1, 1: 1, 2: 3}  # channels where white is zero, black is zero, and in RGB
_COLOURS = {2: "rgb", 3: "palette", 5: "cmyk", 6: "rgb"}
_UNPACK = {8: zlib.decompressobj, 32946: zlib.decompressobj, 34925: lzma.LZMADecompressor}


def look(file: BinaryIO, page: int | None) -> Info:
    """Read the tags of a page; without `page` of the first one that is no thumbnail of another."""
    count = _count(file)
    with _open(file) as tiff:
        chosen = page or 0
        if page is None and 1 < count <= _MOST_LEVELS:
            full = [number for number, frame in enumerate(tiff.pages) if not frame.is_reduced]
            chosen, count = (full[0], 1) if len(full) == 1 else (0, count)
        frame = tiff.pages[min(chosen, count - 1) if page else chosen]
        bits = frame.bitspersample if isinstance(frame.bitspersample, int) else max(frame.bitspersample)
        info = Info("TIFF", frame.imagewidth, frame.imagelength, _COLOURS.get(frame.photometric, "grey"), bits)
        turn = frame.tags.valueof(274, 1)
        info.orientation = int(turn) if turn in range(1, 9) else 1
        info.alpha, info.pages, info.page = _has_alpha(frame), count, chosen
        info.truncated = _needed(frame) > tiff.filehandle.size or _has_gaps(frame) or _is_short(frame, info)
        if page is not None or count == 1:
            _check_kind(frame)
        series = tiff.series[0].shape if count == 1 and (tiff.is_imagej or tiff.is_shaped) else ()
        if math.prod(series) > frame.size:
            raise unsupported(f"expected one image, got a stack of shape {series} in one block", "split it first")
    return info


def decode(file: BinaryIO, info: Info, indices: bool) -> np.ndarray:
    """Decode a page, turned upright."""
    if info.truncated:
        file = _mended(file, info)
    with _open(file) as tiff:
        frame = tiff.pages[info.page]
        check(frame)
        try:
            if frame.photometric not in _PLAIN:
                raise ValueError("imagecodecs")
            image = _unpacked(frame, info) if frame.compression in _UNPACK else frame.asarray()
        except (ValueError, NotImplementedError) as fault:
            if "imagecodecs" not in str(fault):
                raise
            return _decode_elsewhere(tiff.pages[info.page], file, info, indices)
        image = np.invert(image) if _is_white(frame) else image
        image = np.moveaxis(image, 0, 2) if frame.axes == "SYX" else image
        return upright(image, info.orientation)


def page(file: BinaryIO, number: int) -> Any:
    """Give a page of an open file, as tifffile knows it."""
    return _open(file).pages[number]


def read_part(frame: Any, rows: slice, cols: slice) -> np.ndarray:
    """Decode the strips or tiles of a page that hold some rows and columns, and give these.

    Parameters
    ----------
    frame : tifffile.TiffPage
        As of `page`.
    rows, cols : slice

    Returns
    -------
    part : (h, w) or (h, w, C) array
        Not turned upright.
    """
    flat = frame.axes.replace("S", "")
    high, wide = (frame.chunks[frame.axes.index(axis) - (frame.axes[0] == "S")] for axis in flat)
    down, across = (frame.chunked[frame.axes.index(axis)] for axis in flat)
    planes = frame.shape[0] if frame.axes[0] == "S" else 1
    part = np.empty((planes, rows.stop - rows.start, cols.stop - cols.start, frame.shaped[-1]), frame.dtype)
    for plane in range(planes):
        for i in range(rows.start // high, (rows.stop - 1) // high + 1):
            for j in range(cols.start // wide, (cols.stop - 1) // wide + 1):
                (_, _, row, col, _), piece = _piece(frame, (plane * down + i) * across + j)
                above, left = max(row, rows.start), max(col, cols.start)
                seen = piece[0, above - row : rows.stop - row, left - col : cols.stop - col]
                top, first = above - rows.start, left - cols.start
                part[plane, top : top + len(seen), first : first + seen.shape[1]] = seen
    part = np.moveaxis(part[..., 0], 0, 2) if planes > 1 else part[0]
    part = np.invert(part) if _is_white(frame) else part
    part = part[:, :, :3] if part.shape[2] > 2 else part[:, :, 0]
    return np.ascontiguousarray(part, part.dtype.newbyteorder("="))


def check(frame: Any) -> None:
    """Refuse a page that is no image, or contradicts itself."""
    _check_kind(frame)
    _check_pieces(frame)


def _is_white(frame: Any) -> bool:
    """Whether zero stands for white; tifffile says so of every mask that it writes, yet True is meant by True."""
    meant = frame.dtype.kind in "if" or (frame.dtype.kind == "b" and str(frame.software).startswith("tifffile"))
    return frame.photometric == 0 and not meant


def _count(file: BinaryIO) -> int:
    """Walk the list of pages to its end."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(16).ljust(16, b"\0")
    order, big = "little" if head[:2] == b"II" else "big", 43 in head[2:4]
    tags, entry, link = (8, 20, 8) if big else (2, 12, 4)
    place, seen = int.from_bytes(head[8:16] if big else head[4:8], order), set()
    while place:
        after = size
        if place < size:
            file.seek(place)
            after = place + tags + entry * int.from_bytes(file.read(tags), order)
        if place in seen or after + link > size:  # the list begins again, or leads out of the file
            raise cut("there are pages missing")
        seen.add(place)
        if len(seen) > MOST_PAGES:
            raise crowded()
        file.seek(after)
        place = int.from_bytes(file.read(link), order)
    return len(seen)


def _open(file: BinaryIO) -> Any:
    import tifffile

    file.seek(0)
    return tifffile.TiffFile(file)


def _has_alpha(frame: Any) -> bool:
    # a second channel that is not said to be alpha may be another stain; the fourth one of RGB only rarely is named
    return frame.extrasamples[-1:] in ((1,), (2,)) or (frame.photometric == 2 and frame.samplesperpixel == 4)


def _needed(frame: Any) -> int:
    """Give how long the file must be to hold the page."""
    ends = [start + length for start, length in zip(frame.dataoffsets, frame.databytecounts, strict=True)]
    return max(ends, default=0)


def _has_gaps(frame: Any) -> bool:
    return not frame.databytecounts or min(frame.databytecounts) == 0


def _is_short(frame: Any, info: Info) -> bool:
    # Pillow takes what is there of palettes and CMYK that are not packed; tifffile looks by itself at the rest
    bits = info.width * info.height * info.bits * frame.samplesperpixel
    return frame.compression == 1 and frame.photometric in (3, 5) and bits > 8 * sum(frame.databytecounts)


def _check_kind(frame: Any) -> None:
    """Refuse what is no image."""
    if frame.dtype is None or frame.dtype.kind not in "buif":
        kind = frame.dtype or f"{frame.bitspersample} bits"
        raise unsupported(f"an image holds real numbers, but this is {kind}", "store its magnitude, for example")
    plain = _PLAIN.get(frame.photometric)
    if frame.axes not in ("YX", "YXS", "SYX") or (plain and frame.samplesperpixel - _has_alpha(frame) != plain):
        raise unsupported(
            f"expected 1 channel, or 3 for RGB, with or without alpha, but its shape is {frame.shape}",
            "store the channels you need in a file of their own",
        )


def _check_pieces(frame: Any) -> None:
    """Refuse what contradicts itself."""
    pieces = math.prod(frame.chunked)
    if len(frame.dataoffsets) not in (pieces, 1) or (len(frame.dataoffsets) == 1 < pieces and not frame.is_contiguous):
        raise damaged(f"it has {len(frame.dataoffsets)} pieces, and needs {pieces}")
    if math.prod(frame.chunks) * pieces > 4 * frame.size + (1 << 26):
        raise damaged(f"its pieces of {frame.chunks} do not fit an image of {frame.shape}")


def _unpacked(frame: Any, info: Info) -> np.ndarray:
    """Unpack every strip or tile."""
    image = np.zeros(frame.shaped, frame.dtype)
    for index in range(len(frame.dataoffsets)):
        (plane, depth, row, col, _), part = _piece(frame, index, info.truncated)
        image[plane, depth : depth + 1, row : row + part.shape[1], col : col + part.shape[2]] = part
    return image.reshape(frame.shape)


def _piece(frame: Any, index: int, short: bool = False) -> tuple[tuple, np.ndarray]:
    """The place of a strip or tile, and its pixels.

    It is unpacked to the length that it must have and not further, whatever it holds.
    """
    if frame.compression in _UNPACK:  # from here on, tifffile is told that nothing is packed
        frame.unpack, frame.compression = _UNPACK[frame.compression], 1
        frame.__dict__.pop("hash", None)
    offset, length = frame.dataoffsets[index], frame.databytecounts[index]
    file = frame.parent.filehandle
    file.seek(offset)
    data = file.read(length)
    _, place, (_, rows, cols, _) = frame.decode(None, index)
    if hasattr(frame, "unpack"):
        bits = frame.bitspersample * (frame.samplesperpixel if frame.planarconfig == 1 else 1)
        data = _unpack(frame.unpack(), data, rows * ((cols * bits + 7) // 8), short)
    part = frame.decode(data, index, jpegtables=frame.jpegtables)[0]
    _, depth, row, col, _ = place
    return place, part[: frame.imagedepth - depth, : frame.imagelength - row, : frame.imagewidth - col]


def _unpack(stream: Any, data: bytes, expected: int, part: bool) -> bytes:
    try:
        out = stream.decompress(data, expected) if data else b""
    except (zlib.error, lzma.LZMAError) as fault:
        if not part:
            raise damaged(str(fault)) from None
        out = b""
    if len(out) < expected and not part:
        raise cut("a strip or tile of it is too short")
    return out.ljust(expected, b"\0")


def _mended(file: BinaryIO, info: Info) -> BinaryIO:
    """Give the file with zeros in the place of its missing end."""
    with _open(file) as tiff:
        needed = _needed(tiff.pages[info.page])
    file.seek(0)
    data = file.read()
    if needed > len(data) + 64 * info.width * info.height + (1 << 20):
        raise damaged("its data is said to be far beyond its end")
    return io.BytesIO(data.ljust(needed, b"\0"))


def _decode_elsewhere(frame: Any, file: BinaryIO, info: Info, indices: bool) -> np.ndarray:
    """Decode what tifffile alone does not: LZW, JPEG and fax compression, palettes, CMYK. Both turn it upright."""
    file.seek(0)
    if frame.dtype in (bool, np.uint8):
        opened = pixels.opened(TiffImagePlugin.TiffImageFile, file)
        with pixels.pillow():
            opened.seek(info.page)
        info.indexed = indices and pixels.has_colours(opened)
        return pixels.from_pillow(opened, info)
    data = np.frombuffer(file.read(), np.uint8)
    done, images = cv2.imdecodemulti(data, cv2.IMREAD_UNCHANGED, range=(info.page, info.page + 1))
    if not done or images[0].dtype != frame.dtype or images[0].size != frame.size or frame.photometric not in (1, 2):
        raise unsupported(f"a TIFF of {frame.dtype} with {frame.compression.name} compression", "store it uncompressed")
    # OpenCV moves 10, 12 and 14 bits to the upper end of 16
    image = images[0] >> (16 - info.bits) if 8 < info.bits < 16 else images[0]
    return image if image.ndim == 2 else image[:, :, 2::-1]
