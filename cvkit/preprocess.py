"""Steps from image to image, to stand before a method. Values keep their unit unless the step says otherwise."""

from collections.abc import Callable

import cv2
import numpy as np

from cvkit.arrays import Image, as_finite, as_gray, as_image, as_shape, number, odd, one_of, whole
from cvkit.errors import CvkitError
from cvkit.levels import between, extremes, fine, mirrored, percentiles, stretched
from cvkit.reach import counted, reach

__all__ = ["clahe", "crop", "flatten_background", "gaussian", "gray", "invert", "median", "normalize", "resize"]


@reach(0)
def gray(image: Image) -> Image:
    """Turn RGB into grey by luma, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array

    Returns
    -------
    gray : (H, W) array
        Of the same dtype.

    Examples
    --------
    >>> gray(np.array([[[200, 100, 50]]], np.uint8))
    array([[124]], dtype=uint8)
    """
    return as_gray(image)


@reach(lambda size: size // 2)
def median(image: Image, *, size: int = 3) -> Image:
    """Replace each value by the median of its surroundings: takes specks away, keeps edges.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    size : int, odd, up to 255
        Side of the square window in pixels; the border is replicated.

    Returns
    -------
    image : array
        Same shape and dtype.

    Examples
    --------
    >>> median(np.array([[5, 5, 5], [5, 99, 5], [5, 5, 5]], np.uint8))[1, 1]
    np.uint8(5)
    """
    image, size = as_finite(as_image(image), "median"), odd(size, "size", most=255)
    if image.dtype == np.uint8 or (image.dtype in (np.uint16, np.float32) and size <= 5):
        return cv2.medianBlur(np.ascontiguousarray(image), size)
    half = size // 2
    padded = np.pad(image, [(half, half), (half, half)] + [(0, 0)] * (image.ndim - 2), mode="edge")
    out = np.empty_like(image)
    for row in range(len(image)):  # a row at a time, for the windows hold size * size copies of it
        windows = np.lib.stride_tricks.sliding_window_view(padded[row : row + size], (size, size), axis=(0, 1))[0]
        ordered = np.partition(windows.reshape(*windows.shape[:-2], -1), size * size // 2, axis=-1)
        out[row] = ordered[..., size * size // 2]
    return out


@reach(lambda sigma: round(4 * sigma) + 1)
def gaussian(image: Image, *, sigma: float = 1.0) -> Image:
    """Blur with a Gaussian.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    sigma : float, > 0, up to 1000
        Standard deviation in pixels; the border is reflected.

    Returns
    -------
    image : array
        Same shape and dtype; integers are rounded.

    Examples
    --------
    >>> gaussian(np.array([[0.0, 0.0, 1.0, 0.0, 0.0]]), sigma=0.5).round(2)
    array([[0.  , 0.11, 0.79, 0.11, 0.  ]])
    """
    image = as_finite(as_image(image), "gaussian")
    return _in_float(image, lambda values: cv2.GaussianBlur(values, (0, 0), number(sigma, "sigma", 1e-3, 1000)))


@reach("its curves are those of parts of the whole image")
def clahe(image: Image, *, limit: float = 2.0, tiles: int = 8) -> Image:
    """Raise local contrast by contrast-limited adaptive histogram equalisation.

    K. Zuiderveld, Graphics Gems IV, 1994, 474-485. doi:10.1016/B978-0-12-336156-1.50061-6

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
        RGB keeps its hue: its channels are scaled as its grey is. Floats and integers beyond 16 bits are
        quantised to 65,536 steps between their least and greatest value.
    limit : float, > 0
        Greatest slope of the grey curve, in units of no change.
    tiles : int, up to 256
        The image is cut into `tiles` x `tiles` parts.

    Returns
    -------
    image : array
        Same shape, dtype and range.

    Examples
    --------
    >>> faint = np.tile(np.arange(100, 116, dtype=np.uint8), (16, 1))
    >>> bool(np.ptp(clahe(faint, limit=8, tiles=1)) > np.ptp(faint))
    True
    """
    image = as_finite(as_image(image), "clahe")
    equalise = cv2.createCLAHE(number(limit, "limit", low=1e-3), (whole(tiles, "tiles", high=256),) * 2).apply
    dim = as_gray(image)
    if dim.dtype in (np.uint8, np.uint16):
        bright = equalise(np.ascontiguousarray(dim))
    else:
        low, high = float(dim.min()), float(dim.max())
        step = (high - low) / 65535 or 1.0
        steps = np.rint((dim.astype(np.float64) - low) / step).astype(np.uint16)
        bright = _cast(equalise(steps) * step + low, image.dtype)
    if image.ndim == 2:
        return bright
    ratio = np.divide(bright, dim, out=np.ones(dim.shape), where=dim != 0)
    return _cast(image * ratio[:, :, None], image.dtype)


@counted(percentiles, stretched)
def normalize(image: Image, *, low: float = 1.0, high: float = 99.0) -> Image:
    """Stretch the values between two percentiles to 0..1; what lies beyond is cut off.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
        The channels of RGB are stretched together, so that colours keep their ratios.
    low, high : float, 0..100
        Percentiles that become 0 and 1.

    Returns
    -------
    image : float32 array
        Same shape, values in 0..1; all 0 if the two percentiles are equal.

    Examples
    --------
    >>> normalize(np.array([[0, 50, 100]], np.uint8), low=0, high=100)
    array([[0. , 0.5, 1. ]], dtype=float32)
    """
    image = as_finite(as_image(image), "normalize")
    return stretched(image, *np.percentile(image, between(low, high)))


@reach("its background is a small copy of the whole image")
def flatten_background(image: Image, *, sigma: float = 50.0, by: str = "difference") -> Image:
    """Even out slow changes of brightness, such as shadows on a page or uneven light.

    The background is the image under a wide Gaussian blur. It is taken away and its mean put back.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    sigma : float, > 0
        Standard deviation of the blur in pixels; make it larger than the objects.
    by : {"difference", "ratio"}
        Subtract the background (light that adds: fluorescence), or divide by it (light that multiplies: scans).

    Returns
    -------
    image : float32 array
        Same shape, in the unit of `image`; may leave the range of its dtype. float64 of float64 and wide integers.

    Examples
    --------
    >>> ramp = np.tile(np.arange(0, 200, 2, dtype=np.uint8), (100, 1))
    >>> bool(np.std(flatten_background(ramp, sigma=10)) < np.std(ramp) / 5)
    True
    """
    image = as_finite(as_image(image), "flatten_background")
    image = image.astype(fine(image.dtype))
    one_of(by, "by", ("difference", "ratio"))
    sigma = number(sigma, "sigma", low=1e-3)
    # A wide blur has nothing fine in it: computed on a small copy it is the same and takes a fraction of the time.
    shrink = max(1, int(sigma / 4))
    height, width = image.shape[:2]
    small = cv2.resize(image, (-(-width // shrink), -(-height // shrink)), interpolation=cv2.INTER_AREA)
    wide = cv2.GaussianBlur(small, (0, 0), sigma / shrink, borderType=cv2.BORDER_REPLICATE)
    background = cv2.resize(wide, (width, height), interpolation=cv2.INTER_LINEAR)
    if by == "difference":
        return image - background + background.mean()
    return image * np.divide(background.mean(), background, out=np.ones_like(background), where=background != 0)


@counted(extremes, mirrored)
def invert(image: Image) -> Image:
    """Swap bright and dark: 255 - value for uint8, 1 - value for bool, greatest + least - value for floats and int.

    Examples
    --------
    >>> invert(np.array([[0, 200]], np.uint8))
    array([[255,  55]], dtype=uint8)
    """
    values = as_image(image)
    return mirrored(image, np.fmin.reduce(values, axis=None), np.fmax.reduce(values, axis=None))  # NaN left out


@reach("it changes the size")
def resize(image: Image, *, height: int | None = None, width: int | None = None) -> Image:
    """Change the size; with one side given, the other follows.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    height, width : int, optional
        New size in pixels; at least one of them.

    Returns
    -------
    image : array
        Same dtype. Shrinking averages, growing interpolates linearly.

    Examples
    --------
    >>> resize(np.zeros((10, 20), np.uint8), width=10).shape
    (5, 10)
    """
    image = as_finite(as_image(image), "resize")
    if height is None and width is None:
        needed = "resize needs `height`, `width` or both, in pixels"
        raise CvkitError("parameter-missing", came=needed, remedy="such as height=256")
    rows, cols = image.shape[:2]
    new_rows = whole(height, "height") if height is not None else max(1, round(rows * whole(width, "width") / cols))
    new_cols = whole(width, "width") if width is not None else max(1, round(cols * new_rows / rows))
    new_rows, new_cols = as_shape((new_rows, new_cols))
    way = cv2.INTER_AREA if new_rows * new_cols < rows * cols else cv2.INTER_LINEAR
    return _in_float(image, lambda values: cv2.resize(values, (new_cols, new_rows), interpolation=way))


@reach("it changes the size")
def crop(image: Image, *, row0: int = 0, col0: int = 0, row1: int | None = None, col1: int | None = None) -> Image:
    """Cut out rows `row0` to `row1` and columns `col0` to `col1`, the last ones not included.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    row0, col0, row1, col1 : int
        In pixels, from 0; None = to the end.

    Returns
    -------
    image : array
        A copy.

    Examples
    --------
    >>> crop(np.arange(6).reshape(2, 3), row0=1, col1=2)
    array([[3, 4]])
    """
    image = as_image(image)
    rows, cols = image.shape[:2]
    row1, col1 = rows if row1 is None else row1, cols if col1 is None else col1
    if not (0 <= row0 < row1 <= rows and 0 <= col0 < col1 <= cols):
        box = f"the box ({row0}, {col0}, {row1}, {col1}) must hold a pixel and lie within the image of {rows} x {cols}"
        raise CvkitError("crop-box", came=box, remedy="give it as row0, col0, row1, col1")
    return image[row0:row1, col0:col1].copy()


def _in_float(image: np.ndarray, function: Callable) -> np.ndarray:
    """Apply an OpenCV function that averages; a dtype that OpenCV would refuse or narrow goes through float64."""
    if image.dtype in (np.uint8, np.uint16, np.int16):
        return function(np.ascontiguousarray(image))
    low, high = float(image.min()), float(image.max())
    common = low if abs(low) > high - low else 0.0  # OpenCV's weights, of float32, do not quite add up to 1
    values = np.subtract(image, common, dtype=fine(image.dtype))
    return _cast((function(np.ascontiguousarray(values)) + common).clip(low, high), image.dtype)


def _cast(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Change the dtype; to integers by rounding, within their range."""
    if np.issubdtype(dtype, np.integer) and values.dtype.kind == "f":
        info = np.iinfo(dtype)
        values = np.clip(np.rint(values), info.min, info.max)
    return values.astype(dtype, copy=False)
