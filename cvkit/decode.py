"""Decode image files: look at the header first, refuse what is damaged, cut or too large, and keep every value.

`cvkit.io.read` is the way in.
"""

import contextlib
import io
import logging
import re
import threading
import warnings
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import cv2
import numpy as np
from PIL import BmpImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

DAMAGED = "the image is damaged or cut short; copy or download it again"
_SIGNATURES = {
    rb"\x89PNG\r\n\x1a\n": "PNG",
    rb"\xff\xd8\xff": "JPEG",
    rb"II[*+]\0|MM\0[*+]": "TIFF",
    rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0": "BMP",
    rb"RIFF.{4}WEBP": "WebP",
}
_STRANGERS = {
    rb"version https://git-lfs": "a Git LFS pointer, not the image itself; fetch that with: git lfs pull",
    rb"\s*<(!doctype html|html|head)": "a web page; download the image itself",
    rb"\s*(<\?xml.*)?(<!--.*)?<svg": "an SVG drawing; export it as PNG",
    rb".{4}ftyp(hei|hev|mif1|msf1)": "a HEIC photograph; export it as JPEG or PNG",
    rb".{4}ftypavi": "an AVIF image; export it as PNG",
    rb"GIF8": "a GIF; export its frames as PNG",
    rb"%PDF": "a PDF document; export its pages as PNG",
    rb"\x93NUMPY": "a NumPy array; load it with numpy.load",
    rb"PK\x03\x04": "a ZIP archive; unpack it first",
    rb"P[1-7]\s": "a PNM image; convert it to PNG",
    rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51": "a JPEG 2000 image; convert it to PNG or TIFF",
    rb".{128}DICM": "a DICOM image; export it as TIFF",
    rb"\x89HDF": "an HDF5 file; take the array out with h5py",
    rb"[\t\n\r\x20-\x7e]+$": "text",
}
# The plug-ins are called by themselves: PIL.Image.open has a pixel limit of its own, global and half of it a warning.
_PLUGINS = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
}
_pillow_lock = threading.Lock()
logging.getLogger("tifffile").addHandler(logging.NullHandler())  # it logs to the screen what is raised here in words


class Refused(ValueError):
    """A reason in our own words; the file's name is still to be put before it."""


def decode(file: BinaryIO, page: int | None, max_pixels: int, indices: bool) -> tuple[np.ndarray, bool]:
    """Decode one image of an open file.

    Parameters
    ----------
    file : binary file
    page : int or None
        Which image, from 0; None if there must be one only.
    max_pixels : int
        Refuse a larger one.
    indices : bool
        Give the indices of a palette of colours, not its colours.

    Returns
    -------
    image : (H, W) or (H, W, 3) array
    indexed : bool
        Whether its values are indices.

    Raises
    ------
    Refused
        If the file was understood, and may not be read. A fault of the libraries comes as it is.
    """
    head = file.read(1024)
    kind = next((kind for start, kind in _SIGNATURES.items() if re.match(start, head, re.DOTALL)), None)
    if kind is None:
        raise Refused(_stranger(head))
    file.seek(0)
    image, indexed = (_decode_tiff if kind == "TIFF" else _decode)(file, kind, page, max_pixels, indices)
    if image.ndim == 3:
        image = image[:, :, 0] if image.shape[2] == 2 else image[:, :, :3]
    return np.ascontiguousarray(image, image.dtype.newbyteorder("=")), indexed


def _stranger(head: bytes) -> str:
    if not head:
        return "the file is empty; copy or download it again"
    what = (what for start, what in _STRANGERS.items() if re.match(start, head, re.DOTALL | re.IGNORECASE))
    return f"expected a PNG, JPEG, TIFF, BMP or WebP image, but this seems to be {next(what, 'none of these')}"


def _check_size(width: int, height: int, limit: int) -> None:
    if width * height > limit:
        raise Refused(
            f"its {width} x {height} pixels are more than the limit of {limit}; "
            f"if the file is to be trusted, read it with max_pixels={width * height}"
        )


def _choose(count: int, page: int | None) -> int:
    if page is None and count > 1:
        raise Refused(f"it holds {count} images; choose one with cvkit.read(path, page=0), the last is {count - 1}")
    if (page or 0) >= count:
        raise Refused(f"it holds {count} image{'s' * (count > 1)}, counted from 0, so there is no page {page}")
    return page or 0


def _decode(file: BinaryIO, kind: str, page: int | None, max_pixels: int, indices: bool) -> tuple[np.ndarray, bool]:
    data = file.read()
    exif = _CHECKS[kind](data)
    with _pillow():
        opened = _PLUGINS[kind](io.BytesIO(data))
        turn = _orientation(exif or opened.info.get("exif", b""))
    _check_size(*opened.size, max_pixels)
    frames = getattr(opened, "n_frames", 1)
    page = _choose(frames, page)
    indexed = indices and _has_colours(opened)
    if frames > 1 or indexed:
        if kind == "PNG" and data[24] == 16:
            raise Refused("animations of 16 bits are not supported; store each image in a file of its own")
        return _upright(_from_pillow(opened, page, indexed), turn), indexed
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None or image.shape[1::-1] != opened.size:
        raise Refused(DAMAGED)
    if image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_BGRA2RGB if image.shape[2] == 4 else cv2.COLOR_BGR2RGB)
        if kind == "PNG" and data[25] in (0, 4):  # grey, with alpha
            image = image[:, :, 0]
    return _upright(image != 0 if opened.mode == "1" else image, turn), False


def _check_png(data: bytes) -> bytes:
    """Walk the chunks, as one may claim to be longer than the file; give the EXIF data."""
    view, start, exif = memoryview(data), 8, b""
    while start + 12 <= len(data):
        kind, end = data[start + 4 : start + 8], start + 12 + int.from_bytes(view[start : start + 4])
        if end > len(data) or zlib.crc32(view[start + 4 : end - 4]) != int.from_bytes(view[end - 4 : end]):
            break
        if kind == b"IEND":
            return exif
        exif = data[start + 8 : end - 4] if kind == b"eXIf" else exif
        start = end
    raise Refused(DAMAGED)


def _check_jpeg(data: bytes) -> None:
    """Walk the segments to the end marker, as OpenCV fills what is missing with grey."""
    start = 2
    while marker := re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]").search(data, start):
        if marker[0] == b"\xff\xd9":
            return
        start = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2])
    raise Refused(DAMAGED)


def _check_length(data: bytes) -> None:
    """Compare the length with the one that BMP and WebP state."""
    stated = 8 + int.from_bytes(data[4:8], "little") if data[:4] == b"RIFF" else int.from_bytes(data[2:6], "little")
    if stated > len(data):
        raise Refused(DAMAGED)


def _orientation(exif: bytes) -> int:
    tags = Image.Exif()
    with contextlib.suppress(Exception):  # broken notes do no harm to the picture
        tags.load(exif)
        return tags.get(0x0112, 1)
    return 1


def _upright(image: np.ndarray, orientation: int) -> np.ndarray:
    if orientation in (5, 6, 7, 8):
        image = image.swapaxes(0, 1)
    return image[:: -1 if orientation in (3, 4, 7, 8) else 1, :: -1 if orientation in (2, 3, 6, 7) else 1]


def _has_colours(opened: Any) -> bool:
    if opened.mode != "P":
        return False
    with _pillow():
        palette = np.reshape(opened.getpalette(), (-1, 3))
    return bool((palette != palette[:, :1]).any())


@contextlib.contextmanager
def _pillow() -> Iterator[None]:
    """Lift Pillow's own pixel limit, since ours has been checked, and keep its remarks off the screen."""
    with _pillow_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _from_pillow(opened: Any, page: int, indexed: bool) -> np.ndarray:
    with _pillow():
        opened.seek(page)
        return np.array(opened if indexed or opened.mode in ("1", "L", "LA") else opened.convert("RGBA"))


def _decode_tiff(file: BinaryIO, _: str, page: int | None, max_pixels: int, indices: bool) -> tuple[np.ndarray, bool]:
    import tifffile

    with tifffile.TiffFile(file) as tiff:
        count = len(tiff.pages)
        file.seek(tiff.pages.next_page_offset)
        none = bytes(tiff.tiff.offsetsize)
        if file.read(len(none)) != none:  # there is a next page, or may be, but not in this file
            raise Refused(DAMAGED)
        if page is None and count > 1:
            full = [number for number, frame in enumerate(tiff.pages) if not frame.is_reduced]
            page = full[0] if len(full) == 1 else None
        page = _choose(count, page)
        frame = tiff.pages[page]
        _check_size(frame.imagewidth, frame.imagelength, max_pixels)
        if any(a + n > tiff.filehandle.size for a, n in zip(frame.dataoffsets, frame.databytecounts, strict=True)):
            raise Refused(DAMAGED)
        series = tiff.series[0].shape if tiff.is_imagej or tiff.is_shaped else ()
        if count == 1 and np.prod(series) > frame.size:
            raise Refused(f"expected one image, but it is a stack of shape {series} in one block; split it first")
        return _decode_tiff_page(frame, file, page, indices)


def _decode_tiff_page(frame: Any, file: BinaryIO, page: int, indices: bool) -> tuple[np.ndarray, bool]:
    if frame.dtype is None or frame.dtype.kind not in "buif":
        raise Refused(f"an image holds real numbers, but this is {frame.dtype}; store its magnitude, for example")
    plain = {0: 1, 1: 1, 2: 3}.get(frame.photometric)  # channels where white is zero, black is zero, and in RGB
    # a second channel that is not said to be alpha may be another stain; the fourth one of RGB only rarely is named
    alpha = frame.extrasamples[-1:] in ((1,), (2,)) or (plain == 3 and frame.samplesperpixel == 4)
    if frame.axes not in ("YX", "YXS", "SYX") or (plain and frame.samplesperpixel - alpha != plain):
        raise Refused(f"expected 1 channel, or 3 for RGB, with or without alpha, but its shape is {frame.shape}")
    try:
        if not plain:
            raise ValueError("imagecodecs")
        image = frame.asarray()
    except ValueError as fault:
        if "imagecodecs" not in str(fault):
            raise
        return _decode_tiff_elsewhere(frame, file, page, indices)
    # tifffile calls zero white in every mask that it writes, yet True is meant by True
    meant = frame.dtype.kind in "if" or (frame.dtype.kind == "b" and str(frame.software).startswith("tifffile"))
    if frame.photometric == 0 and not meant:
        image = np.invert(image)
    image = np.moveaxis(image, 0, 2) if frame.axes == "SYX" else image
    return _upright(image, frame.tags.valueof(274, 1)), False


def _decode_tiff_elsewhere(frame: Any, file: BinaryIO, page: int, indices: bool) -> tuple[np.ndarray, bool]:
    """Decode what tifffile alone does not: LZW, JPEG and fax compression, palettes, CMYK. Both turn it upright."""
    file.seek(0)
    if frame.dtype in (bool, np.uint8):
        with _pillow():
            opened = TiffImagePlugin.TiffImageFile(file)
            opened.seek(page)
        indexed = indices and _has_colours(opened)
        return _from_pillow(opened, page, indexed), indexed
    data = np.frombuffer(file.read(), np.uint8)
    done, images = cv2.imdecodemulti(data, cv2.IMREAD_UNCHANGED, range=(page, page + 1))
    if not done or images[0].dtype != frame.dtype or images[0].size != frame.size or frame.photometric not in (1, 2):
        raise Refused(f"a TIFF of {frame.dtype} with {frame.compression.name} compression; store it uncompressed")
    image = images[0]
    return (image if image.ndim == 2 else image[:, :, 2::-1]), False


_CHECKS = {"PNG": _check_png, "JPEG": _check_jpeg, "BMP": _check_length, "WebP": _check_length}
