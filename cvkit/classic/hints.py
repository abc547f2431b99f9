"""What classical methods say of an image, shown to a network that is to do better than they."""

import numpy as np

from cvkit.arrays import Image, as_finite, as_gray, as_image, one_of
from cvkit.classic import segment
from cvkit.errors import CvkitError

__all__ = ["hint"]

DARKEST = "darkest"


def hint(image: Image, *, first: str = "howe", second: str = "otsu", foreground: str = "bright") -> Image:
    """Put the answers of two methods beside the grey image, as the three channels of an image.

    Before a network: it need not find again what is known, and sees what no part of the image can tell, such as how
    dark the ink of this page is. ``"normalize | hint(foreground='dark') | unet"`` learns where Howe's outlines are to
    be trusted.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
        Values of 0..1, as `normalize` gives them, suit networks.
    first, second : str
        Names of methods that give a mask, at their defaults; or "darkest": of each pixel the least of red, green and
        blue, in which coloured ink is darker than in grey.
    foreground : {"bright", "dark", "auto"}
        As of every method.

    Returns
    -------
    image : (H, W, 3) float32 array
        Grey; then 1 where the first method sees foreground, else 0; then the second. The darkest of the channels is in
        the unit of the image.

    Raises
    ------
    ValueError
        If there is no such method, or it gives no mask.

    Examples
    --------
    >>> page = np.full((9, 9), 0.9, np.float32)
    >>> page[4, 2:7] = 0.1
    >>> hint(page, first="otsu", second="mean", foreground="dark")[4, 3].tolist()
    [0.10000000149011612, 1.0, 1.0]
    """
    one_of(foreground, "foreground", ("bright", "dark", "auto"))
    image = as_finite(as_image(image), "hint")
    gray = as_gray(image)
    return np.dstack([gray, *(_hint(image, gray, name, foreground) for name in (first, second))]).astype(np.float32)


def _hint(image: np.ndarray, gray: np.ndarray, name: str, foreground: str) -> np.ndarray:
    """The darkest channel, or what a method says of the grey image."""
    if name == DARKEST:
        return image if image.ndim == 2 else image.min(axis=2)
    answer = segment(gray, name, foreground=foreground)
    if answer.dtype != bool:
        raise CvkitError(
            "parameter-choice",
            "a hint is a method that gives a mask",
            came=f"{name!r}, which gives classes",
            remedy="name another",
        )
    return answer
