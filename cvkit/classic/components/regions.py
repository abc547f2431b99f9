"""Measure objects: a table with one row for each."""

import difflib
from collections.abc import Iterable

import numpy as np

from cvkit.arrays import Labels, Mask, Table, as_gray, is_mask, same_shape
from cvkit.classic.components.intensity import intensities
from cvkit.classic.components.labelling import as_objects, objects_of
from cvkit.classic.components.moments import boxes, ellipses, sums
from cvkit.classic.components.shape import convex_areas, euler_numbers, perimeters
from cvkit.classic.runs import Runs, paint
from cvkit.errors import CvkitError

BOX = ("row0", "col0", "row1", "col1")
ELLIPSE = ("row", "col", "major", "minor", "eccentricity", "orientation")
PLAIN = ("label", "area", "row", "col", *BOX, "diameter", "major", "minor", "eccentricity", "orientation", "extent")
NEIGHBOURS = ("perimeter", "circularity", "euler_number", "convex_area", "solidity")
OF_IMAGE = ("mean", "min", "max", "std", "total")


def regions(
    objects: Labels | Mask,
    image: np.ndarray | None = None,
    *,
    columns: str | Iterable[str] | None = None,
    connectivity: int = 8,
) -> Table:
    """Measure each object.

    Parameters
    ----------
    objects : (H, W) integer or bool array
        Labels, or a mask whose connected components are the objects.
    image : (H, W) or (H, W, 3) array, optional
        Adds the statistics of each object's values in it (RGB as grey).
    columns : str or several, optional
        Which to compute, in which order; "all" for all. By default all but those that need the neighbours of pixels:
        ``perimeter``, ``circularity``, ``euler_number``, ``convex_area`` and ``solidity``.
    connectivity : {8, 4}
        Of a mask's components.

    Returns
    -------
    table : dict of arrays, one entry an object; ``pandas.DataFrame(table)`` takes it
        ``label``; ``area`` in pixels; ``row``, ``col``: the centroid; ``row0 col0 row1 col1``: the bounding box,
        half-open; ``diameter`` of the circle of that area; ``major``, ``minor``: the axes of the ellipse of the same
        second moments; ``eccentricity`` of it (0 = circle, 1 = line); ``orientation``: the angle from the row axis to
        its major axis, in radians, anticlockwise, -pi/2..pi/2; ``extent``: the share of the box that is object.

        ``perimeter``: the length of the outlines, holes' included, through the centres of their pixels;
        ``circularity``: 4 pi area / perimeter**2, infinite where the perimeter is 0; ``euler_number``: 8-connected
        parts less holes; ``convex_area``: the pixels whose centre lies in the convex hull of the diamonds that the
        object's pixels are; ``solidity``: the share of them that is object.

        With an image ``mean``, ``min``, ``max``, ``std`` (divided by the number of pixels) and ``total``.

    Raises
    ------
    ValueError
        If a column is not known, needs an image that is not given, or the image is of another size.

    Notes
    -----
    The same definitions as scikit-image's ``regionprops``: pixels are points, so that one pixel has no axes.

    Examples
    --------
    >>> table = regions(np.array([[1, 1, 0, 2]]))
    >>> table["area"], table["col"]
    (array([2, 1]), array([0.5, 3. ]))
    >>> regions(np.ones((3, 3), bool), columns="perimeter")
    {'perimeter': array([8.])}
    """
    names = column_names(columns, image is not None)
    objects = as_objects(objects)
    found, values = objects_of(objects, connectivity)
    if image is not None:
        image = as_gray(image)
        same_shape(objects, image, "objects and image")
    return measure(objects, found, values, names, image, connectivity)


def column_names(columns: str | Iterable[str] | None, with_image: bool) -> list[str]:
    """Accept names of columns, or explain which is not known or not to be had."""
    known = (*PLAIN, *NEIGHBOURS, *OF_IMAGE)
    if columns is None or columns == "all":
        return [*PLAIN, *(NEIGHBOURS if columns else ()), *(OF_IMAGE if with_image else ())]
    names = [columns] if isinstance(columns, str) else list(columns)
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f"did you mean {near[0]!r}" if near else f"known: {', '.join(known)}."
            raise CvkitError("column-unknown", came=f"no column is called {name!r}", remedy=hint)
        if name in OF_IMAGE and not with_image:
            raise CvkitError("column-image", came=f"the column {name!r} needs an image", remedy="give `image` too")
    return names


def measure(
    objects: np.ndarray, found: Runs, values: np.ndarray, names: list[str], image: np.ndarray | None, connectivity: int
) -> Table:
    """The columns `names` of the objects whose runs are `found` and whose labels are `values`."""
    index, count, wanted = found.label.astype(np.int64) - 1, len(values), set(names)
    area = sums(index, found.length, count)
    table = {"label": values, "area": area.astype(np.int64), "diameter": np.sqrt(4 * area / np.pi)}
    if wanted & {*ELLIPSE}:
        table |= ellipses(found, index, area)
    if wanted & {*BOX, "extent"}:
        table |= boxes(found, index, count)
        table["extent"] = area / ((table["row1"] - table["row0"]) * (table["col1"] - table["col0"]))
    if wanted & {"perimeter", "circularity"}:
        table["perimeter"] = perimeters(_apart(objects, found, connectivity), found, index, count)
        squared = table["perimeter"] ** 2
        table["circularity"] = np.divide(4 * np.pi * area, squared, out=np.full(count, np.inf), where=squared > 0)
    if "euler_number" in wanted:
        table["euler_number"] = euler_numbers(found, index, count)
    if wanted & {"convex_area", "solidity"}:
        table["convex_area"] = convex_areas(found, index, count)
        table["solidity"] = area / table["convex_area"]
    if wanted & {*OF_IMAGE}:
        table |= intensities(found, index, count, image, "std" in wanted)
    return {name: table[name] for name in names}


def _apart(objects: np.ndarray, found: Runs, connectivity: int) -> np.ndarray:
    """An array in which objects that touch differ: a mask does, unless its objects may touch at corners."""
    if is_mask(objects) and connectivity == 8:
        return objects.view(np.uint8)
    return paint(found, found.label, np.zeros(np.shape(objects), np.int32)) if is_mask(objects) else objects
