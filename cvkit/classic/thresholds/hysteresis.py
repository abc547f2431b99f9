"""Hysteresis: what exceeds a low threshold, where it is connected to something that exceeds a high one.

J. Canny, IEEE Transactions on Pattern Analysis and Machine Intelligence 8(6), 1986. doi:10.1109/TPAMI.1986.4767851
As in scikit-image with ``connectivity=4``; here corners connect by default. The thresholds are by default those of
`multi_otsu` for three classes.
"""

import numpy as np

from cvkit.arrays import Image, Mask, number
from cvkit.classic.components import hysteresis
from cvkit.classic.histogram import Histogram
from cvkit.classic.thresholds import multi_otsu
from cvkit.errors import CvkitError
from cvkit.reach import reach


@reach("what is connected may reach through the whole image")
def segment(
    image: Image,
    *,
    foreground: str = "bright",
    low: float | None = None,
    high: float | None = None,
    connectivity: int = 8,
) -> Mask:
    """Keep what is connected to something that is surely foreground.

    Parameters
    ----------
    image : (H, W) array
        Of three values or more, unless both thresholds are given.
    foreground : {"bright", "dark"}
        Bright: above `low`, with a pixel above `high`. Dark: at or below `high`, with a pixel at or below `low`.
    low, high : float, optional
        In the unit of the image.
    connectivity : {8, 4}

    Returns
    -------
    mask : (H, W) bool array

    Raises
    ------
    ValueError
        If `low` is greater than `high`.

    Examples
    --------
    >>> segment(np.array([[0, 5, 9, 0, 5]], np.uint8), low=3, high=7)
    array([[False,  True,  True, False, False]])
    """
    if low is None or high is None:
        found = multi_otsu.threshold(Histogram.of(image), classes=3)
        low, high = (found[0] if low is None else low), (found[1] if high is None else high)
    if number(low, "low") > number(high, "high"):
        raise CvkitError(
            "parameter-range", "`low` must be at most `high`", came=f"{low} and {high}", remedy="swap them"
        )
    left_out, image = np.ma.getmask(image), np.ma.getdata(image)
    above = (image > low, image > high) if foreground == "bright" else (image <= high, image <= low)
    if left_out is not np.ma.nomask:
        above = tuple(mask & ~left_out for mask in above)
    return hysteresis(*above, connectivity=connectivity)
