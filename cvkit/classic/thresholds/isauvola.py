"""ISauvola: what Sauvola's threshold finds, where it is connected to pixels of high contrast.

    Sauvola's foreground, where it is connected to contrast > Otsu's threshold of the contrast

Z. Hadjadj, A. Meziane, Y. Cherfa, M. Cheriet, I. Setitra, Image Analysis and Recognition (ICIAR), LNCS 9730, 2016.
doi:10.1007/978-3-319-41501-7_82
The contrast is that of `su`, which Doxa rounds to a byte; in Doxa windows end at the border of the image, too.
"""

import numpy as np

from cvkit.arrays import Image, Mask, one_of
from cvkit.classic.components import hysteresis
from cvkit.classic.thresholds import sauvola
from cvkit.classic.thresholds.su import high_contrast
from cvkit.reach import reach


@reach("what is connected may reach through the whole image")
def segment(
    image: Image,
    *,
    foreground: str = "bright",
    window: int = 15,
    k: float = 0.01,
    r: float | None = None,
    border: str = "reflect",
) -> Mask:
    """Segment ink from paper with stains and shadows, which have no sharp edges.

    Parameters
    ----------
    image : (H, W) array
    foreground : {"bright", "dark"}
        Light ink on dark ground or dark ink on light ground.
    window : int, odd
        Side of the square window in pixels.
    k : float
        Of Sauvola's threshold. So small a one misses little; what it finds too much has no contrast.
    r : float, optional
        See `sauvola`.
    border : {"reflect", "replicate", "truncate"}
        What lies beyond the image, see `cvkit.classic.windows.local`.

    Returns
    -------
    mask : (H, W) bool array

    Examples
    --------
    >>> page = np.full((9, 12), 200, np.uint8)
    >>> page[3:6, 2:10] = 90
    >>> np.array_equal(segment(page, foreground="dark", window=15, k=0.2), page < 100)
    True
    """
    one_of(foreground, "foreground", ("bright", "dark"))
    if foreground == "bright":
        image = image.max() - image + image.min()
    found = sauvola.threshold(image, window=window, k=k, r=r, border=border).compare("dark")
    found &= ~np.ma.getmaskarray(image)
    return hysteresis(found, found & high_contrast(image))
