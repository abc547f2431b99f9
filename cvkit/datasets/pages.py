"""Pages of old documents, drawn: the ink is known exactly; paper, stains, fading and the other side are random."""

import importlib.util
import io
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont
from scipy import ndimage

from cvkit.arrays import Image, Mask, whole

SCALE = 2  # drawn so much larger, so that the border of the ink falls between pixels
LETTERS = "etaoinshrdlucmfwypvbgkjqxz"
PAPERS = [(238, 236, 230), (225, 215, 190), (205, 180, 140), (200, 205, 210), (190, 205, 180), (170, 140, 90)]
INKS = [(20, 20, 25), (45, 35, 30), (70, 45, 25), (35, 40, 70), (95, 45, 35), (60, 60, 60)]


def draw_page(seed: int, *, height: int = 384, width: int = 384) -> tuple[Image, Mask]:
    """Draw a degraded page, printed or handwritten, and the mask of its ink.

    Uneven light, grain, stains, faded and blurred strokes, rules, writing that shows through from the other side,
    dark margins, noise and JPEG: each at random, so that many pages teach what ink is.

    Parameters
    ----------
    seed : int
        The same number draws the same page.
    height, width : int
        In pixels.

    Returns
    -------
    image : (height, width, 3) uint8 array
        RGB; grey in every third page.
    ink : (height, width) bool array

    Examples
    --------
    >>> image, ink = draw_page(1, height=96, width=128)
    >>> image.shape, image[ink].mean() < image[~ink].mean()
    ((96, 128, 3), np.True_)
    """
    shape = whole(height, "height"), whole(width, "width")
    rng = np.random.default_rng(whole(seed, "seed", 0))
    cover = _writing(shape, rng)
    image = _paper(shape, rng)
    if rng.random() < 0.6:  # the other side, at times as dark as this one
        other = ndimage.gaussian_filter(_writing(shape, rng)[:, ::-1], rng.uniform(0.6, 3))
        image *= 1 - (rng.uniform(0.05, 0.6) * other * _clouds(shape, rng, 40, 0.3, 1))[..., None]
    image = _stains(image, rng)
    if rng.random() < 0.3:
        image = _rules(image, rng)
    ink = cover > 0.5
    soft = ndimage.gaussian_filter(cover, rng.uniform(0.4, 1.3))
    paper = image.mean(axis=(0, 1))
    colour = np.array(INKS[rng.integers(len(INKS))]) + rng.normal(0, 8, 3)
    colour = paper + (colour - paper) * rng.uniform(0.35, 1)
    strength = soft * _clouds(shape, rng, rng.uniform(4, 30), rng.uniform(0.45, 0.95), 1)
    image += strength[..., None] * (np.clip(colour, 0, 255) - image)
    return _photographed(image, rng), ink


def _writing(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """How much of each pixel is ink, 0 to 1, in lines of words with rough borders."""
    height, width = (SCALE * side for side in shape)
    canvas = Picture.new("L", (width, height))
    draw = ImageDraw.Draw(canvas)
    size = int(SCALE * np.exp(rng.uniform(np.log(12), np.log(60))))
    hand = rng.random() < 0.6
    row = int(rng.uniform(-0.5, 0.8) * size)
    while row < height:
        if hand:
            _hand(draw, row + size, size, width, rng)
        else:
            font = ImageFont.truetype(rng.choice(_fonts()), size)
            words = (_word(rng) for _ in range(2 + 2 * width // size))
            draw.text((int(rng.uniform(-1, 3) * size), row), " ".join(words), fill=255, font=font)
        row += int(size * rng.uniform(1.2, 2.2))
    cover = np.asarray(canvas, np.float32) / 255
    cover = _warped(cover, rng, size / (4 if hand else 12))
    # a threshold that wanders makes strokes thick and thin, and their borders rough
    cover = ndimage.gaussian_filter(cover, 0.04 * size * rng.uniform(0.3, 1))
    level = 0.5 + ndimage.gaussian_filter(rng.normal(size=cover.shape), 1.5) * rng.uniform(0.2, 0.9)
    level += _clouds(cover.shape, rng, 2 * size, -0.15, 0.15)
    sharp = (cover > np.clip(level, 0.12, 0.88)).astype(np.float32)
    return sharp.reshape(shape[0], SCALE, shape[1], SCALE).mean(axis=(1, 3))


def _hand(draw: ImageDraw.ImageDraw, base: int, size: int, width: int, rng: np.random.Generator) -> None:
    """Write a line of joined letters: arcs and loops along the base line, thicker on the way down."""
    nib, slant = max(1.0, size * rng.uniform(0.04, 0.12)), rng.uniform(0, 0.6)
    x = rng.uniform(-1, 2) * size
    while x < width:
        for _ in range(rng.integers(2, 9)):
            step = size * rng.uniform(0.3, 0.6)
            tall = rng.choice([0.5, 0.5, 0.5, 1.2, -0.7])  # of the letter's body; below the line if negative
            top, foot = abs(tall), min(0, tall)
            knots = np.array([(0, 0), (0.45, 0.5), (0.75, top), (0.4, tall / 2 + 0.25), (0.6, foot), (1, 0.05)])
            knots += rng.uniform(-0.15, 0.15, (6, 2))
            along = ndimage.zoom(knots, (8, 1), order=3) * [step, size]
            points = np.column_stack([x + along[:, 0] + slant * along[:, 1], base - along[:, 1]])
            for (x0, y0), (x1, y1) in pairwise(points):
                thick = nib * (1.4 if y1 > y0 else 0.7)
                draw.line([x0, y0, x1, y1], fill=255, width=max(1, round(thick)))
            if rng.random() < 0.15:
                dot = [x + step, base - size * rng.uniform(0.6, 1.1)]
                draw.ellipse([*dot, dot[0] + 1.5 * nib, dot[1] + 1.5 * nib], fill=255)
            x += step
        x += size * rng.uniform(0.4, 1.2)


def _word(rng: np.random.Generator) -> str:
    weights = 1 / np.arange(2, len(LETTERS) + 2)
    word = "".join(rng.choice(list(LETTERS), rng.integers(1, 10), p=weights / weights.sum()))
    style = rng.integers(8)
    if style == 2:
        return str(rng.integers(2000))
    return word.capitalize() if style == 0 else word.upper() if style == 1 else word


@lru_cache(maxsize=1)
def _fonts() -> list[str]:
    """The fonts that matplotlib brings and that hold letters; it is found without being imported."""
    package = Path(importlib.util.find_spec("matplotlib").origin).parent
    folder = package / "mpl-data" / "fonts" / "ttf"
    return sorted(
        str(path)
        for kind in ("DejaVuSerif*", "DejaVuSans*", "STIXGeneral*", "cm[rst]*")
        for path in folder.glob(kind)
        if path.stem != "cmsy10"
    )


def _warped(array: np.ndarray, rng: np.random.Generator, amount: float) -> np.ndarray:
    """Shift every point a little, its neighbours alike."""
    rows, cols = np.indices(array.shape, np.float32)
    for axis in (rows, cols):
        axis += _clouds(array.shape, rng, 6 * amount + 8, -amount, amount)
    return ndimage.map_coordinates(array, [rows, cols], order=1, mode="constant")


def _clouds(shape: tuple, rng: np.random.Generator, size: float, low: float, high: float) -> np.ndarray:
    """A smooth random surface between two values, its features of so many pixels."""
    coarse = rng.random([int(side / size) + 3 for side in shape])
    place = []
    for side, count in zip(shape, coarse.shape, strict=True):
        inner = (0.5, 1.5) if count == 3 and side < size else (1, count - 2)
        place.append(np.linspace(*inner, side))
    found = ndimage.map_coordinates(coarse, np.meshgrid(*place, indexing="ij"), order=2)
    return low + (high - low) * found.clip(0, 1)


def _paper(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    colour = np.array(PAPERS[rng.integers(len(PAPERS))]) + rng.normal(0, 5, 3)
    grain = sum(rng.uniform(0, 7) * (2 * _clouds(shape, rng, size, 0, 1) - 1) for size in (2, 5, 16, 60))
    light = _clouds(shape, rng, rng.uniform(0.5, 2) * max(shape), rng.uniform(0.5, 1), 1)
    image = (colour + grain[..., None]) * light[..., None]
    if rng.random() < 0.15:  # beyond the edge of the sheet it is dark
        edge = int(rng.uniform(0.02, 0.12) * shape[1])
        image[:, :edge] *= ndimage.gaussian_filter1d(rng.uniform(0.1, 0.5, (shape[0], 1)), 9, axis=0)[..., None]
    return image


def _stains(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blots darker than the paper, some with a darker rim, and specks."""
    shape = image.shape[:2]
    for _ in range(rng.integers(0, 3)):
        cloud = _clouds(shape, rng, rng.uniform(30, 200), 0, 1)
        level = rng.uniform(0.6, 0.85)
        inside = 1 / (1 + np.exp(-np.clip((cloud - level) * rng.uniform(10, 80), -30, 30)))
        rim = np.exp(-(((cloud - level) / 0.02) ** 2)) * rng.uniform(0, 1)
        tint = rng.uniform(0.05, 0.4) * np.array([0.6, 0.8, 1])  # brown
        image = image * (1 - (np.clip(inside + rim, 0, 1.3) / 1.3)[..., None] * tint)
    if rng.random() < 0.3:
        specks = ndimage.gaussian_filter((rng.random(shape) < 0.002).astype(float), rng.uniform(0.5, 1.2))
        image = image * (1 - np.clip(specks * rng.uniform(0.5, 3), 0, 0.6))[..., None]
    return image


def _rules(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pale lines to write on: they are not ink."""
    gap, pale = rng.integers(16, 70), rng.uniform(0.05, 0.3)
    lines = np.zeros(image.shape[:2])
    lines[rng.integers(gap) :: gap] = 1
    lines = _warped(ndimage.gaussian_filter(lines, 0.6), rng, 1.5)
    if rng.random() < 0.3 and image.shape[0] == image.shape[1]:
        lines = np.maximum(lines, np.rot90(lines))
    return image * (1 - pale * lines[..., None] * rng.uniform(0.3, 1, 3))


def _photographed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur, noise, grey, 8 bits and JPEG."""
    blur = rng.uniform(0, 0.8)
    image = ndimage.gaussian_filter(image, (blur, blur, 0))
    image += rng.normal(0, rng.uniform(0, 6), image.shape[:2])[..., None]
    if rng.random() < 0.33:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    image = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        held = io.BytesIO()
        Picture.fromarray(image).save(held, "JPEG", quality=int(rng.integers(40, 95)))
        image = np.asarray(Picture.open(held))
    return image
