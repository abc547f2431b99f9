"""Which files are meant, and where the answer of each goes."""

import glob
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from cvkit.errors import CvkitError

ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".pbm", ".pgm", ".ppm", ".pnm", ".pfm")
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
        If there are no images, two have one place, or an answer would replace an image.
    """
    given = [files] if isinstance(files, (str, os.PathLike)) else list(files)
    found = {source: place for name in given for source, place in _expand(os.fsdecode(name), out)}
    if not found:
        some = f"no images in {', '.join(map(os.fsdecode, given[:5])) or 'an empty list'}"
        raise CvkitError("files-none", came=some, remedy=f"images end in {', '.join(ENDINGS)}")
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


def _expand(name: str, out: Path) -> Iterator[tuple[str, str]]:
    """Give each image that is meant with its way from where the search began."""
    if os.path.isdir(name):
        yield from _walk(name, os.path.abspath(out))
    elif glob.has_magic(name) and not os.path.lexists(name):
        fast = os.path.dirname(re.split(r"[*?\[]", name)[0])
        for source in sorted(glob.glob(name, recursive=True)):
            if os.path.isfile(source):
                yield source, os.path.relpath(source, fast or os.curdir)
    else:
        yield name, os.path.basename(name)


def _walk(folder: str, out: str) -> Iterator[tuple[str, str]]:
    if os.path.abspath(folder) == out:
        came = "the answers would lie among the images, and be taken for some the next time"
        raise CvkitError("output-is-input", came=came, remedy="choose another folder for them", file=folder)
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if name[0] != "." and os.path.abspath(os.path.join(here, name)) != out
        )
        for name in sorted(names):
            if name.lower().endswith(ENDINGS) and name[0] != ".":
                source = os.path.join(here, name)
                yield source, os.path.relpath(source, folder)


def _check(places: dict[str, Path], out: Path) -> None:
    """Refuse answers that would replace an image."""
    out = os.path.abspath(out)
    for source in places.values():
        place, answers = _ANSWER.subn("", os.path.relpath(os.path.abspath(source), out))
        if answers and Path(place).as_posix() in places:
            came = f"the answer of {places[Path(place).as_posix()]} would replace this image"
            raise CvkitError("output-is-input", came=came, remedy="choose another folder for it", file=source)
