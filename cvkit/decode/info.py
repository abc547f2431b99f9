"""What a header says, and the checks that need no pixel."""

import dataclasses
import struct

import numpy as np

from cvkit.errors import CvkitError

MOST_PAGES = 100_000


@dataclasses.dataclass
class Info:
    """What an image file is, and what reading it did.

    Attributes
    ----------
    format : str
        "PNG", "JPEG", "TIFF"...
    width, height : int
        As they are stored, before the image is turned upright.
    colour : str
        "grey", "rgb", "palette" or "cmyk", as it is stored.
    bits : int
        Of a value, as it is stored.
    alpha : bool
        Whether there is alpha, which is dropped.
    pages : int
        How many images the file holds.
    orientation : int
        1 to 8, as in EXIF; 1 is upright.
    page : int
        The one that was read, from 0.
    truncated : bool
        Whether a part of the image is missing; zeros, or the grey of JPEG, are in its place.
    indexed : bool
        Whether the values are the indices of a palette and not its colours.
    """

    format: str
    width: int
    height: int
    colour: str
    bits: int
    alpha: bool = False
    pages: int = 1
    orientation: int = 1
    page: int = 0
    truncated: bool = False
    indexed: bool = False

    @property
    def done(self) -> list[str]:
        """What was or will be changed on the way from the file to the array, in words."""
        what = {
            f"turned upright (orientation {self.orientation})": self.orientation != 1,
            "alpha dropped": self.alpha,
            "palette replaced by its colours": self.colour == "palette" and not self.indexed,
            "CMYK converted to RGB": self.colour == "cmyk",
            f"page {self.page} of {self.pages}, counted from 0": self.pages > 1,
            "the missing part filled": self.truncated,
        }
        return [words for words, true in what.items() if true]


def cut(what: str = "the file ends too early") -> CvkitError:
    """Give the error of a file whose end is missing."""
    return CvkitError("file-truncated", came=f"the image is damaged or cut short: {what}", remedy="copy it again")


def damaged(what: str) -> CvkitError:
    """Give the error of a file that contradicts itself."""
    return CvkitError("file-damaged", came=f"the image is damaged or cut short: {what}", remedy="copy it again")


def filled(data: bytes, length: int) -> bytes:
    """Put zeros in the place of a missing end, unless next to nothing is there."""
    if length > 100 * len(data):
        raise cut("next to nothing of it is there")
    return data.ljust(length, b"\0")


def crowded() -> CvkitError:
    """Give the error of a file of so many images that to count them takes seconds."""
    return unsupported(f"a file of more than {MOST_PAGES} images", "split it into several")


def unsupported(what: str, remedy: str) -> CvkitError:
    """Give the error of a file that is whole, and of a kind that is no image here."""
    return CvkitError("image-unsupported", came=what, remedy=remedy)


def check_size(info: Info, limit: int, walked: int = 1) -> None:
    """Refuse an image of no pixels, or of more than the limit, together with those that are decoded on the way."""
    if info.width < 1 or info.height < 1:
        raise damaged(f"its size is {info.width} x {info.height}")
    if (count := walked * info.width * info.height) > limit:
        times = f"{walked} images of " if walked > 1 else ""
        raise CvkitError(
            "image-too-large",
            came=f"its {times}{info.width} x {info.height} pixels are more than the limit of {limit}",
            remedy=f"if the file is to be trusted, read it with max_pixels={count}",
        )


def check_whole(info: Info) -> None:
    """Refuse an image whose end is missing."""
    if info.truncated:
        raise CvkitError(
            "file-truncated",
            came="the image is damaged or cut short: its end is missing",
            remedy="copy or download it again, or read what is there with allow_truncated=True",
        )


def choose(count: int, page: int | None) -> int:
    """Give the page to read."""
    if page is None and count > 1:
        raise CvkitError(
            "image-pages",
            came=f"it holds {count} images",
            remedy=f"choose one with cvkit.read(path, page=0), the last is {count - 1}",
        )
    if (page or 0) >= count:
        raise CvkitError(
            "image-page-missing",
            came=f"it holds {count} image{'s' * (count > 1)}, counted from 0, so there is no page {page}",
            remedy=f"choose one of 0 to {count - 1}",
        )
    return page or 0


def orientation(exif: bytes) -> int:
    """Find the orientation in EXIF data; 1 if there is none, or none that makes sense."""
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 8:
        return 1
    start = struct.unpack(order + "I", exif[4:8])[0]
    if start + 2 > len(exif):
        return 1
    count = struct.unpack_from(order + "H", exif, start)[0]
    for place in range(start + 2, min(start + 2 + 12 * count, len(exif) - 11), 12):
        tag, kind, _, value = struct.unpack_from(order + "HHIH", exif, place)
        if tag == 0x0112:
            return value if kind == 3 and 1 <= value <= 8 else 1
    return 1


def upright(image: np.ndarray, orientation: int) -> np.ndarray:
    """Turn an image by its orientation; a view."""
    if orientation in (5, 6, 7, 8):
        image = image.swapaxes(0, 1)
    return image[:: -1 if orientation in (3, 4, 7, 8) else 1, :: -1 if orientation in (2, 3, 6, 7) else 1]
