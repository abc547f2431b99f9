"""Feed every public function that takes an array with arrays that it may not like; run by test_bad_arrays.py.

A process of its own, so that a crash in native code is seen as one: a line of JSON for each call is written when
it ends.
"""

import contextlib
import importlib
import inspect
import json
import os
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

import numpy as np

import cvkit
from cvkit import checks, classic, preprocess, registry
from cvkit.classic import components
from cvkit.compare import documents, metrics, montage, objects, paint, plot, scores

SHAPE = (9, 11)
PLAIN = np.random.default_rng(0).integers(0, 200, SHAPE).astype(np.uint8)
PLAIN[2:6, 2:7] = 250
MASK = PLAIN == 250
LABELS = np.where(MASK, 1, 0).astype(np.int32)
LABELS[7, 8:] = 2
BOXES, SCORES = np.array([[0.0, 0, 4, 4], [1, 1, 5, 5]]), np.array([0.5, 0.9])

# The same content in another coat: the answer must be that of the plain array.
COATS = {
    "plain": lambda a: a,
    "readonly": lambda a: locked(a.copy()),
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "flipped": lambda a: a[::-1].copy()[::-1],
    "fortran": lambda a: np.asfortranarray(a),
    "swapped": lambda a: a.astype(a.dtype.newbyteorder("S")) if a.dtype.itemsize > 1 else a,
    "subclass": lambda a: a.view(Sub),
}
STRANGE = {
    "None": lambda a: None,
    "text": lambda a: "picture.png",
    "bytes": lambda a: b"\x89PNG",
    "number": lambda a: 3,
    "dict": lambda a: {"a": 1},
    "ragged": lambda a: [[1, 2], [3]],
    "empty list": lambda a: [],
    "no rows": lambda a: a[:0],
    "no cols": lambda a: a[:, :0],
    "no channels": lambda a: np.zeros((*SHAPE, 0), a.dtype),
    "1x1": lambda a: a[:1, :1],
    "1-D": lambda a: a.ravel(),
    "0-D": lambda a: a[0, 0],
    "4-D": lambda a: a[None, :, :, None],
    "2 channels": lambda a: np.stack([a] * 2, axis=2),
    "3 channels": lambda a: np.stack([a] * 3, axis=2),
    "5 channels": lambda a: np.stack([a] * 5, axis=2),
    "object": lambda a: a.astype(object),
    "complex": lambda a: a.astype(complex),
    "str": lambda a: a.astype(str),
    "dates": lambda a: a.astype("datetime64[s]"),
    "records": lambda a: np.zeros(SHAPE, [("a", int)]),
    "bool": lambda a: a > 0,
    "int8": lambda a: (a // 2).astype(np.int8),
    "uint16": lambda a: a.astype(np.uint16) * 200,
    "int32": lambda a: a.astype(np.int32) - 100,
    "uint32": lambda a: a.astype(np.uint32) * 2**23,
    "int64": lambda a: a.astype(np.int64) * 2**40,
    "uint64": lambda a: a.astype(np.uint64),
    "float16": lambda a: a.astype(np.float16),
    "float32": lambda a: a.astype(np.float32),
    "float64": lambda a: a / 255,
    "longdouble": lambda a: a.astype(np.longdouble),
    "beyond 2**53": lambda a: a.astype(np.int64) + 2**60,
    "uint64 max": lambda a: np.full(SHAPE, 2**64 - 1, np.uint64),
    "negative": lambda a: -a.astype(np.int64),
    "NaN": lambda a: spoilt(a, np.nan),
    "all NaN": lambda a: np.full(SHAPE, np.nan),
    "inf": lambda a: spoilt(a, np.inf),
    "tiny": lambda a: a * 1e-310,
    "huge": lambda a: a * 1e300,
    "constant": lambda a: np.full(SHAPE, 7, np.uint8),
    "zero": lambda a: np.zeros_like(a),
    "masked": lambda a: np.ma.masked_array(a, a > 0),
    "too large": lambda a: np.broadcast_to(np.uint8(1), (2**16, 2**16)),
    "long": lambda a: np.ones((1, 40_000), a.dtype),
}


class Sub(np.ndarray):
    """An array with an attitude of its own."""


def locked(array):
    array.setflags(write=False)
    return array


def spoilt(array, value):
    array = array.astype(float)
    array[1, 2] = value
    return array


def targets():
    """Name -> (function of one array, the plain array to begin with)."""
    found = {}
    for name in registry.thresholds():
        found[f"segment {name}"] = lambda a, name=name: cvkit.segment(a, name), PLAIN
        found[f"segment {name} mask="] = lambda a, name=name: cvkit.segment(PLAIN, name, mask=a), PLAIN > 9
    found["segment nuclei"] = lambda a: cvkit.segment(a, "nuclei"), PLAIN  # one model stands for all; they take no mask
    decided = [
        name for name in registry.thresholds() if registry.decision(threshold_file(name)).__name__ == "threshold"
    ]
    for name in decided:
        found[f"threshold {name}"] = lambda a, name=name: classic.threshold(a, name), PLAIN
    found["segment_each"] = lambda a: classic.segment_each(a, ["otsu", "sauvola"]), PLAIN
    found["Pipeline"] = lambda a: cvkit.Pipeline("median | otsu | split | regions")(a), PLAIN
    for name in preprocess.__all__:
        more = {"resize": {"height": 5}, "crop": {"row1": 1, "col1": 1}}.get(name, {})
        found[name] = lambda a, name=name, more=more: getattr(preprocess, name)(a, **more), PLAIN
    for name in components.__all__:
        found |= component(name, getattr(components, name))
    judges = {name: (call, MASK if kind == "mask" else LABELS) for name, (call, kind) in scores.scores().items()}
    judges |= {"match_objects": (objects.match_objects, LABELS), "confusion": (metrics.confusion, LABELS)}
    judges["errors"] = paint.errors, MASK
    for name, (f, base) in judges.items():
        found[f"{name} truth"] = lambda a, f=f, base=base: f(a, base), base
        found[f"{name} prediction"] = lambda a, f=f, base=base: f(base, a), base
    found["bootstrap"] = metrics.bootstrap, PLAIN
    found["thin"] = documents.thin, MASK
    found["as_rgb"] = paint.as_rgb, PLAIN
    found["class_colours"] = paint.class_colours, LABELS.astype(np.uint8)
    for name in ("object_colours", "outlines", "seams"):
        found[name] = getattr(paint, name), LABELS
    found["overlay image"] = lambda a: paint.overlay(a, LABELS), PLAIN
    found["overlay objects"] = lambda a: paint.overlay(PLAIN, a), LABELS
    found["compare image"] = lambda a: cvkit.compare(a, "otsu").rows["coverage"], PLAIN
    found["compare truth"] = lambda a: cvkit.compare(PLAIN, "otsu", a).rows["dice"], MASK
    found["evaluate image"] = lambda a: cvkit.evaluate("otsu", [(a, MASK)]).rows["dice"], PLAIN
    found["evaluate truth"] = lambda a: cvkit.evaluate("otsu", [(PLAIN, a)]).rows["dice"], MASK
    found["grid"] = lambda a: closed(plot.grid(a, {"otsu": MASK})), PLAIN
    found["grid truth"] = lambda a: closed(plot.grid(PLAIN, {"otsu": MASK}, a)), MASK
    found["grid prediction"] = lambda a: closed(plot.grid(PLAIN, {"otsu": a})), MASK
    found["try_all"] = lambda a: closed(montage.try_all(a, ["otsu"])), PLAIN
    found["write"] = write, PLAIN
    return found


def threshold_file(name):
    return importlib.import_module(f"cvkit.classic.thresholds.{name}")


# Of the functions that take more than one array: the others, in order.
MORE = {
    "hysteresis": [MASK],
    "watershed": [LABELS],
    "reconstruct": [np.ones(SHAPE, bool)],
    "mask_nms": [np.ones(1)],
    "nms": [SCORES],
    "soft_nms": [SCORES],
}
NO_ARRAY = {"decode_rle", "rle_area", "fill_polygons", "from_geojson", "fuse_boxes"}  # test_bad_inputs.py


def component(name, function):
    """The targets that a function of components makes: one for each array that it takes."""
    if name in NO_ARRAY:
        return {}
    if name in ("nms", "soft_nms"):
        return {
            f"{name} boxes": (lambda a: function(a, SCORES), BOXES),
            f"{name} scores": (lambda a: function(np.repeat(BOXES, 1, axis=0), a), SCORES),
        }
    if name == "mask_nms":
        return {name: (lambda a: function([a], [1.0]), MASK)}
    first = next(iter(inspect.signature(function).parameters.values()))
    base = {"labels": LABELS, "height": PLAIN, "objects": LABELS}.get(first.name, MASK)
    found = {name: (lambda a: function(a, *MORE.get(name, [])), base)}
    for number, key, other in (
        (1, "image", PLAIN),
        (1, "high", MASK),
        (1, "markers", LABELS),
        (1, "mask", np.ones(SHAPE, bool)),
    ):
        names = list(inspect.signature(function).parameters)
        if len(names) > number and names[number] == key:
            more = {"condition": "mean > 3"} if name == "keep_if" else {}
            more |= {"columns": ["label", "mean"]} if name == "regions" else {"depth": 5.0} if name == "split" else {}
            found[f"{name} {key}"] = (lambda a, more=more: function(base, a, **more)), other
    if name in ("split", "watershed"):
        if name == "split":
            found["split markers"] = (lambda a: function(base, markers=a)), LABELS
        else:
            found["watershed third"] = (lambda a: function(base, LABELS, a)), np.ones(SHAPE, bool)
    return found


def closed(figure):
    import matplotlib.pyplot

    size = figure.get_size_inches().tolist()
    matplotlib.pyplot.close(figure)
    return size


def write(array):
    with tempfile.TemporaryDirectory() as folder:
        return cvkit.read(cvkit.write(Path(folder) / "a.tif", array))


def same(one, other):
    if isinstance(one, dict):
        return set(one) == set(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray) or hasattr(one, "__array__"):
        return np.array_equal(np.asarray(one), np.asarray(other), equal_nan=np.asarray(one).dtype.kind == "f")
    return one == other or (one != one and other != other)


def call(function, given):
    """What became of a call: "ok" and the answer, or who raised what."""
    try:
        return {"result": "ok"}, function(given)
    except Exception as fault:
        frames = traceback.extract_tb(fault.__traceback__)
        home = os.path.dirname(cvkit.__file__)
        return {
            "result": type(fault).__name__,
            "ours": frames[-1].filename.startswith(home),
            "kinds": [kind.__name__ for kind in type(fault).__mro__],
            "where": f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}",
            "said": str(fault)[:300],
        }, None


def main():
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))  # what asks for more fails here, not the machine
    warnings.simplefilter("error")
    wanted = sys.argv[1:]
    for name, (function, base) in targets().items():
        if wanted and name not in wanted:
            continue
        _, answer = call(function, base)
        for coat, put_on in {**COATS, **STRANGE}.items():
            try:
                given = put_on(base)
            except (TypeError, IndexError, ValueError):  # a coat that does not fit this base, such as 2-D for scores
                continue
            print(json.dumps({"call": name, "with": coat}), flush=True)
            found, got = call(function, given)
            if coat in COATS and found["result"] == "ok":
                found["same"] = bool(same(answer, got))
            print(json.dumps(found), flush=True)
    if not wanted:
        parameters()


def parameters():
    """Give every parameter of every method and step what it cannot be, and some large numbers that it might."""
    for name in cvkit.methods() + cvkit.steps():
        entry = registry.find(name)
        base = {"image": PLAIN, "mask": MASK, "labels": LABELS}[entry.takes[0]]
        for key in entry.parameters:
            for value in (10**9 + 1, 10**400, 1e300, float("nan"), -float("inf"), "a", b"x", [1]):
                shown = checks.shorten(value)
                print(json.dumps({"call": name, "with": f"{key}={shown}"}), flush=True)
                found, _ = call(lambda a, entry=entry, key=key, value=value: entry.call(a, **{key: value}), base)
                print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
