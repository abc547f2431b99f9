"""What the workers do for a visitor: open a picture, segment it, write down what was found."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import cvkit
from cvkit import registry
from cvkit.arrays import Image, as_gray, as_labels, as_stored, kind_of, one_of
from cvkit.classic import threshold
from cvkit.classic.components import label, regions
from cvkit.classic.histogram import Histogram
from cvkit.compare import paint
from cvkit.compare.evaluate import reason, score_answer
from cvkit.encode import encode
from cvkit.encode_objects import encode_table
from cvkit.errors import CvkitError
from cvkit.pipeline import Pipeline
from cvkit.web.controls import catalogue as catalogue
from cvkit.web.recipe import pipeline_of, steps_of, words
from cvkit.web.sampling import describe as describe
from cvkit.web.sampling import sample as sample

COLUMNS = ("label", "area", "row", "col", "diameter", "eccentricity", "mean", "row0", "col0", "row1", "col1")
ROWS = 500  # of a table that is shown; the file holds all
LARGE = 2_000_000  # pixels above which a picture is shown as JPEG
_READY: set[str] = set()


def open_image(data: bytes | bytearray, name: str, page: int | None, max_pixels: int) -> tuple[Image, int | None, dict]:
    """Read a picture that came as bytes.

    Returns
    -------
    image : array
    page : int or None
        The one that was read of a file that holds several.
    facts : dict
        What the browser is told.
    """
    with _on_disk(data, name) as file:
        pages = cvkit.io.inspect(file).pages
        page = page or 0 if pages > 1 else None
        image, info = cvkit.read(file, page=page, info=True, max_pixels=max_pixels)
    facts = {"name": name, "height": image.shape[0], "width": image.shape[1], "type": str(image.dtype)}
    facts |= {"colour": image.ndim == 3, "notes": info.done, "pages": pages, "page": page or 0, "unit": _unit(image)}
    return image, page, facts | {"foreground": _side(image)}


def open_truth(data: bytes | bytearray, name: str, shape: tuple[int, int], max_pixels: int) -> tuple[np.ndarray, dict]:
    """Read the truth of a picture of that shape."""
    with _on_disk(data, name) as file:
        truth = cvkit.read_truth(file, max_pixels=max_pixels)
    if truth.shape != tuple(shape):
        sizes = [f"{width} x {height}" for height, width in (shape, truth.shape)]
        raise CvkitError("array-sizes", f"{name}: the truth must be {sizes[0]} as its picture", came=sizes[1])
    return truth, {"name": name, "kind": kind_of(truth), "objects": None, **_numbers(score_answer(None, truth, {}))}


def show(image: np.ndarray, truth: np.ndarray | None = None) -> bytes:
    """Draw a picture for a browser, or the numbers of its truth."""
    return _shown(image) if truth is None else _numbered(truth)


def thumbnail(image: Image, truth: np.ndarray | None, steps: Any, side: int) -> dict[str, Any]:
    """Segment a picture; give the numbers, and a small picture of how much of each place is foreground."""
    pipeline = pipeline_of(steps)
    answer, seconds = _timed(pipeline, image)
    found, _ = _measured(answer, truth)
    share = (answer > 0).astype(np.uint8) * np.uint8(255)
    if kind_of(answer) == "classes":
        share = np.where(answer == 255, 0, answer.astype(np.float32) * (255 / max(1, answer[answer < 255].max())))
    small = paint.shrunk(share[:, :, None], side)[:, :, 0]
    return {"pipeline": str(pipeline), "seconds": seconds, **found, "picture": encode(small, ".png", False)}


def segment(image: Image, truth: np.ndarray | None, steps: Any, name: str, page: int | None, side: int) -> dict:
    """Segment a picture; give all that the editor shows of it."""
    pipeline = pipeline_of(steps)
    _warm(pipeline)
    start = perf_counter()
    results = pipeline.trace(image)
    seconds = perf_counter() - start
    place = pipeline.steps.index(pipeline.method) + 1
    seen = results[place - 1][1]  # by the method
    answer = next(array for _, array in reversed(results) if not isinstance(array, dict))
    found, objects = _measured(answer, truth)
    gray = as_gray(seen)
    table = None if objects is None else regions(objects, gray, columns=COLUMNS)
    return {
        **words(pipeline, name, page),
        **found,
        "steps": steps_of(pipeline),
        "seconds": seconds,
        "height": answer.shape[0],
        "width": answer.shape[1],
        "picture": _numbered(answer if objects is None else objects),
        "background": _shown(seen) if seen.shape[:2] != image.shape[:2] else None,
        "table": None if table is None else _rows(table),
        "histogram": _histogram(gray, pipeline),
        "results": _results(results, pipeline, side) if side else [],
    }


def download(image: Image, steps: Any, what: Any) -> bytes:
    """Give a file: the answer as `cvkit segment` writes it, or else its "labels" or the "table" of its objects."""
    pipeline = pipeline_of(steps)
    one_of(what, "what", ("answer", "labels", "table"))
    answer = pipeline(image)
    if what != "answer" and isinstance(answer, np.ndarray):
        if kind_of(answer) == "classes":
            came = "classes are no objects"
            raise CvkitError("answer-kind", came=came, remedy="end the pipeline in a mask or labels")
        answer = (label(answer) if kind_of(answer) == "mask" else answer) if what == "labels" else regions(answer)
    kind = kind_of(answer)
    if kind == "table":
        return encode_table(answer)
    return encode(as_stored(answer, "answer"), ".png", kind == "mask")


def report(image: Image, truth: np.ndarray | None, methods: Any, name: str) -> bytes:
    """Compare methods on a picture; give the page of HTML that `cvkit evaluate --report` writes of many."""
    from cvkit.compare.report import Pictures, write_report

    given = methods if isinstance(methods, list) else [methods]
    pipelines = {str(pipeline): pipeline for pipeline in map(pipeline_of, given)}
    found = cvkit.compare(image, pipelines, truth)
    pictures = Pictures()
    pictures.add(name, image, truth, {text: found.predictions[text][0] for text in pipelines})
    with tempfile.TemporaryDirectory() as folder:
        page = write_report(found, Path(folder) / "report.html", pictures=pictures)
        return page.read_bytes()


@contextlib.contextmanager
def _on_disk(data: bytes | bytearray, name: str) -> Iterator[Path]:
    """Put bytes into a file for as long as they are read, in the folder of this process that the server removes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "picture"
        file.write_bytes(data)
        try:
            yield file
        except CvkitError as fault:
            fault.file = name
            raise


def _unit(image: Image) -> list[float]:
    """Tell from where to where values go: of 8 bits those that there can be, else those that there are."""
    if image.dtype == np.uint8:
        return [0, 255]
    known = image[np.isfinite(image)]
    return [float(known.min()), float(known.max())] if known.size else [0, 1]


def _side(image: Image) -> str:
    """Tell which side of Otsu's threshold is the foreground, as far as the border of the image tells."""
    with contextlib.suppress(CvkitError):  # such as an image that holds NaN
        auto, bright = (cvkit.segment(image, "otsu", foreground=side) for side in ("auto", "bright"))
        return "bright" if (auto == bright).all() else "dark"
    return "bright"


def _warm(pipeline: Pipeline) -> None:
    """Load a model before it is timed for the first time in this process."""
    name = pipeline.method.entry.name
    if name not in _READY and name not in registry.thresholds():
        with contextlib.suppress(CvkitError):
            cvkit.segment(np.eye(32, dtype=np.float32), name)
    _READY.add(name)


def _timed(pipeline: Pipeline, image: Image) -> tuple[np.ndarray, float]:
    if pipeline.gives == "table":
        pipeline = Pipeline([tuple(step) for step in steps_of(pipeline)[:-1]])
    _warm(pipeline)
    start = perf_counter()
    return pipeline(image), perf_counter() - start


def _measured(answer: np.ndarray, truth: np.ndarray | None) -> tuple[dict[str, Any], np.ndarray | None]:
    """Give kind, coverage, objects and scores of an answer, and its labels if it can have any."""
    kind = kind_of(answer)
    objects = label(answer) if kind == "mask" else answer if kind == "labels" else None
    found: dict[str, Any] = {"kind": kind, "objects": None, "scores": None, "fault": ""}
    found |= _numbers(score_answer(None, answer if objects is None else objects, {}))
    if truth is not None:
        try:
            found["scores"] = _numbers(score_answer(truth, answer, {}))
        except ValueError as fault:
            found["fault"] = reason(fault)
    return found, objects


def _numbers(scores: dict[str, float]) -> dict[str, float | None]:
    return {name: float(value) if np.isfinite(value) else None for name, value in scores.items()}


def _numbered(objects: np.ndarray) -> bytes:
    """Write the numbers of objects or classes as a picture whose red, green and blue are their three bytes."""
    three = as_labels(objects, "objects").astype("<i4").view(np.uint8).reshape(*objects.shape, 4)[:, :, :3]
    return encode(np.ascontiguousarray(three), ".png", False)


def _shown(image: Image) -> bytes:
    return encode(paint.as_rgb(image), ".png" if image.shape[0] * image.shape[1] < LARGE else ".jpg", False)


def _rows(table: dict[str, np.ndarray]) -> dict[str, Any]:
    plain = [[None if value != value else value for value in table[name][:ROWS].tolist()] for name in COLUMNS]
    return {"columns": list(COLUMNS), "rows": list(zip(*plain, strict=True)), "count": len(table["label"])}


def _histogram(gray: np.ndarray, pipeline: Pipeline) -> dict[str, Any] | None:
    """Count what the method saw in 256 steps, and say where it drew the line if that is the same everywhere."""
    if gray.dtype.kind == "f" and not np.isfinite(gray).all():
        return None
    counts = Histogram.of(gray).coarse()
    step = pipeline.method
    lines: list[float] = []
    if "exact" in step.entry.parameters:  # only those have it that look at the histogram alone
        arguments = {name: value for name, value in step.arguments.items() if name != "foreground"}
        found = np.atleast_1d(threshold(gray, step.entry.name, **arguments))
        lines = [float(value) for value in found if np.isfinite(value)]
    ends = [float(counts.values[0]), float(counts.values[-1])]
    return {"counts": counts.counts.tolist(), "low": ends[0], "high": ends[1], "thresholds": lines}


def _results(results: list[tuple[str, Any]], pipeline: Pipeline, side: int) -> list[dict[str, Any]]:
    """Show what each step gave, in small."""
    shown, kind = [], "image"
    for (text, array), step in zip(results, [None, *pipeline.steps], strict=True):
        gives = "image" if step is None else step.entry.gives
        kind = kind if gives == "same" else gives or kind_of(array)
        picture = None
        if step is not None and kind != "table":  # the image itself is seen in large
            every = -(-max(array.shape[:2]) // (2 * side))  # the others are too fine for a small picture
            some = array[::every, ::every]
            picture = paint.shrunk(paint.as_rgb(some) if kind == "image" else paint.alone(some), side)
        small = None if picture is None else encode(picture, ".png", False)
        shown.append({"text": text, "kind": kind, "picture": small})
    return shown
