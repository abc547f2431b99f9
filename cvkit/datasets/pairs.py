"""Pairs of image and truth from folders, read when they are asked for."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from cvkit.arrays import VOID, as_labels, one_of
from cvkit.errors import CvkitError, FileMissing
from cvkit.files import ENDINGS, is_image
from cvkit.io import read, read_truth

_MARK = re.compile(r"[-_. ]?(truth|gt|masks?|labels?|seg|segmentation|annotations?|ink)$", re.IGNORECASE)
KINDS = ("mask", "labels", "classes")


class Pairs(Sequence):
    """A list of (image, truth) whose arrays are read whenever an element is taken, and not kept.

    `check`, `cvkit.evaluate` and `cvkit.tune` hold one pair at a time: for them a folder need not fit in memory.
    `cvkit.train` keeps all that it learns from, 4 bytes a value.

    Parameters
    ----------
    images : list of paths
    truths : list
        What `read_truth` takes: a path for each image, or whatever tells the function which truth is meant.
    read_truth : function
        From one of `truths` to its array.
    classes : list of str
        The names of all classes from 0, where they are known: a model that learns from the pairs tells just these
        apart.
    """

    def __init__(
        self, images: Sequence, truths: Sequence, read_truth: Callable[[Any], np.ndarray], classes: Sequence[str] = ()
    ) -> None:
        self.images, self.truths, self.read_truth, self.classes = list(images), list(truths), read_truth, list(classes)
        self.alone: list[Path] = []

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index):
        """Give a pair of arrays, or for a slice the pairs of that part, still unread."""
        if isinstance(index, slice):
            return self.subset(range(*index.indices(len(self))))
        return read(self.images[index]), self.read_truth(self.truths[index])

    def subset(self, numbers: Iterable[int]) -> "Pairs":
        """Give the pairs of these numbers, still unread."""
        chosen = [(self.images[number], self.truths[number]) for number in numbers]
        images, truths = zip(*chosen, strict=True) if chosen else ((), ())
        return Pairs(images, truths, self.read_truth, self.classes)

    def split(self, share: float = 0.2, *, seed: int = 0) -> tuple["Pairs", "Pairs"]:
        """Part them at random: the rest, to learn from, and a share, to validate on; at least one pair in each."""
        if len(self) < 2:
            raise CvkitError("pairs-few", "a split needs at least 2 pairs", came=str(len(self)), remedy="add images")
        order = np.random.default_rng(seed).permutation(len(self))
        held = min(len(self) - 1, max(1, round(share * len(self))))
        return self.subset(np.sort(order[held:])), self.subset(np.sort(order[:held]))


def from_folders(
    images: str | PathLike,
    truths: str | PathLike | None = None,
    *,
    kind: str | None = None,
    colours: Mapping[str, Sequence[int]] | None = None,
    partial: bool = False,
) -> Pairs:
    """Pair the images of a folder with the truths of the same names.

    A truth may carry a mark at the end of its name (``cell.tif`` with ``cell_mask.png``): truth, gt, mask, label,
    seg, annotation or ink, after a dash, an underscore or nothing.

    Parameters
    ----------
    images : path
        A folder.
    truths : path, optional
        Another folder; without it the truths lie among the images, and are told by their mark.
    kind : "mask", "labels" or "classes", optional
        What the truths hold: a mask (all that is not 0 is foreground), the number of the object of each pixel, or of
        its class, 255 = void. By default as `cvkit.read_truth` finds it, file by file: of classes, one that holds 0
        and 255 alone counts as a mask, so name the kind.
    colours : mapping of name to (red, green, blue), optional
        The truths are pictures in these colours, and become classes in this order; ``void`` is left out of everything.
    partial : bool
        Leave out images without a truth, and truths without an image; the list ``alone`` of the pairs names them.

    Returns
    -------
    pairs : Pairs

    Raises
    ------
    FileMissing
        If a folder is not there.
    CvkitError
        If there are no pairs, an image has no truth or a truth no image (unless `partial`), or two files compete for a
        name. When a pair is read: if its truth is not of that kind or holds another colour.

    Examples
    --------
    ``from_folders("cells/images", "cells/masks", kind="labels")``,
    ``from_folders("roads", colours={"road": (128, 64, 128), "car": (64, 0, 128), "void": (0, 0, 0)})``
    """
    if kind is not None:
        one_of(kind, "kind", KINDS)
    found = _by_name(_files(images), marked=False if truths is None else None)
    answers = _by_name(_files(images if truths is None else truths), marked=True if truths is None else None)
    left = []
    for these, those, what in ((found, answers, "truth"), (answers, found, "image")):
        alone = sorted(set(these) - set(those))
        left += [these[name] for name in alone]
        if alone and not partial:
            some = ", ".join(these[name].name for name in alone[:5]) + (" ..." if len(alone) > 5 else "")
            raise CvkitError(
                "pairs-alone",
                f"each file needs its {what}",
                came=f"{len(alone)} without: {some}",
                remedy="the two bear the same name, or the truth one that ends in -truth or _mask; add or remove files",
                file=images,
            )
    names = sorted(set(found) & set(answers))
    if not names:
        raise CvkitError(
            "pairs-none",
            came="no pair of image and truth was found",
            remedy=f"expected files that end in {', '.join(ENDINGS)}",
            file=images,
        )
    classes = [name for name in colours if name != "void"] if colours else ()
    pairs = Pairs([found[n] for n in names], [answers[n] for n in names], _reader(kind, colours), classes)
    pairs.alone = left
    return pairs


def _files(folder: str | PathLike) -> list[Path]:
    folder = Path(folder)
    if not folder.is_dir():
        raise FileMissing("folder-missing", "a folder of images", came="none there", remedy="check it", file=folder)
    return sorted(path for path in folder.iterdir() if is_image(path.name) and not path.name.startswith("."))


def _by_name(files: list[Path], *, marked: bool | None) -> dict[str, Path]:
    """The files by their names without mark; of a mixed folder only those with it, or only those without."""
    chosen = {}
    for path in files:
        name = _MARK.sub("", path.stem) or path.stem
        if marked is None or marked == (name != path.stem):
            if name in chosen:
                raise CvkitError(
                    "pairs-twice",
                    came=f"{chosen[name].name} and {path.name} are both called {name}",
                    remedy="keep one of them, or put truths and images into folders of their own",
                    file=path.parent,
                )
            chosen[name] = path
    return chosen


def _reader(kind: str | None, colours: Mapping | None) -> Callable[[Path], np.ndarray]:
    if colours:
        return lambda path: _classes_of(read(path), colours, path)
    if kind is None:
        return read_truth

    def typed(path: Path) -> np.ndarray:
        truth = read_truth(path, classes=kind == "classes")
        if kind == "mask":
            return truth != 0
        if kind == "labels":
            return as_labels(truth.astype(np.int32), "truth")
        if truth.max() > VOID:
            raise CvkitError(
                "truth-classes",
                "classes are 0 to 254, and 255 = void",
                came=f"{truth.max()}",
                remedy='numbers of objects are read with kind="labels"',
                file=path,
            )
        return truth.astype(np.uint8)

    return typed


def _classes_of(picture: np.ndarray, colours: Mapping[str, Sequence[int]], path: Path) -> np.ndarray:
    """The class of each pixel of a picture in the colours of classes."""
    picture = np.broadcast_to(picture[..., None] if picture.ndim == 2 else picture, (*picture.shape[:2], 3))
    packed = picture.astype(np.int64) @ (65536, 256, 1)
    classes, known, number = np.zeros(packed.shape, np.uint8), np.zeros(packed.shape, bool), 0
    for name, colour in colours.items():
        here = packed == np.dot(colour, (65536, 256, 1))
        known |= here
        classes[here] = VOID if name == "void" else number
        number += name != "void"
    if not known.all():
        value, count = max(zip(*np.unique(packed[~known], return_counts=True), strict=True), key=lambda pair: pair[1])
        shown = (int(value) >> 16, int(value) >> 8 & 255, int(value) & 255)
        raise CvkitError(
            "truth-colour",
            "only the given colours",
            came=f"{count} pixels of {shown} and {(~known).sum()} unknown in all",
            remedy='add the colour, under the name "void" if it is not to count; JPEG smears colours, use PNG',
            file=path,
        )
    return classes
