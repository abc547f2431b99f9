"""Scores along a line: over the epochs of a training, over the values of a parameter."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from cvkit.compare.canvas import BLUE, GREY, ORANGE, PALE, SIZE, blank, column, wrapped

ACROSS, DOWN = 3.2, 2.6  # of a panel, inches
MOST = 4  # panels beside each other
NAMES = 12  # values that are no numbers, of which the names are written at the axis


def curves(history: Sequence[dict]) -> Figure:
    """Draw how a training went: a panel for each score, what was learnt beside what was held back.

    Parameters
    ----------
    history : sequence of dict
        One an epoch: ``epoch`` or ``step``, and numbers by name; those called ``val_NAME`` are drawn beside NAME.
        What is no number in any row is passed over.

    Returns
    -------
    figure : matplotlib.figure.Figure

    Examples
    --------
    >>> figure = curves([{"epoch": 1, "loss": 1.0, "val_loss": 1.1}, {"epoch": 2, "loss": 0.8, "val_loss": 1.0}])
    >>> [axes.get_title() for axes in figure.axes]
    ['loss']
    """
    clock = next((name for name in ("epoch", "step") if name in history[0]), "epoch")
    names = list(dict.fromkeys(name.removeprefix("val_") for row in history for name in row if name != clock))
    lines = {name: [(key, label, _column(history, key)) for key, label in _lines(name)] for name in names}
    lines = {name: found for name, found in lines.items() if any(np.isfinite(one[2]).any() for one in found)}
    times = [row.get(clock, place) for place, row in enumerate(history, 1)]
    figure, panels = _panels(len(lines))
    for axes, (name, found) in zip(panels, lines.items(), strict=True):
        for key, label, values in found:
            if np.isfinite(values).any():
                style = {"color": BLUE} if key != name else {"color": ORANGE, "linestyle": "--"}
                axes.plot(times, values, marker="." if len(times) < 20 else "", label=label, **style)
        axes.set_title(wrapped(name, 34), fontsize=SIZE + 2)
        axes.set_xlabel(clock, fontsize=SIZE + 1)
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        axes.legend(frameon=False, fontsize=SIZE)
    return figure


def sweep(
    choices: Mapping[str, Sequence],
    values: Sequence[float],
    low: Sequence[float] | None = None,
    high: Sequence[float] | None = None,
    *,
    title: str = "",
    best_is_low: bool = False,
) -> Figure:
    """Draw what each parameter does to a score: a panel for each, in which every combination that was tried is a dot.

    Parameters
    ----------
    choices : dict of parameter -> values
        One value for each combination; texts and None are put beside each other in their order.
    values, low, high : sequences of float
        The score of each combination and its interval, which is drawn where it is the best at a value.
    title : str
        What the score is called.
    best_is_low : bool
        Whether less is better.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The line runs through the best at each value, over all choices of the other parameters; a star is the winner.

    Examples
    --------
    >>> figure = sweep({"window": [15, 31, 51], "k": [0.2, 0.2, 0.2]}, [0.7, 0.9, 0.8], title="Dice")
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['window', 'k']
    """
    values, low, high = (column(part, len(values)) for part in (values, low, high))
    rank = np.nan_to_num(values if best_is_low else -values, nan=np.inf)
    figure, panels = _panels(len(choices))
    for axes, (name, given) in zip(panels, choices.items(), strict=True):
        places = _places(axes, list(given))
        best = [min(np.flatnonzero(places == place), key=rank.__getitem__) for place in np.unique(places)]
        axes.plot(places, values, ".", color=GREY, markersize=4)
        axes.fill_between(places[best], low[best], high[best], color=PALE, linewidth=0)
        axes.plot(places[best], values[best], color=BLUE, marker="o", markersize=4)
        axes.plot(
            places[rank.argmin()], values[rank.argmin()], "*", color=ORANGE, markeredgecolor="black", markersize=13
        )
        axes.set_xlabel(wrapped(name, 34), fontsize=SIZE + 1)
        axes.set_ylabel(title, fontsize=SIZE + 1)
    return figure


def _lines(name: str) -> tuple:
    return (name, "training"), (f"val_{name}", "validation")


def _column(history: Sequence[dict], key: str) -> np.ndarray:
    numbers = (value if isinstance(value := row.get(key), (int, float)) else np.nan for row in history)
    return np.array(list(numbers), np.float64)


def _panels(count: int) -> tuple[Figure, list]:
    """A figure with so many panels, in rows."""
    columns = min(max(count, 1), MOST)
    rows = max(-(-count // columns), 1)
    figure = blank(ACROSS * columns, DOWN * rows, "constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for axes in panels[count:]:
        axes.remove()
    for axes in panels[:count]:
        axes.grid(color=PALE, linewidth=0.5)
        axes.tick_params(labelsize=SIZE)
    return figure, panels[:count]


def _places(axes, given: list) -> np.ndarray:
    """Where values stand on the axis: numbers where they belong, all else in their order under their names."""
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in given):
        return np.array(given, np.float64)
    names = list(dict.fromkeys(map(str, given)))
    every = -(-len(names) // NAMES)
    texts = [name if len(name) <= 16 else f"{name[:13]}..." for name in names[::every]]
    lying = len(names) <= 3 and max(map(len, texts)) <= 10
    axes.set_xticks(range(0, len(names), every), texts, rotation=0 if lying else 90)
    axes.margins(x=0.15)
    return np.array([names.index(str(value)) for value in given], np.float64)
