"""Where the answer of each image goes."""

import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from cvkit.errors import CvkitError
from cvkit.files import find

_ANSWER = re.compile(r"-(mask|labels|classes|table)\.(png|tif|csv)$")


def gather(files: str | os.PathLike | Iterable[str | os.PathLike], out: Path) -> dict[str, Path]:
    """Find the images, and a place in `out` for each.

    Parameters
    ----------
    files : path, or an iterable of paths
        Folders, in which and below which images are found by their endings; patterns such as ``"scans/**/*.tif"``;
        files.
    out : Path
        What is in it is no image of a folder that it lies in.

    Returns
    -------
    places : dict of str to Path
        From the place in `out`, without the kind and ending that an answer will have, to the image, in order. It is the
        way from the folder, or from the part of a pattern that stands fast; of a file, its name. Names keep their
        endings where they differ in these alone.

    Raises
    ------
    CvkitError
        If a folder, a pattern or the list holds no image, two have one place, or an answer would replace an image.
    """
    given = [os.fsdecode(name) for name in ([files] if isinstance(files, (str, os.PathLike)) else files)]
    if not given:
        raise CvkitError("images-none", came="an empty list of images", remedy="name files, folders or patterns")
    for name in given:
        if os.path.isdir(name) and os.path.abspath(name) == os.path.abspath(out):
            came = "the answers would lie among the images, and be taken for some the next time"
            raise CvkitError("output-is-input", came=came, remedy="choose another folder for them", file=name)
    found = {source: place for name in given for source, place in find(name, without=out).items()}
    stems = Counter(os.path.splitext(place)[0] for place in found.values())
    places = {}
    for source, place in found.items():
        stem = os.path.splitext(place)[0]
        place = Path(stem if stems[stem] == 1 else place).as_posix()
        if place in places:
            came = f"two images have one name, and their answers would replace each other: {places[place]}, {source}"
            raise CvkitError("output-twice", came=came, remedy="name the folder that holds both")
        places[place] = Path(source)
    _check(places, out)
    return places


def _check(places: dict[str, Path], out: Path) -> None:
    """Refuse answers that would replace an image."""
    out = os.path.abspath(out)
    for source in places.values():
        place, answers = _ANSWER.subn("", os.path.relpath(os.path.abspath(source), out))
        if answers and Path(place).as_posix() in places:
            came = f"the answer of {places[Path(place).as_posix()]} would replace this image"
            raise CvkitError("output-is-input", came=came, remedy="choose another folder for it", file=source)
