"""A comparison as one page of HTML that needs nothing else: no script, no network; names in it do no harm."""

import base64
import os
import platform
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from cvkit import __version__
from cvkit.compare import paint, table
from cvkit.compare.comparison import Comparison
from cvkit.encode import encode
from cvkit.errors import LibraryMissing
from cvkit.io import write_bytes

SIDE = 160  # of a thumbnail at most, in pixels
CASES = 3  # best and worst images that are named
CHART = 900  # width of the drawing, in its own units


class Pictures:
    """Thumbnails of the images that a comparison runs over, taken one by one, so that no image need be kept."""

    def __init__(self) -> None:
        self.images: list[dict] = []
        self.judged = False

    def add(self, name: str, image: np.ndarray, truth: np.ndarray | None, predictions: dict[str, Any]) -> None:
        """Take the thumbnails of an image, its truth, and what each method made of it; None where one failed."""
        panels: list[dict[str, Any]] = [{"title": "image", "data": _png(paint.as_rgb(image))}]
        if truth is not None:
            panels.append({"title": "truth", "data": _png(paint.judged(truth, truth))})
        for label, answer in predictions.items():
            panel = {"title": label, "method": label, "data": ""}
            if answer is not None:
                shown = paint.on_image(image, answer) if truth is None else paint.judged(truth, answer)
                panel["data"] = _png(shown)
            panels.append(panel)
        self.images.append({"name": name, "panels": panels})
        self.judged |= truth is not None


def write_report(
    comparison: Comparison, path: str | os.PathLike, *, pictures: Pictures | None = None, command: str = ""
) -> Path:
    """Write a comparison as a page of HTML.

    Parameters
    ----------
    comparison : Comparison
    path : path
        Ends in ``.html``; replaced if it is there.
    pictures : Pictures, optional
        What to show of each image; without it the page holds the numbers alone.
    command : str
        What repeats the comparison.

    Returns
    -------
    path : Path

    Raises
    ------
    LibraryMissing
        Without jinja2.
    """
    try:
        import jinja2
    except ImportError:
        raise LibraryMissing("library-missing", came="jinja2 is missing", remedy="pip install jinja2") from None
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    page = environment.from_string((Path(__file__).parent / "report.html").read_text("utf-8"))
    text = page.render(_content(comparison, pictures or Pictures(), command))
    return write_bytes(path, text.encode("utf-8", "replace"))


def _content(comparison: Comparison, pictures: Pictures, command: str) -> dict[str, Any]:
    summary = comparison.summary()
    score = next((name for name in table.RANKING if not np.isnan(summary[name]).all()), "coverage")
    names = table.columns(summary)
    best = {name: table.best_rows(summary, name) for name in names}
    cells = [[_cell(summary, name, row, row in best[name]) for name in names] for row in range(len(comparison.labels))]
    leader = _leader(summary, score)
    return {
        "title": "Comparison of segmentations",
        "images": int(summary["images"].max()),
        "date": date.today().isoformat(),
        "version": __version__,
        "machine": f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores",
        "winners": table.notes(summary),
        "heads": [table.title(name) for name in names],
        "rows": [{"label": label, "cells": row} for label, row in zip(comparison.labels, cells, strict=True)],
        "score": table.title(score),
        **_chart(summary, score, leader),
        "paired": _paired(comparison, score),
        "failures": _failures(comparison),
        "leader": leader,
        "extremes": _extremes(comparison, score, leader),
        "command": command or f"cvkit.evaluate({comparison.labels!r}, pairs)",
        "key": [(name, f"rgb{colour}") for name, colour in paint.MEANING.items()] if pictures.judged else [],
        "pictures": _captioned(comparison, pictures, score),
        "side": SIDE,
    }


def _cell(summary: dict, name: str, row: int, best: bool) -> dict:
    low, high = (summary.get(f"{name}_{end}", [np.nan] * (row + 1))[row] for end in ("low", "high"))
    interval = f"{low:.3f} to {high:.3f}" if np.isfinite([low, high]).all() else ""
    return {"value": table.written(name, summary[name][row]), "interval": interval, "best": best}


def _leader(summary: dict, score: str) -> str:
    found = table.best_rows(summary, score)
    known = np.nan_to_num(np.asarray(summary[score], float), nan=-np.inf)
    return str(summary["method"][found[0] if found else int(known.argmax())])


def _chart(summary: dict, score: str, leader: str) -> dict:
    """Bars of a score that lies within 0 and 1."""
    length, bars = CHART - 80, []
    columns = (summary[key] for key in ("method", score, f"{score}_low", f"{score}_high"))
    for label, mean, low, high in zip(*columns, strict=True):
        if np.isfinite(mean):
            ends = [round(length * value, 1) for value in (low, high)] if np.isfinite([low, high]).all() else [None] * 2
            colour = "#0072b2" if label == leader else "#8a8f98"
            bar = {
                "label": str(label)[:110],
                "length": round(length * mean, 1),
                "value": f"{mean:.3f}",
                "colour": colour,
            }
            bars.append(bar | {"low": ends[0], "high": ends[1], "top": 40 * len(bars)})
    return {"bars": bars, "chart": {"width": CHART, "height": 40 * len(bars)}}


def _paired(comparison: Comparison, score: str) -> list[dict]:
    found = comparison.paired(score)
    if not found or np.isnan(found["sure"]).all():
        return []
    rows = [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]
    return [
        row
        | {"difference": f"{row['difference']:.3f}", "interval": f"{row['low']:.3f} to {row['high']:.3f}"}
        | {"sure": f"{row['sure']:.0%}"}
        for row in rows
        if np.isfinite(row["sure"])
    ]


def _failures(comparison: Comparison) -> list[dict]:
    rows = comparison.rows
    failed = np.flatnonzero(rows["failure"] != "")
    return [{"method": rows["method"][n], "image": rows["image"][n], "reason": rows["failure"][n]} for n in failed]


def _extremes(comparison: Comparison, score: str, leader: str) -> dict | None:
    mine = comparison.rows["method"] == leader
    values, names = comparison.rows[score][mine], comparison.rows["image"][mine]
    order = [n for n in np.argsort(-values, kind="stable") if np.isfinite(values[n])]
    if len(order) < 2 * CASES:
        return None
    cases = [{"index": int(n), "name": names[n], "value": f"{values[n]:.3f}"} for n in order]
    return {"best": cases[:CASES], "worst": cases[: -CASES - 1 : -1]}


def _captioned(comparison: Comparison, pictures: Pictures, score: str) -> list[dict]:
    """The pictures with the score, or the reason of a failure, under each method."""
    found = []
    for index, image in enumerate(pictures.images):
        places = {label: index * len(comparison.labels) + n for n, label in enumerate(comparison.labels)}
        panels = []
        for panel in image["panels"]:
            row = places.get(panel.get("method"))
            own = {"text": "", "score": ""} | panel
            if row is not None:
                value = comparison.rows[score][row]
                own["score"] = f"{table.title(score)} {value:.3f}" if np.isfinite(value) else ""
                own["text"] = "" if own["data"] else f"failed: {comparison.rows['failure'][row]}"
            panels.append(own)
        found.append({"name": image["name"], "panels": panels})
    return found


def _png(picture: np.ndarray) -> str:
    return base64.b64encode(encode(paint.shrunk(picture, SIDE), ".png", False)).decode("ascii")
