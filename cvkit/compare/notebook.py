"""Results as a notebook shows them: a table of HTML, a picture below it. Names in it do no harm."""

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from cvkit.compare import table


def png(figure) -> bytes:
    """A figure of Matplotlib as the bytes of a PNG."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()


def page(heads: Sequence[str], rows: Iterable[tuple], notes: Iterable[str], picture: bytes) -> str:
    """Put a table, sentences and a picture below each other.

    Parameters
    ----------
    heads : sequence of str
    rows : iterable of (name, cells)
        The name in letters of a typewriter; of the cells those that end in ``*`` are bold.
    notes : iterable of str
    picture : bytes
        A PNG.

    Examples
    --------
    >>> page(["method", "Dice"], [("<otsu>", ["0.9*"])], [], b"")[:90]
    '<table><tr><th>method</th><th>Dice</th></tr><tr><td style="text-align: left"><code>&lt;ots'
    """
    lines = [f"<tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr>"]
    for name, cells in rows:
        shown = "".join(f"<td>{_cell(cell)}</td>" for cell in cells)
        left = f'<td style="text-align: left"><code>{escape(table.printable(name))}</code></td>'
        lines.append(f"<tr>{left}{shown}</tr>")
    said = "".join(f"<p>{escape(table.printable(note))}</p>" for note in notes)
    data = base64.b64encode(picture).decode("ascii")
    image = f'<img alt="picture of the results" style="max-width: 100%" src="data:image/png;base64,{data}">'
    return f"<table>{''.join(lines)}</table>{said}{image}"


def scores(summary: dict[str, np.ndarray]) -> tuple[list[str], list[tuple]]:
    """The head and the rows of the summary of a comparison."""
    names = table.columns(summary)
    best = {name: table.best_rows(summary, name) for name in names}
    rows = []
    for row, label in enumerate(summary["method"]):
        cells = [table.written(name, summary[name][row]) + "*" * (row in best[name]) for name in names]
        rows.append((label, cells))
    return ["method", *map(table.title, names)], rows


def _cell(text: str) -> str:
    return f"<b>{escape(text[:-1])}</b>" if text.endswith("*") else escape(text)
