"""Encode objects, not pixels: tables as CSV, and labels as CSV, COCO, GeoJSON or ImageJ's regions of interest.

`cvkit.io.write` is the way in.
"""

import csv
import io
import json
from typing import Any

import numpy as np

from cvkit.arrays import Labels, Mask, Table, as_labels, as_mask, is_mask
from cvkit.classic import components
from cvkit.classic.components.imagej import to_imagej
from cvkit.errors import CvkitError, WrongType


def encode_objects(objects: Labels | Mask | Table, suffix: str, image: str) -> bytes:
    """Give the bytes of a file of objects.

    Parameters
    ----------
    objects : (H, W) integer or bool array, or dict of arrays
        Labels; a mask, whose 8-connected components are the objects; or a table, for ``.csv`` only.
    suffix : str
        ``.csv``: a line an object, as `regions` measures it. ``.json``: COCO, with exact run lengths. ``.geojson``:
        polygons and the same measures, for QuPath and QGIS. ``.zip``: regions of interest of ImageJ.
    image : str
        The name of the image that the objects are of, which COCO wants.

    Returns
    -------
    data : bytes

    Raises
    ------
    CvkitError
        If it holds no objects but classes or an image, or a table is to be something else than CSV.
    """
    if isinstance(objects, dict):
        if suffix != ".csv":
            came = f"a table goes into a CSV file, not into {suffix}"
            raise CvkitError("format-kind", came=came, remedy="end the name in .csv, or write the labels")
        return encode_table(objects)
    objects = _labels(objects, suffix)
    if suffix == ".csv":
        return encode_table(components.regions(objects))
    if suffix == ".zip":
        return to_imagej(objects)
    if suffix == ".geojson":
        return _json(components.to_geojson(objects, table=components.regions(objects)))
    height, width = objects.shape
    return _json(
        {
            "images": [{"id": 1, "file_name": image, "height": height, "width": width}],
            "annotations": components.coco_annotations(objects),
            "categories": [{"id": 1, "name": "object"}],
        }
    )


def encode_table(table: Table) -> bytes:
    """Give a table as CSV in UTF-8: its columns' names, then a line a row; nothing where a number is missing.

    A text that a spreadsheet would run as a formula, because it begins with = + - or @, gets a ' before it.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(table)
    columns = [np.asarray(column).tolist() for column in table.values()]
    writer.writerows([_cell(value) for value in row] for row in zip(*columns, strict=True))
    return text.getvalue().encode("utf-8", "backslashreplace")


def _labels(objects: Any, suffix: str) -> np.ndarray:
    if is_mask(objects):
        return components.label(as_mask(objects))
    labels = as_labels(objects, "array")
    if getattr(objects, "dtype", None) == np.uint8:
        came = f"{suffix} holds objects, but uint8 stands for classes"
        raise WrongType("format-kind", came=came, remedy="give a mask, or the numbers of objects as int32")
    return labels


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else value
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.10g}"
    return str(value)


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
