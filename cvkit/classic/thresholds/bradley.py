"""Bradley's threshold: so much darker than the mean of the surroundings, in percent.

    T = m * (1 - share)

D. Bradley, G. Roth, Journal of Graphics Tools 12(2), 2007. doi:10.1080/2151237X.2007.10129236
The windows of the paper, and of Doxa, end at the border of the image: ``border="truncate"``.
"""

from cvkit.arrays import Image, number, one_of
from cvkit.classic.surface import Linear, Surface
from cvkit.classic.windows import local, means_of_doxa
from cvkit.reach import reach


@reach(lambda window: window // 2 if window else "its window is a share of the whole image; set window=...")
def threshold(
    image: Image, *, window: int | None = None, share: float = 0.15, border: str = "reflect", compat: str | None = None
) -> Surface:
    """Bradley's threshold at every pixel, made for dark ink on paper: use ``foreground="dark"``.

    Parameters
    ----------
    image : (H, W) array
    window : int, odd, optional
        Side of the square window in pixels; an eighth of the image's longer side by default.
    share : float
        Of the mean, by which ink is darker.
    border : {"reflect", "replicate", "truncate"}
        What lies beyond the image, see `cvkit.classic.windows.local`.
    compat : {"doxa"}, optional
        Take the conventions of Doxa: windows end at the border of the image, and the mean is rounded as there, which
        decides where a pixel equals its threshold.

    Returns
    -------
    threshold : (H, W) Surface

    Examples
    --------
    >>> import numpy as np
    >>> np.asarray(threshold(np.array([[100, 100, 100]], np.uint8), window=3))
    array([[85., 85., 85.]])
    """
    one_of(compat, "compat", (None, "doxa"))
    number(share, "share")
    window = max(3, max(image.shape) // 16 * 2 + 1) if window is None else window
    if compat:
        return local(image, window, lambda m, n: means_of_doxa(n, m)[0] * (1 - share), border="truncate")
    return local(image, window, Linear(b=1 - share), border=border)
