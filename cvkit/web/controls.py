"""What can be set of each method and step, read from its signature and its docstring: sliders make themselves."""

import inspect
import re
from math import floor, log10
from time import perf_counter
from typing import Any

import numpy as np

from cvkit import registry
from cvkit.errors import CvkitError

_LINE = re.compile(r"^(\w[\w, ]*) : (.+)\n((?: {4}.*\n|\n)*)", re.MULTILINE)
_CHOICES = re.compile(r"^\{(.+?)\}")
_RANGE = re.compile(r"(-?[\d.]+)\.\.(-?[\d.]+)")
_MOST = re.compile(r"up to (\d+)")
_UNIT = ("offset", "low", "high", "level", "contrast", "r")  # in the unit of the image, unless a range is written
_PIXELS = ("row0", "row1", "col0", "col1", "height", "width")
_SIDES = ["bright", "dark", "auto"]


def catalogue() -> dict[str, list[dict]]:
    """List the methods and the steps with what can be set of them, and how long each takes on a small picture."""
    picture = np.random.default_rng(0).integers(0, 255, (48, 48)).astype(np.uint8)
    models = set(registry.methods()) - set(registry.thresholds())
    methods = [_described(name) | {"model": name in models} for name in registry.methods()]
    for one in methods:
        start = perf_counter()
        try:
            registry.find(one["name"]).call(picture)
        except CvkitError:
            continue  # such as one that finds nothing in noise
        finally:
            one["cost"] = perf_counter() - start
    return {"methods": methods, "steps": [_described(name) for name in registry.steps()]}


def _described(name: str) -> dict[str, Any]:
    entry = registry.find(name)
    return {
        "name": name,
        "summary": registry.summary(name),
        "takes": entry.takes,
        "gives": entry.gives,
        "controls": controls(entry),
    }


def controls(entry: registry.Entry) -> list[dict[str, Any]]:
    """Describe the parameters of a method or step that a page can set.

    Parameters
    ----------
    entry : Entry

    Returns
    -------
    controls : list of dict
        ``name``, ``kind`` ("whole", "number", "switch", "choice" or "text"), ``default``, ``optional`` (may be None),
        ``help``; a choice has ``choices``; a number ``low``, ``high`` and ``step``, or ``span`` where its range is
        that of the values ("unit") or of the rows and columns ("pixels") of the image.

    Examples
    --------
    >>> window = controls(registry.find("sauvola"))[0]
    >>> window["name"], window["kind"], window["low"], window["high"], window["step"]
    ('window', 'whole', 3, 201, 2)
    """
    said = _documented(entry)
    found = (_control(name, said.get(name, ("", "")), given.default) for name, given in entry.parameters.items())
    return [control for control in found if control]


def _documented(entry: registry.Entry) -> dict[str, tuple[str, str]]:
    """What the docstrings say of each parameter: its type, and the first sentence about it."""
    import importlib

    from cvkit import classic, deep

    texts = [inspect.getdoc(classic.segment), inspect.getdoc(deep.segment), inspect.getdoc(entry.call) or ""]
    if entry.name in registry.thresholds():
        module = importlib.import_module(f"cvkit.classic.thresholds.{entry.name}")
        texts.append(inspect.getdoc(registry.decision(module)))
    found = {}
    for text in texts:  # its own words come last, and hold
        for names, kind, about in _LINE.findall(f"{text}\n"):
            for name in names.split(","):
                found[name.strip()] = (kind, re.split(r"(?<=\.)\s", " ".join(about.split()))[0])
    return found


def _control(name: str, said: tuple[str, str], default: Any) -> dict[str, Any] | None:
    kind, about = said
    control = {"name": name, "default": default, "optional": default is None, "help": about}
    if name == "foreground":
        return control | {"kind": "choice", "choices": _SIDES}
    if choices := _CHOICES.match(kind):
        return control | {"kind": "choice", "choices": [_value(one) for one in choices[1].split(",")]}
    if default in registry.thresholds():
        return control | {"kind": "choice", "choices": registry.thresholds()}
    if isinstance(default, bool):
        return control | {"kind": "switch"}
    if "array" in kind or "several" in kind:
        return None  # not to be written in the text of a pipeline
    if isinstance(default, int | float) or kind.startswith(("int", "float")):
        return control | {"kind": "whole" if kind.startswith("int") else "number"} | _span(name, kind, default)
    return control | {"kind": "text"}


def _value(word: str) -> str | int:
    word = word.strip()
    return int(word) if word.isdigit() else word.strip("\"'")


def _span(name: str, kind: str, default: float | None) -> dict[str, Any]:
    """Choose the range of a slider: the one that is written, else a few times the default; any other can be typed."""
    if "odd" in kind:
        return {"low": 3, "high": 31 if name == "size" else 201, "step": 2}
    if written := _RANGE.search(kind):
        low, high = (float(end) for end in written.groups())
    elif name in _UNIT and not default:
        return {"span": "unit"}
    elif name in _PIXELS:
        return {"span": "pixels"}
    elif kind.startswith("int"):
        low, high = 1, max(10, 4 * (default or 25))
    elif name.startswith("k") or (default or 0) < 0:
        low, high = -1, 1
    else:
        low, high = 0, max(1, 4 * (default or 25))
    if most := _MOST.search(kind):
        high = min(high, float(most[1]))
    if kind.startswith("int"):
        return {"low": int(low), "high": int(high), "step": 1}
    return {"low": low, "high": high, "step": 10 ** floor(log10((high - low) / 50))}
