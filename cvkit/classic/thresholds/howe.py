"""Howe's binarisation of documents: the mask of least energy, whose outline is free along edges and costs elsewhere.

    energy = sum over ink of -laplacian, + smoothness * contrast for every two neighbours parted off the edges

N. R. Howe, Document binarization with automatic parameter tuning, International Journal on Document Analysis and
Recognition 16(3), 2013. doi:10.1007/s10032-012-0192-x
"""

from collections.abc import Iterator

import cv2
import numpy as np

from cvkit.arrays import Image, Mask, number, one_of
from cvkit.classic.cuts import minimum_cut
from cvkit.reach import reach

SIGMA = 0.6  # of the smoothing before edges and Laplacian, in pixels
UNIT = 256  # prices are whole numbers of this part of the contrast
SURE = 1 << 24  # more than any pixel's neighbours can do
REACH = 16  # pixels; farther than this from every edge there is paper
LOW = 0.25  # of the high threshold of edges, down to which an edge is followed
STRIP = 6 << 20  # pixels that are segmented at a time
HALO = 128  # rows around a strip that are looked at, too
SPREAD = 10  # of what counts as around a pixel, in pixels


@reach("it cuts the whole image at once")
def segment(image: Image, *, foreground: str = "bright", edges: float = 1.35, smoothness: float = 0.5) -> Mask:
    """Segment pen strokes and print from stained, faded or unevenly lit paper.

    Ink is where the Laplacian is positive, smoothed so that a boundary off the edges costs; edges are Canny's, and
    the strength from which an edge counts is found on the page itself: Otsu's threshold of the gradients at their
    local maxima parts the outlines of ink from the grain of the paper. It takes the place of Howe's search for
    the most stable answer, and needs one cut instead of many.

    Parameters
    ----------
    image : (H, W) array
        Scanned so that strokes are some 2 to 30 pixels wide; made for dark ink, ``foreground="dark"``.
    foreground : {"bright", "dark"}
        Light ink on dark ground or dark ink on light ground.
    edges : float, above 0
        How strong an edge must be at its strongest place, in units of the page's own threshold. More: faint ink and
        noise are lost.
    smoothness : float, at least 0
        The price of a boundary off the edges, in units of the same threshold. More: fewer specks and thin strokes.

    Returns
    -------
    mask : (H, W) bool array
        The least energy is exact; images of more than 6 megapixels are solved in strips that overlap by 128 rows. On
        a page without any ink the grain of the paper is what stands out, and is found.

    Examples
    --------
    >>> page = np.full((9, 9), 200, np.uint8)
    >>> page[3:6, 2:7] = 90
    >>> np.array_equal(segment(page, foreground="dark"), page < 100)
    True
    """
    one_of(foreground, "foreground", ("bright", "dark"))
    number(edges, "edges", low=np.finfo(float).tiny)
    number(smoothness, "smoothness", low=0, high=UNIT)
    if image.shape[1] > image.shape[0]:  # strips run along the short side, and a transposed page gets the same answer
        return segment(image.T, foreground=foreground, edges=edges, smoothness=smoothness).T
    strips = list(_strips(*image.shape))
    low, high = float(image.min()), float(image.max())
    scale = (255 if foreground == "dark" else -255) / (high - low or 1)
    contrast = _contrast(_plain(image[rows], low, scale)[0] for rows, _ in strips)
    mask = np.zeros(image.shape, bool)
    if contrast > 0:
        for rows, inner in strips:
            ink = _ink(*_plain(image[rows], low, scale), contrast, edges, smoothness)
            mask[rows][inner] = ink[inner]
    return mask


def _strips(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """The rows to look at, and which of them to keep."""
    most = max(STRIP // width, 2 * HALO)
    for start in range(0, height, most):
        first, last = max(start - HALO, 0), min(start + most + HALO, height)
        yield slice(first, last), slice(start - first, min(start + most, height) - first)


def _plain(image: Image, low: float, scale: float) -> tuple[np.ndarray, np.ndarray | None]:
    """Dark ink within 0..255 or -255..0, smoothed; and where nothing is known, which is filled from around."""
    unknown = np.ma.getmaskarray(image) if np.ma.isMaskedArray(image) else None
    plain = ((np.ma.getdata(image).astype(np.float64) - low) * scale).astype(np.float32)
    if unknown is not None and unknown.any():
        weight = (~unknown).astype(np.float32)
        plain[unknown] = 0
        near = _blur(plain, SPREAD) / np.maximum(_blur(weight, SPREAD), 1e-6)
        plain[unknown] = near[unknown]
    return _blur(plain, SIGMA), unknown


def _contrast(smooth: Iterator[np.ndarray]) -> float:
    """Otsu's threshold of the gradients at their local maxima; 0 where there are none."""
    ridges = []
    for strip in smooth:
        across, along = _gradient(strip)
        strength = np.hypot(across, along)
        ridges.append(strength[_canny(across, along, 0, 0)])
    ridges = np.concatenate(ridges)
    highest = float(ridges.max()) if ridges.size else 0.0
    if highest == 0:
        return 0.0
    levels = (ridges * (255 / highest)).astype(np.uint8).reshape(-1, 1)
    return (cv2.threshold(levels, 0, 255, cv2.THRESH_OTSU)[0] + 0.5) * highest / 255


def _ink(
    smooth: np.ndarray, unknown: np.ndarray | None, contrast: float, edges: float, smoothness: float
) -> np.ndarray:
    """The mask of least energy of a strip."""
    strong = edges * contrast
    outline = _canny(*_gradient(smooth), LOW * strong, strong)
    cost = cv2.Laplacian(smooth, cv2.CV_32F, ksize=1, scale=-UNIT / contrast, borderType=cv2.BORDER_REPLICATE)
    cost = np.rint(cost).astype(np.int32)
    cost[_paper(smooth, outline)] = SURE
    if unknown is not None:
        cost[unknown] = SURE
    price = round(UNIT * smoothness)
    right, down = np.full((2, *smooth.shape), price, np.int32)
    right[:, :-1][_free(smooth[:, :-1], smooth[:, 1:], outline[:, :-1], outline[:, 1:])] = 0
    down[:-1][_free(smooth[:-1], smooth[1:], outline[:-1], outline[1:])] = 0
    return minimum_cut(cost, right, down)


def _free(one: np.ndarray, other: np.ndarray, one_edge: np.ndarray, other_edge: np.ndarray) -> np.ndarray:
    """Where two neighbours may part for nothing: the darker of them lies on an edge, so that edges belong to ink."""
    return (one_edge & (one <= other)) | (other_edge & (other <= one))


def _paper(smooth: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """What is surely no ink: brighter than around it by what is usual there, or far from edges and not much darker."""
    around = smooth - _blur(smooth, SPREAD)
    usual = np.sqrt(_blur(around * around, 2 * SPREAD))
    far = cv2.dilate(outline.view(np.uint8), np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8)) == 0
    return (around > usual) | (far & (around > -1.5 * usual))


def _gradient(smooth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sobel's two derivatives."""
    return cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)


def _canny(across: np.ndarray, along: np.ndarray, low: float, high: float) -> np.ndarray:
    """Canny's edges of a gradient, which OpenCV takes as 16-bit integers; all local maxima if there is no threshold."""
    most = max(float(np.abs(across).max()), float(np.abs(along).max()), high / 2)
    scale = 30000 / (most or 1)
    across, along = (np.rint(part * scale).astype(np.int16) for part in (across, along))
    return cv2.Canny(across, along, max(low * scale, 1), max(high * scale, 1), L2gradient=True).astype(bool)


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), sigma)
