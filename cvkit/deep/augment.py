"""Random changes of training images, written as text: image and truth in one warp, then the image's colours.

"flip | rotate(degrees=10) | gamma(factor=1.3) | blur(p=0.1)" is a line as of a pipeline; "none", "light" and "strong"
stand for lines of their own, and may be parts of a longer one: "strong | stain". What may turn where is in the text:
cells have no up and down, streets do.
"""

import difflib
from collections.abc import Callable

import cv2
import numpy as np

from cvkit import registry
from cvkit.deep import colour
from cvkit.errors import CvkitError

PRESETS = {
    "none": "",
    "light": "flip | rotate(degrees=5) | scale(factor=1.25) | gamma(factor=1.25) | contrast | brightness "
    "| noise(p=0.1)",
    "strong": "flip(vertical=True) | rotate | scale | stretch | elastic | gamma | contrast | tint | brightness | blur "
    "| noise | coarsen",
}


def flip(rng: np.random.Generator, size: int, *, vertical: bool = False) -> np.ndarray:
    """Swap left and right in one of two patches; with `vertical` up and down too."""
    return np.diag([rng.choice([-1.0, 1.0]), rng.choice([-1.0, 1.0]) if vertical else 1.0])


def rotate(rng: np.random.Generator, size: int, *, degrees: float = 180.0) -> np.ndarray:
    """Turn by an angle of up to `degrees` to either side."""
    angle = np.deg2rad(rng.uniform(-degrees, degrees))
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def scale(rng: np.random.Generator, size: int, *, factor: float = 1.41) -> np.ndarray:
    """Make things larger or smaller, up to `factor` times."""
    return np.eye(2) * colour.ratio(rng, factor)


def stretch(rng: np.random.Generator, size: int, *, factor: float = 1.11) -> np.ndarray:
    """Make things longer and thinner, up to `factor` times each."""
    longer = colour.ratio(rng, factor)
    return np.diag([longer, 1 / longer])


def elastic(rng: np.random.Generator, size: int, *, shift: float = 3.0, wave: float = 32.0) -> np.ndarray:
    """Bend: random displacements of standard deviation `shift` pixels every `wave` pixels, smooth in between.

    P. Simard, D. Steinkraus, J. Platt, ICDAR 2003. doi:10.1109/ICDAR.2003.1227801
    """
    coarse = rng.normal(0, shift, (int(size / wave) + 2, int(size / wave) + 2, 2)).astype(np.float32)
    return cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)


SHAPES = {step.__name__: step for step in (flip, rotate, scale, stretch, elastic)}
RARE = {"elastic": 0.3, "blur": 0.2, "noise": 0.3, "coarsen": 0.15}  # how probable; other steps always


class Augmentation:
    """Cut a patch out of an image and its truth, and change both as a text says.

    Parameters
    ----------
    text : str
        Steps, or a preset, or both: see this module and `cvkit.deep.colour`. Every step takes `p`, its probability.

    Raises
    ------
    ValueError
        If a step or an argument is not known.

    Examples
    --------
    >>> augment = Augmentation("flip | gamma(factor=1.5, p=0.5)")
    >>> image, truth = np.zeros((40, 50, 1), np.float32), np.zeros((40, 50), np.uint8)
    >>> [array.shape for array in augment(image, truth, np.random.default_rng(0), centre=(20, 25), size=32)]
    [(32, 32, 1), (32, 32)]
    """

    def __init__(self, text: str) -> None:
        parts = [part for given in registry.split(text) for part in registry.split(PRESETS.get(given, given)) if part]
        steps = [_step(part) for part in parts]
        self.shapes = [step for step in steps if step[0] in SHAPES.values()]
        self.colours = [step for step in steps if step[0] not in SHAPES.values()]

    def __call__(
        self, image: np.ndarray, truth: np.ndarray, rng: np.random.Generator, *, centre: tuple, size: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Give a patch of an image and of its truth.

        Parameters
        ----------
        image : (H, W, C) float32 array
            Values around 0..1.
        truth : (H, W) array
            uint8 classes or int32 labels.
        rng : numpy.random.Generator
        centre : (row, col)
            Where the middle of the patch lies.
        size : int
            Side of the patch in pixels.

        Returns
        -------
        image : (size, size, C) float32 array
            Beyond the border the image is reflected.
        truth : (size, size) array
            Beyond the border void, 255 in classes and -1 in labels, so that no answer is learnt from a reflection.
        """
        image, truth = self.cut(image, truth, rng, centre=centre, size=size)
        return self.recolour(image, rng), truth

    def cut(self, image, truth, rng, *, centre: tuple, size: int) -> tuple[np.ndarray, np.ndarray]:
        """The warp alone."""
        matrix, field = np.eye(2), None
        for step, arguments, probability in self.shapes:
            if probability < 1 and rng.random() >= probability:
                continue
            change = step(rng, size, **arguments)
            if change.ndim == 2:
                matrix = matrix @ np.linalg.inv(change)  # from patch to image, x before y
            else:
                field = change
        middle = np.array([centre[1], centre[0]]) - matrix @ np.full(2, (size - 1) / 2)
        places = np.column_stack([matrix, middle]) if field is None else _places(matrix, middle, field)
        parts = truth.view(np.uint8).reshape(*truth.shape, -1)  # bytes, 255 in each: that is void in either dtype
        patch = _warp(image, places, size, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        answer = _warp(parts, places, size, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=(255,) * 4)
        return patch.reshape(size, size, -1), answer.view(truth.dtype).reshape(size, size)

    def recolour(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The colours alone."""
        for step, arguments, probability in self.colours:
            if probability == 1 or rng.random() < probability:
                image = step(image, rng, **arguments).reshape(image.shape)  # OpenCV drops an axis of one channel
        return image


def _step(text: str) -> tuple[Callable, dict, float]:
    """Find the function, the arguments and the probability of a step."""
    name, arguments = registry.parse(text)
    known = SHAPES | colour.COLOURS
    if name not in known:
        near = difflib.get_close_matches(name, [*known, *PRESETS], n=1)
        hint = f"did you mean {near[0]!r}" if near else f"known: {', '.join([*PRESETS, *known])}."
        raise CvkitError("augment-unknown", came=f"no step of augmentation is called {name!r}", remedy=hint)
    probability = arguments.pop("p", RARE.get(name, 1.0))
    takes = known[name].__kwdefaults__
    if unknown := set(arguments) - set(takes):
        raise CvkitError(
            "augment-argument",
            f"{name} takes {', '.join([*takes, 'p'])}",
            came=f"{', '.join(sorted(unknown))}",
            remedy="use these names alone",
        )
    wrong = [value for value in (probability, *arguments.values()) if not isinstance(value, (int, float)) or value < 0]
    if wrong or probability > 1:
        raise CvkitError(
            "augment-argument",
            came=f"in {text!r}: expected numbers of at least 0, and `p` of at most 1",
            remedy="change the number",
        )
    return known[name], arguments, probability


def _places(matrix: np.ndarray, middle: np.ndarray, field: np.ndarray) -> tuple:
    """Where in the image each pixel of the patch comes from, x and y."""
    size = len(field)
    rows, cols = np.arange(size, dtype=np.float32)[:, None], np.arange(size, dtype=np.float32)
    return tuple(
        field[:, :, axis]
        + (np.float32(matrix[axis, 0]) * cols + np.float32(middle[axis]))
        + float(matrix[axis, 1]) * rows
        for axis in (0, 1)
    )


def _warp(array: np.ndarray, places, size: int, how: int, **border) -> np.ndarray:
    if isinstance(places, tuple):
        return cv2.remap(array, *places, how, **border)
    return cv2.warpAffine(array, places, (size, size), flags=how | cv2.WARP_INVERSE_MAP, **border)
