"""Objects as GeoJSON, for QuPath, QGIS and whatever else reads it. RFC 7946."""

from typing import Any

import numpy as np

from cvkit.arrays import MOST, Labels, Mask, Table, shorten
from cvkit.classic.components.outlines import fill_polygons, polygons
from cvkit.errors import CvkitError


def to_geojson(objects: Labels | Mask, *, table: Table | None = None, connectivity: int = 8) -> dict:
    """Write objects as a GeoJSON FeatureCollection.

    Parameters
    ----------
    objects : (H, W) integer or bool array
        Labels, or a mask whose connected components are the objects.
    table : dict of arrays, optional
        One row an object, such as of `regions`, with a column ``label``; each column becomes a property.
    connectivity : {8, 4}
        Of a mask's components.

    Returns
    -------
    collection : dict
        Of plain numbers, lists and dicts, for ``json.dump``. Each object is a Polygon, or a MultiPolygon where its
        pixels do not all touch side by side. x is the column, y the row, both of pixel corners; rings are closed,
        outlines counterclockwise with y upwards, holes clockwise. The property ``label`` is the object's number; what
        is not a finite number in the table is null.

    Raises
    ------
    ValueError
        If the table has no column ``label``, or no row for one of the objects.

    Examples
    --------
    >>> to_geojson(np.array([[0, 1]]))["features"][0]["geometry"]
    {'type': 'Polygon', 'coordinates': [[[1, 0], [2, 0], [2, 1], [1, 1], [1, 0]]]}
    """
    found = polygons(objects, connectivity=connectivity)
    properties = _properties(table, list(found))
    features = []
    for (number, parts), facts in zip(found.items(), properties, strict=True):
        shapes = [[_closed(ring) for ring in part] for part in parts]
        geometry = (
            {"type": "Polygon", "coordinates": shapes[0]}
            if len(shapes) == 1
            else {"type": "MultiPolygon", "coordinates": shapes}
        )
        features.append({"type": "Feature", "geometry": geometry, "properties": {"label": number, **facts}})
    return {"type": "FeatureCollection", "features": features}


def from_geojson(collection: dict, shape: tuple[int, int]) -> np.ndarray:
    """Draw the polygons of a GeoJSON FeatureCollection.

    Parameters
    ----------
    collection : dict
        Features that are Polygons or MultiPolygons, in pixels, as of `to_geojson`.
    shape : (int, int)
        Height and width of the image.

    Returns
    -------
    labels : (H, W) int32 array
        The pixels whose centres lie inside, numbered by the property ``label`` or, if not all features have one of
        their own, by their order.

    Raises
    ------
    ValueError
        If it is no FeatureCollection, or a feature is no polygon.

    Examples
    --------
    >>> from_geojson(to_geojson(np.array([[0, 1], [2, 2]])), (2, 2))
    array([[0, 1],
           [2, 2]], dtype=int32)
    """
    if not isinstance(collection, dict) or collection.get("type") != "FeatureCollection":
        raise CvkitError(
            "geojson-kind",
            came="`collection` must be a GeoJSON FeatureCollection",
            remedy='put the features under "features" of one',
        )
    features = collection.get("features")
    if not isinstance(features, list) or not all(isinstance(one, dict) for one in features):
        raise CvkitError("geojson", "`features` must be a list of features", came=shorten(features))
    numbers = [_properties_of(feature).get("label") for feature in features]
    if not all(type(number) is int and 0 < number <= MOST for number in numbers) or len(set(numbers)) < len(numbers):
        numbers = range(1, len(features) + 1)
    return fill_polygons({number: _parts(one) for number, one in zip(numbers, features, strict=True)}, shape)


def _properties_of(feature: dict) -> dict:
    return feature["properties"] if isinstance(feature.get("properties"), dict) else {}


def _closed(ring: np.ndarray) -> list:
    return np.concatenate([ring, ring[:1]])[:, ::-1].tolist()


def _parts(feature: dict) -> list:
    geometry = feature.get("geometry") or {}
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise CvkitError(
            "geojson-kind",
            "each feature must be a Polygon or MultiPolygon",
            came=repr(kind),
            remedy="leave the others out",
        )
    try:
        parts = [geometry["coordinates"]] if kind == "Polygon" else geometry["coordinates"]
        return [[[(point[1], point[0]) for point in ring[:-1]] for ring in part] for part in parts]
    except (KeyError, IndexError, TypeError):
        raise CvkitError("geojson", "`coordinates` must be rings of points (x, y)", came=shorten(geometry)) from None


def _properties(table: dict | None, numbers: list[int]) -> list[dict]:
    """The row of the table for each object, as plain numbers and text."""
    if table is None:
        return [{} for _ in numbers]
    if "label" not in table:
        raise CvkitError(
            "table-column",
            came=f"`table` must have a column 'label', it has: {', '.join(table)}",
            remedy="make it by regions(labels)",
        )
    row = {number: index for index, number in enumerate(np.asarray(table["label"]).tolist())}
    if missing := [number for number in numbers if number not in row]:
        raise CvkitError(
            "table-rows",
            came=(f"`table` has no row for {len(missing)} of {len(numbers)} objects, such as {missing[0]}"),
            remedy="make it by regions(labels) of the same labels",
        )
    columns = {name: np.asarray(column).tolist() for name, column in table.items() if name != "label"}
    return [{name: _plain(column[row[number]]) for name, column in columns.items()} for number in numbers]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value
