"""Pictures beside each other, each under its title: of a comparison, of the steps of a pipeline, of a set.

The figures belong to no window system and to no global state: save them with ``figure.savefig(path)``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from cvkit.arrays import VOID, Image, as_image, as_labels, as_mask, is_mask, kind_of, same_shape
from cvkit.compare import paint
from cvkit.compare.canvas import SIZE, TEXT, blank, height_of, letters, wrapped
from cvkit.compare.paint import errors, overlay
from cvkit.errors import CvkitError

__all__ = ["errors", "grid", "overlay", "samples", "steps"]

WIDTH, GAP, LEGEND = 2.6, 0.16, 0.3  # of a panel, between panels, of a line of the legend: inches
TALLEST, FLATTEST = 4.0, 0.9  # heights of a panel, inches


@dataclass
class _Panel:
    title: str
    content: np.ndarray | str  # a picture, or a text in its place
    best: bool = False


def grid(image: Image, predictions: dict, truth=None, scores: dict | None = None) -> Figure:
    """Draw an image, its truth, and what each method made of it.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
        Stretched for display, except RGB of 8 bits.
    predictions : dict of label -> (H, W) array or str
        Masks, int32 labels or uint8 classes; a text says why the method failed.
    truth : (H, W) array, optional
        With it predictions are shown as hit (white), missed (blue), false alarm (orange) and background (black), and
        a grey line parts objects that touch. Without it objects are outlined on the image.
    scores : dict of label -> dict, optional
        Numbers to write beside the method: ``dice`` and ``ap50``, or ``mean_iou``, or else ``coverage`` and
        ``objects``. The method of the highest Dice, or mean IoU, is marked by bold letters and ``*``.

    Returns
    -------
    figure : matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> image = np.array([[10, 10, 200]], np.uint8)
    >>> figure = grid(image, {"otsu": image > 100}, truth=image > 50)
    >>> [axes.get_title() for axes in figure.axes]
    ['image', 'truth', 'otsu']
    """
    scores = scores or {}
    best, image = _best(scores), as_image(image)
    truth = None if truth is None else _as_answer(truth, "truth")
    small = paint.thin(image)
    panels = [_Panel("image", paint.as_rgb(small))]
    if truth is not None:
        same_shape(image, truth, "image and truth")
        panels.append(_Panel("truth", paint.judged(paint.thin(truth), paint.thin(truth))))
    shown = [truth]
    for label, prediction in predictions.items():
        title = f"{label} *" if label in best else label
        if isinstance(prediction, str):
            panels.append(_Panel(title, f"failed: {prediction}"))
            continue
        prediction = _as_answer(prediction, f"the prediction of {label}")
        same_shape(image, prediction, f"the image and the prediction of {label}")
        title = "\n".join(filter(None, [title, _score(scores.get(label, {}))]))
        picture = (
            paint.on_image(small, paint.thin(prediction))
            if truth is None
            else paint.judged(paint.thin(truth), paint.thin(prediction))
        )
        panels.append(_Panel(title, picture, label in best))
        shown.append(prediction)
    return _draw(panels, _legend(truth, [array for array in shown if array is not None]))


def steps(trace: list[tuple]) -> Figure:
    """Draw what each step of a pipeline gives.

    Parameters
    ----------
    trace : list of (text, array)
        From `Pipeline.trace`: the image first. A text in the place of an array is shown as it is.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Images stretched for display, masks white on black, objects each in a colour, tables by their first rows.

    Examples
    --------
    >>> from cvkit import Pipeline
    >>> figure = steps(Pipeline("otsu | label | regions").trace(np.array([[10, 10, 200]], np.uint8)))
    >>> [axes.get_title() for axes in figure.axes]
    ['image', 'otsu', 'label', 'regions']
    """
    panels, answered = [], False
    for text, result in trace:
        answered = answered or (bool(panels) and _is_answer(result))
        panels.append(_Panel(text, _shown(result) if answered else paint.as_rgb(paint.thin(result))))
    return _draw(panels, {})


def samples(images: Sequence[Image], truths: Sequence | None = None, titles: Sequence[str] | None = None) -> Figure:
    """Draw images beside each other: what is to be learnt from, or what a generator has made.

    Parameters
    ----------
    images : sequence of (H, W) or (H, W, 3) arrays
        Of any sizes.
    truths : sequence of (H, W) arrays, optional
        Masks, labels or classes, one for each image: outlined on it, or classes beside it. Look whether they fit.
    titles : sequence of str, optional
        What stands above each; by default its place.

    Returns
    -------
    figure : matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no image, not one truth or title for each, or a truth has another shape.

    Examples
    --------
    >>> images = np.zeros((2, 8, 8), np.uint8)
    >>> [axes.get_title() for axes in samples(images, images > 0, ["a", "b"]).axes]
    ['a', 'b']
    """
    images = list(images)
    truths = [None] * len(images) if truths is None else list(truths)
    titles = list(map(str, range(len(images)))) if titles is None else list(titles)
    if not images or len({len(images), len(truths), len(titles)}) > 1:
        came = f"{len(images)} images, {len(truths)} truths and {len(titles)} titles"
        raise CvkitError("samples-count", "at least one image, with one truth and title for each", came=came)
    panels = []
    for image, truth, title in zip(images, truths, titles, strict=True):
        small = paint.thin(as_image(image))
        panels.append(_Panel(title, paint.as_rgb(small)))
        if truth is not None:
            same_shape(image, truth, f"image and truth of {title}")
            answer = paint.thin(_as_answer(truth, f"the truth of {title}"))
            if kind_of(answer) == "classes":
                panels.append(_Panel(f"classes of {title}", paint.class_colours(answer)))
            else:
                panels[-1].content = paint.overlay(small, answer)
    return _draw(panels, {})


def _is_answer(result) -> bool:
    """Tell an answer from an image; grey images and classes are both uint8, but classes are few."""
    if isinstance(result, (dict, str)) or is_mask(result) or result.dtype == np.int32:
        return True
    return result.ndim == 2 and result.dtype == np.uint8 and len(np.unique(result)) <= 24


def _shown(result) -> np.ndarray | str:
    if isinstance(result, str):
        return result
    return _rows(result) if isinstance(result, dict) else paint.alone(paint.thin(result))


def _rows(table: dict, most: int = 8) -> str:
    """The first rows and columns of a table that fit in a panel."""
    columns = [[name, *(f"{value:.4g}" for value in values[:most])] for name, values in table.items()]
    lines = [""] * max(map(len, columns))
    for column in columns:
        wider = [f"{line} {cell:>{max(map(len, column))}}" for line, cell in zip(lines, column, strict=True)]
        if len(wider[0]) > letters(WIDTH) - 2:
            break
        lines = wider
    rows = len(next(iter(table.values())))
    return "\n".join([*lines, f"{rows} rows of {len(table)} columns"])


def _as_answer(answer: np.ndarray, name: str) -> np.ndarray:
    """A mask, or labels or classes of any width."""
    if is_mask(answer):
        return as_mask(answer, name)
    labels = as_labels(answer, name, void=True)
    return labels.astype(np.uint8) if getattr(answer, "dtype", None) == np.uint8 else labels


def _legend(truth: np.ndarray | None, shown: list[np.ndarray]) -> dict[str, tuple]:
    """What the colours mean: name -> colour."""
    kinds = [kind_of(array) for array in shown]
    if truth is not None and not (kinds[0] == "classes" and "classes" in kinds[1:]):
        touch = any(kind == "labels" for kind in kinds)
        return paint.MEANING | ({"border of two objects": paint.GREY} if touch else {}) if len(shown) > 1 else {}
    present = np.unique(
        np.concatenate([np.unique(a) for a, kind in zip(shown, kinds, strict=True) if kind == "classes"] or [[]])
    )
    present = present.astype(np.uint8)
    colours = paint.class_colours(present[None])[0] if present.size else []
    return {"void" if n == VOID else f"class {n}": tuple(colour) for n, colour in zip(present, colours, strict=True)}


def _best(scores: dict[str, dict]) -> set[str]:
    """Who has the highest Dice, or mean IoU; as printed, so that equal figures are marked alike."""
    for name in ("dice", "mean_iou"):
        known = {
            label: round(float(one[name]), 3) for label, one in scores.items() if not np.isnan(one.get(name, np.nan))
        }
        if len(known) > 1:
            return {label for label, value in known.items() if value == max(known.values()) > 0}
    return set()


def _score(scores: dict) -> str:
    """One line of numbers."""
    known = {name: value for name, value in scores.items() if not isinstance(value, str) and not np.isnan(value)}
    if "dice" in known:
        return f"Dice {known['dice']:.3f}" + (f", AP50 {known['ap50']:.3f}" if "ap50" in known else "")
    if "mean_iou" in known:
        return f"mean IoU {known['mean_iou']:.3f}"
    words = [f"{known['coverage']:.1%} covered"] if "coverage" in known else []
    return ", ".join(words + ([f"{known['objects']:.0f} objects"] if "objects" in known else []))


def _columns(count: int) -> int:
    """A little wider than high, with as few empty places as can be."""
    if count <= 4:
        return count
    least = int(np.ceil(np.sqrt(count)))
    return min(range(least, least + 2), key=lambda columns: -count % columns)


def _draw(panels: list[_Panel], legend: dict[str, tuple]) -> Figure:
    """Put panels in rows; each row is as high as its longest title and its pictures need."""
    titles = [wrapped(panel.title, letters(WIDTH)) for panel in panels]
    columns = _columns(len(panels))
    tall, wide = panels[0].content.shape[:2]
    height = min(max(WIDTH * tall / wide, FLATTEST), TALLEST)
    starts = range(0, len(panels), columns)
    heads = [max(map(height_of, titles[start : start + columns])) + GAP for start in starts]
    across = columns * (WIDTH + GAP) + GAP
    each = max(int((across - 2 * GAP) / 1.15), 1)  # entries of the legend in a line
    foot = GAP + LEGEND * -(-len(legend) // each)
    down = sum(heads) + height * len(heads) + foot
    figure = blank(across, down)
    top = down
    for start, head in zip(starts, heads, strict=True):
        top -= head + height
        for column, (panel, title) in enumerate(zip(panels[start : start + columns], titles[start:], strict=False)):
            left = GAP + column * (WIDTH + GAP)
            axes = figure.add_axes((left / across, top / down, WIDTH / across, height / down))
            _fill(axes, panel, title)
    if legend:
        patches = [Patch(facecolor=np.array(c) / 255, edgecolor="0.5", label=name) for name, c in legend.items()]
        figure.legend(
            handles=patches, loc="lower center", ncols=each, frameon=False, fontsize=SIZE + 1, labelcolor="black"
        )
    return figure


def _fill(axes: Axes, panel: _Panel, title: str) -> None:
    axes.set_title(title, pad=3, fontweight="bold" if panel.best else "normal", linespacing=1.2, **TEXT)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(color="0.6", linewidth=0.5)
    if isinstance(panel.content, str):
        axes.set_facecolor("0.9")
        content = panel.content if "\n" in panel.content else wrapped(panel.content, letters(WIDTH) - 3)
        axes.text(0.5, 0.5, content, ha="center", va="center", transform=axes.transAxes, **TEXT)
    else:
        axes.imshow(panel.content, origin="upper", aspect="equal")
