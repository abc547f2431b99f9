"""Which image files are meant: files, folders and patterns, found in one way by commands, batches and pairs."""

import glob
import os
import re
from pathlib import Path

from cvkit.errors import CvkitError

ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".pbm", ".pgm", ".ppm", ".pnm", ".pfm")


def is_search(word: str) -> bool:
    """Tell whether a word is a folder or a pattern, and no file; a file of this very name comes before the pattern."""
    return os.path.isdir(word) or (glob.has_magic(word) and not os.path.lexists(word))


def find(word: str, without: str | os.PathLike | None = None) -> dict[str, str]:
    """Find the image files that a word stands for.

    Parameters
    ----------
    word : str
        A folder, for the images in and below it, told by their endings, hidden ones left out; a pattern such as
        ``"scans/**/*.tif"``; or a file, which need not be there: that is told when it is read.
    without : path, optional
        A folder in that folder that is not gone through.

    Returns
    -------
    ways : dict of str to str
        From each file, by name, to its way from the folder, or from the part of the pattern that stands fast.

    Raises
    ------
    CvkitError
        If there is none.
    """
    if not is_search(word):
        return {word: os.path.basename(word)}
    if os.path.isdir(word):
        start, files = word, _walk(word, without and os.path.abspath(without))
        wanted = f"the folder holds no image; expected files that end in {', '.join(ENDINGS)}"
    else:
        start = os.path.dirname(re.split(r"[*?\[]", word)[0]) or os.curdir
        files = [file for file in sorted(glob.glob(word, recursive=True)) if os.path.isfile(file)]
        wanted = "no file fits this pattern"
    if not files:
        raise CvkitError("images-none", came=wanted, remedy="check the path", file=word)
    return {file: os.path.relpath(file, start) for file in files}


def _walk(folder: str, without: str | None) -> list[str]:
    files = []
    for here, folders, names in os.walk(folder):
        seen = (name for name in folders if name[0] != "." and os.path.abspath(os.path.join(here, name)) != without)
        folders[:] = sorted(seen)
        files += [str(Path(here, name)) for name in sorted(names) if name[0] != "." and is_image(name)]
    return files


def is_image(name: str) -> bool:
    """Tell by its ending whether a file may be an image that `cvkit.read` reads."""
    return name.lower().endswith(ENDINGS)
