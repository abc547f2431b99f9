"""Objects as regions of interest of ImageJ and Fiji: a zip of one small file each, for ROI Manager > Open.

The files are as ij.io.RoiDecoder reads them (https://github.com/imagej/ImageJ, public domain): a header of 64 bytes,
then corners of 16 bits, relative to the box; or, for what has holes or several parts, a path of floats.
"""

import io
import struct
import zipfile

import numpy as np

from cvkit.arrays import Labels, Mask
from cvkit.classic.components.outlines import polygons

_VERSION, _RECTANGLE, _TRACED = 228, 1, 8
_MOVE, _LINE, _CLOSE = 0.0, 1.0, 4.0  # of a path
_FARTHEST, _LONGEST = 2**15 - 1, 2**16 - 1  # corner and number of corners that 16 bits hold


def to_imagej(objects: Labels | Mask) -> bytes:
    """Write objects as a zip of ImageJ's regions of interest.

    Parameters
    ----------
    objects : (H, W) integer or bool array
        Labels, or a mask whose 8-connected components are the objects.

    Returns
    -------
    data : bytes
        Of the zip. Each region bears the number of its object, and covers its pixels exactly: a traced outline, or a
        composite where there are holes or several parts. The same objects give the same bytes.

    Examples
    --------
    >>> with zipfile.ZipFile(io.BytesIO(to_imagej(np.array([[0, 7, 7], [12, 0, 7]])))) as file:
    ...     file.namelist()
    ['07.roi', '12.roi']
    """
    found = polygons(objects)
    digits = len(str(max(found, default=0)))
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for number, parts in found.items():
            name = f"{number:0{digits}}"
            file.writestr(zipfile.ZipInfo(f"{name}.roi"), _region(name, parts), zipfile.ZIP_DEFLATED)
    return data.getvalue()


def _region(name: str, parts: list[list[np.ndarray]]) -> bytes:
    rings = [ring[:, ::-1] for part in parts for ring in part]  # x before y
    corners = np.concatenate(rings)
    low, high = corners.min(axis=0), corners.max(axis=0)
    if len(rings) == 1 and len(corners) <= _LONGEST and high.max() <= _FARTHEST:
        kind, count, floats, body = _TRACED, len(corners), 0, (corners - low).T.astype(">i2").tobytes()
    else:
        path = np.concatenate([_path(ring) for ring in rings])
        kind, count, floats, body = _RECTANGLE, 0, len(path), path.astype(">f4").tobytes()
    (left, top), (right, bottom) = (np.minimum(corner, _FARTHEST).tolist() for corner in (low, high))
    more = 64 + len(body)  # where the second header begins, which holds the name
    box = top, left, bottom, right
    head = struct.pack(">4sHBx4hH18xI20xI", b"Iout", _VERSION, kind, *box, count, floats, more)
    return head + body + struct.pack(">16xII40x", more + 64, len(name)) + name.encode("utf-16-be")


def _path(ring: np.ndarray) -> np.ndarray:
    steps = np.column_stack([np.full(len(ring), _LINE), ring])
    steps[0, 0] = _MOVE
    return np.append(steps, _CLOSE)
