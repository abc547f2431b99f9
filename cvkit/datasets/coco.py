"""Pairs from an annotation file in COCO's format: polygons and run lengths become labels or classes."""

import json
from collections import defaultdict
from os import PathLike
from pathlib import Path

import numpy as np

from cvkit.arrays import VOID, one_of
from cvkit.classic.components import decode_rle, fill_polygons
from cvkit.datasets.pairs import Pairs
from cvkit.errors import CvkitError, FileMissing


def from_coco(annotations: str | PathLike, images: str | PathLike | None = None, *, kind: str = "labels") -> Pairs:
    """Pair the images that a COCO file names with what it says of them.

    Parameters
    ----------
    annotations : path
        A JSON file with ``images``, ``annotations`` and ``categories``.
    images : path, optional
        The folder that the names of the images start from; by default that of the file.
    kind : "labels" or "classes"
        Number the objects of an image from 1, -1, void, for crowds; or give each pixel its class, 0 for background,
        then the categories in the order of their ids, and 255, void, for crowds. Of objects that overlap the smaller
        one lies on top.

    Returns
    -------
    pairs : Pairs
        Images without annotations are kept: they show what background is.

    Raises
    ------
    FileMissing
        If the file is not there, or an image that it names.
    CvkitError
        If it is not of that format, it has more than 254 categories and `kind` is "classes", or a drawing does not fit.

    Examples
    --------
    ``pairs = from_coco("train.json", "photos")``
    """
    one_of(kind, "kind", ("labels", "classes"))
    file = Path(annotations)
    if not file.is_file():
        raise FileMissing("file-missing", "a COCO file", came="none there", remedy="check the path", file=file)
    try:
        data = json.loads(file.read_text("utf-8"))
        sizes = {entry["id"]: (entry["height"], entry["width"]) for entry in data["images"]}
        names = {entry["id"]: Path(images or file.parent) / entry["file_name"] for entry in data["images"]}
        categories = {entry["id"]: entry["name"] for entry in sorted(data["categories"], key=lambda entry: entry["id"])}
        drawn = defaultdict(list)
        for entry in data["annotations"]:
            drawn[entry["image_id"]].append((entry["category_id"], entry["segmentation"], bool(entry.get("iscrowd"))))
    except (ValueError, KeyError, TypeError) as fault:
        raise CvkitError(
            "coco-format", "JSON with images, annotations and categories as in COCO", came=repr(fault), file=file
        ) from None
    if stray := sorted(set(drawn) - set(names), key=str):
        raise CvkitError(
            "coco-image", came=f"it has annotations of image {stray[0]}, which it does not list", file=file
        )
    if missing := [path for path in names.values() if not path.is_file()]:
        raise FileMissing(
            "coco-image",
            came=f"{len(missing)} of its images are not there",
            remedy="name their folder",
            file=missing[0],
        )
    if kind == "classes" and len(categories) >= VOID:
        raise CvkitError(
            "coco-categories",
            f"at most {VOID - 1} categories, for classes are numbers of 8 bits, of which 0 and {VOID} are taken",
            came=str(len(categories)),
            remedy='leave some out of `categories` and `annotations`, or number the objects with kind="labels"',
            file=file,
        )
    numbers = {category: number for number, category in enumerate(categories, 1)}

    def draw(image: int) -> np.ndarray:
        try:
            return _draw(drawn[image], sizes[image], numbers if kind == "classes" else None)
        except (ValueError, KeyError, TypeError, IndexError) as fault:
            raise CvkitError("coco-drawing", came=f"image {image}: {fault}", file=file) from None

    classes = ["background", *map(str, categories.values())] if kind == "classes" else []
    return Pairs(list(names.values()), list(names), draw, classes)


def _draw(objects: list, shape: tuple[int, int], numbers: dict | None) -> np.ndarray:
    """Paint objects from the largest to the smallest; crowds below all."""
    masks = [(_mask(drawing, shape), category, crowd) for category, drawing, crowd in objects]
    masks.sort(key=lambda entry: (not entry[2], -np.count_nonzero(entry[0])))
    answer = np.zeros(shape, np.int32 if numbers is None else np.uint8)
    count = 0
    for mask, category, crowd in masks:
        count += not crowd
        if crowd:
            answer[mask] = -1 if numbers is None else VOID
        else:
            answer[mask] = count if numbers is None else numbers[category]
    return answer


def _mask(drawing: list | dict, shape: tuple[int, int]) -> np.ndarray:
    """One object: run lengths, or a list of polygons x, y, x, y ... that together are it."""
    if isinstance(drawing, dict):
        return decode_rle(drawing)
    parts = {
        number: [[np.reshape(np.asarray(ring, float), (-1, 2))[:, ::-1]]] for number, ring in enumerate(drawing, 1)
    }
    return fill_polygons(parts, shape) != 0
