"""Learning curves: what more labelled images are worth, by each way of learning, with intervals over repetitions."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from cvkit.compare.canvas import blank

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#000000")  # Okabe and Ito's, less yellow
MARKS = "osD^vP*X"  # with the colours, more pairs than anybody draws, told apart in grey too


def t_interval(values: Sequence[float], *, level: float = 0.95) -> tuple[float, float, float]:
    """The mean of a few repetitions and the interval in which it lies, by Student's t.

    Student, Biometrika 6(1), 1908. doi:10.1093/biomet/6.1.1

    Parameters
    ----------
    values : sequence of float
        Such as one score a seed, or one difference of two scores.
    level : float, 0..1

    Returns
    -------
    mean, low, high : float
        The ends are NaN for a single value.

    Examples
    --------
    >>> [round(value, 3) for value in t_interval([1.0, 2.0, 3.0])]
    [2.0, -0.484, 4.484]
    """
    values = np.asarray(values, float)
    mean = float(values.mean())
    if len(values) < 2:
        return mean, float("nan"), float("nan")
    reach = float(stats.t.ppf((1 + level) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return mean, mean - reach, mean + reach


def learning_curves(scores: Mapping[str, Mapping[int, Sequence[float]]], *, name: str = "Dice") -> Figure:
    """Draw a line for each way of learning: its mean score over the number of labelled images.

    Parameters
    ----------
    scores : mapping of label to mapping of number of images to scores
        One score for each repetition.
    name : str
        What the score is.

    Returns
    -------
    figure : matplotlib.figure.Figure
        With the 95 % intervals of the means by `t_interval`.

    Examples
    --------
    >>> figure = learning_curves({"with": {5: [0.8, 0.9], 10: [0.9]}, "without": {5: [0.7, 0.8]}})
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['with', 'without']
    """
    figure = blank(6.4, 4.2, "constrained")
    axes = figure.subplots()
    counts = sorted({count for found in scores.values() for count in found})
    for place, (label, found) in enumerate(scores.items()):
        known = sorted(found)
        means, lows, highs = np.array([t_interval(found[count]) for count in known]).T
        shift = 1 + 0.02 * (place - (len(scores) - 1) / 2)  # the bars of two lines shall not hide each other
        ends = np.nan_to_num([means - lows, highs - means])
        look = {"color": COLOURS[place % len(COLOURS)], "marker": MARKS[place % len(MARKS)], "markersize": 4}
        axes.errorbar(np.array(known) * shift, means, ends, capsize=2, label=label, **look)
    axes.set_xscale("log")
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.set_xticks([], minor=True)
    axes.set(xlabel="labelled images", ylabel=name)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return figure
