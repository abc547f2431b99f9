"""Curves of a training: scores over epochs, as a picture."""

from collections.abc import Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def curves(history: Sequence[dict]) -> Figure:
    """Draw how a training went: a panel for each score, what was learnt beside what was held back.

    Parameters
    ----------
    history : sequence of dict
        One an epoch: ``epoch``, and numbers by name; those called ``val_NAME`` are drawn beside NAME.

    Returns
    -------
    figure : matplotlib.figure.Figure

    Examples
    --------
    >>> figure = curves([{"epoch": 1, "loss": 1.0, "val_loss": 1.1}, {"epoch": 2, "loss": 0.8, "val_loss": 1.0}])
    >>> [axes.get_title() for axes in figure.axes]
    ['loss']
    """
    names = [name for name in history[0] if name != "epoch" and not name.startswith("val_")]
    figure = Figure(figsize=(3.2 * len(names), 2.6), dpi=120, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    epochs = [row["epoch"] for row in history]
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        for key, label in ((name, "training"), (f"val_{name}", "validation")):
            if key in history[0]:
                axes.plot(epochs, [row[key] for row in history], marker="." if len(epochs) < 20 else "", label=label)
        axes.set_title(name)
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    return figure
