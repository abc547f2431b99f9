"""From what a network says of each pixel to objects."""

import cv2
import numpy as np

from cvkit.arrays import Mask

CONTACT_WIDTH = 4  # pixels; what `cvkit.deep.data` draws between touching objects, a disc of radius 2 on either side


def keep_apart(cores: Mask, foreground: Mask) -> Mask:
    """Grow the cores of objects back into the foreground, and leave a line of one pixel where two of them meet.

    Parameters
    ----------
    cores : (H, W) bool array
        Each connected component is an object that lacks its contact with others.
    foreground : (H, W) bool array
        What the objects cover, contacts included.

    Returns
    -------
    mask : (H, W) bool array
        Its 8-connected components are the objects.

    Examples
    --------
    >>> cores = np.array([[True, False, False, False, True]])
    >>> keep_apart(cores, np.ones((1, 5), bool)).astype(int)
    array([[1, 1, 0, 1, 1]])
    """
    if not cores.any():
        return np.zeros(cores.shape, bool)
    outside = np.ascontiguousarray(~cores).view(np.uint8)
    distance, nearest = cv2.distanceTransformWithLabels(outside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_CCOMP)
    grown = np.where(foreground & (distance <= CONTACT_WIDTH), nearest, 0)
    values = grown.astype(np.float64)  # morphology takes no int32
    largest = cv2.dilate(values, np.ones((3, 3)))
    return (grown > 0) & (grown == largest)
