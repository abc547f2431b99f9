"""A comparison as one page of HTML that needs nothing else: no script, no network; names in it do no harm."""

import base64
import os
import platform
from datetime import date
from importlib.metadata import PackageNotFoundError, version
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
CASES = 3  # best and worst images that are shown first
SHOWN = 200  # images; of more, those with failures and the worst
CHART = 900  # width of the drawing, in its own units
LIBRARIES = ("numpy", "opencv-python", "opencv-python-headless", "onnxruntime")


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
    images = _captioned(comparison, pictures, score)
    cases = _cases(comparison, images, score, leader)
    shown = range(len(images))
    if len(images) > SHOWN:
        linked = {image["index"] for case in cases for image in case["images"]}
        shown = sorted(linked | set(_worst_first(comparison, score, leader)[:SHOWN]))
    return {
        "title": "Comparison of segmentations",
        "images": int(summary["images"].max()),
        "date": date.today().isoformat(),
        "winners": table.notes(summary),
        "heads": [table.title(name) for name in names],
        "rows": [{"label": label, "cells": row} for label, row in zip(comparison.labels, cells, strict=True)],
        "score": table.title(score),
        **_chart(summary, score),
        "paired": _paired(comparison, score, leader),
        "failures": _failures(comparison),
        "leader": leader,
        "cases": cases,
        "settings": _settings(comparison, names),
        "command": command or f"cvkit.evaluate({comparison.labels!r}, pairs)",
        "key": [(name, f"rgb{colour}") for name, colour in paint.MEANING.items()] if pictures.judged else [],
        "pictures": [images[n] for n in shown],
        "left_out": len(images) - len(shown),
        "side": SIDE,
    }


def _settings(comparison: Comparison, names: list[str]) -> list[tuple[str, str]]:
    """What the numbers depend on besides images and methods."""
    folder = _folder(comparison)
    libraries = [("Python", platform.python_version()), ("cvkit", __version__)]
    for name in LIBRARIES:
        try:
            libraries.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return [
        *([("folder of the images", folder)] if folder else []),
        ("scores", ", ".join(map(table.title, names))),
        ("intervals", "95 %, bootstrap over the images, seed 0"),
        ("objects", "of a mask its 8-connected components; matched at an IoU of .5 unless a score is named by another"),
        ("time, memory", "the median of one call, after a first one; by how much the first made the process grow"),
        ("versions", ", ".join(f"{name} {number}" for name, number in libraries)),
        ("machine", f"{platform.system()}, {platform.machine()}, {os.cpu_count()} cores"),
    ]


def _folder(comparison: Comparison) -> str:
    """The folder that all images lie in, if their names are paths; it need not be repeated at each."""
    names = list(dict.fromkeys(comparison.rows["image"].tolist()))
    heads = {os.path.dirname(name) for name in names}
    return os.path.commonpath(heads) if all(heads) and len({os.path.isabs(head) for head in heads}) == 1 else ""


def _cell(summary: dict, name: str, row: int, best: bool) -> dict:
    low, high = (summary.get(f"{name}_{end}", [np.nan] * (row + 1))[row] for end in ("low", "high"))
    interval = f"{low:.3f} to {high:.3f}" if np.isfinite([low, high]).all() else ""
    return {"value": table.written(name, summary[name][row]), "interval": interval, "best": best}


def _leader(summary: dict, score: str) -> str:
    found = table.best_rows(summary, score)
    known = np.nan_to_num(np.asarray(summary[score], float), nan=-np.inf)
    return str(summary["method"][found[0] if found else int(known.argmax())])


def _chart(summary: dict, score: str) -> dict:
    """Bars of a score that lies within 0 and 1."""
    length, bars = CHART - 80, []
    best = {str(summary["method"][row]) for row in table.best_rows(summary, score)}
    columns = (summary[key] for key in ("method", score, f"{score}_low", f"{score}_high"))
    for label, mean, low, high in zip(*columns, strict=True):
        if np.isfinite(mean):
            ends = [round(length * value, 1) for value in (low, high)] if np.isfinite([low, high]).all() else [None] * 2
            colour = "#0072b2" if label in best else "#8a8f98"
            bar = {
                "label": label if len(label) <= 110 else f"{label[:107]}...",
                "length": round(length * mean, 1),
                "value": f"{mean:.3f}",
                "colour": colour,
            }
            bars.append(bar | {"low": ends[0], "high": ends[1], "top": 40 * len(bars)})
    return {"bars": bars, "chart": {"width": CHART, "height": 40 * len(bars)}}


def _paired(comparison: Comparison, score: str, leader: str) -> dict[str, list]:
    """Every two methods; those with the leader stand apart, for they are what one wants to know first."""
    found = comparison.paired(score)
    rows = [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]
    shown: dict[str, list] = {"leader": [], "others": []}
    for row in rows:
        if np.isfinite(row["sure"]):
            numbers = {"difference": f"{row['difference']:.3f}", "interval": f"{row['low']:.3f} to {row['high']:.3f}"}
            place = "leader" if leader in (row["first"], row["second"]) else "others"
            shown[place].append(row | numbers | {"sure": f"{row['sure']:.0%}"})
    return shown


def _failures(comparison: Comparison) -> list[dict]:
    rows = comparison.rows
    failed = np.flatnonzero(rows["failure"] != "")
    return [{"method": rows["method"][n], "image": rows["image"][n], "reason": rows["failure"][n]} for n in failed]


def _worst_first(comparison: Comparison, score: str, leader: str) -> list[int]:
    """The images, those first on which something failed, then by the score of the leader."""
    count = len(comparison.labels)
    failed = (comparison.rows["failure"] != "").reshape(-1, count).any(axis=1)
    values = np.nan_to_num(comparison.rows[score][comparison.rows["method"] == leader], nan=-1)
    return np.lexsort((values, ~failed)).tolist()


def _cases(comparison: Comparison, images: list[dict], score: str, leader: str) -> list[dict]:
    """The best and the worst images by the score of the leader, with what it made of them."""
    mine = comparison.rows["method"] == leader
    values = comparison.rows[score][mine]
    order = [n for n in np.argsort(-values, kind="stable") if np.isfinite(values[n])]
    if len(order) < 2 * CASES or not images:
        return []
    short = {"title": "answer"}  # whose it is stands above all of them
    of = [
        [
            panel | short if "method" in panel else panel
            for panel in image["panels"]
            if panel.get("method", leader) == leader
        ]
        for image in images
    ]
    return [
        {"title": title, "images": [images[n] | {"panels": of[n]} for n in chosen]}
        for title, chosen in (("Best", order[:CASES]), ("Worst", order[: -CASES - 1 : -1]))
    ]


def _captioned(comparison: Comparison, pictures: Pictures, score: str) -> list[dict]:
    """The pictures with the score, or the reason of a failure, under each method."""
    found, folder = [], _folder(comparison)
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
        name = os.path.relpath(image["name"], folder) if folder else image["name"]
        found.append({"index": index, "name": name, "panels": panels})
    return found


def _png(picture: np.ndarray) -> str:
    return base64.b64encode(encode(paint.shrunk(picture, SIDE), ".png", False)).decode("ascii")
