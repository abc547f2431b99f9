"""Every method on one image at a glance: ``cvkit.try_all(image)``."""

from collections.abc import Iterable

import numpy as np
from matplotlib.figure import Figure

from cvkit import classic, registry
from cvkit.arrays import Image, as_image, kind_of
from cvkit.compare import plot
from cvkit.compare.evaluate import reason
from cvkit.pipeline import Pipeline


def try_all(image: Image, methods: Iterable | None = None, *, foreground: str = "bright") -> Figure:
    """Draw what every method makes of an image.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
        Any real dtype.
    methods : iterable, optional
        Names from `cvkit.methods`, or whatever else `cvkit.segment` takes; by default all thresholds, with their
        defaults. The histogram is counted once for all of them.
    foreground : {"bright", "dark", "auto"}
        For thresholds named alone, see `cvkit.classic.segment`. For ink on paper use "dark" or "auto".

    Returns
    -------
    figure : matplotlib.figure.Figure
        Masks white on black, objects and classes in colours, each with how much it covers. A method that fails says
        why in its place. Save it with ``figure.savefig("all.png")``.

    Raises
    ------
    ValueError, TypeError
        If the image is none, or a method is not known.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.random.default_rng(0).integers(0, 255, (40, 50), np.uint8)
    >>> figure = try_all(image, ["otsu", "median(size=3) | li"], foreground="dark")
    >>> [axes.get_title().partition(chr(10))[0] for axes in figure.axes]
    ['image', 'otsu', 'median(size=3) | li']
    """
    image = as_image(image)
    given = registry.thresholds() if methods is None else [methods] if isinstance(methods, str) else methods
    pipelines = {str(pipeline): pipeline for pipeline in map(Pipeline, given)}
    alone = [name for name in pipelines if name in registry.thresholds()]
    found = classic.segment_each(image, alone, foreground=foreground)
    answers = {name: found[name] if name in found else _answer(one, image) for name, one in pipelines.items()}
    return plot.steps([("image", image), *map(_titled, answers, answers.values())])


def _titled(name: str, answer) -> tuple:
    if isinstance(answer, str):
        return name, f"failed: {answer}"
    if isinstance(answer, dict) or answer.dtype == np.uint8:  # tables and classes have no foreground
        return name, answer
    return f"{name}\n{np.mean(answer > 0):.1%} covered", answer


def _answer(pipeline: Pipeline, image: Image):
    try:
        answer = pipeline(image)
        kind_of(answer)
        return answer
    except Exception as fault:  # whatever a network or a function of the user raises belongs into its cell
        return reason(fault)
