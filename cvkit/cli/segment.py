"""`cvkit segment`: images in, masks or labels or tables out."""

import time
from collections.abc import Sequence
from pathlib import Path

import click

import cvkit
from cvkit.cli._config import Command
from cvkit.cli._files import STDIN, Faults, each, finish, image_files, named, sources
from cvkit.cli._output import answer, json_option, say
from cvkit.cli._shared import METHOD, check_names, destination, read, reading, save, tell
from cvkit.errors import shown
from cvkit.files import is_search
from cvkit.scale.summary import Row, Summary


@click.command(cls=Command)
@sources
@click.option("-m", "--method", required=True, type=METHOD,
              help="A method, a pipeline in quotes, or the folder of a model.")  # fmt: skip
@click.option("-o", "--output", type=Path, help="The file to write, or a folder. [default: NAME-mask.png and the like]")
@click.option("--workers", type=click.IntRange(1), help="Files at the same time. [default: one on each core]")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), default=600, show_default=True,
              help="Seconds that a file may take.")  # fmt: skip
@click.option("--memory", type=click.IntRange(1), help="Megabytes that a worker may take, on Linux.")
@click.option("--engine", default="local", help="The scheduler of a Dask cluster, such as tcp://10.0.0.1:8786.")
@reading
@json_option
def command(images: tuple[str, ...], listed: str | None, method: str, output: Path | None, **how) -> None:
    """Segment images into masks, labels or tables of objects.

    A mask becomes a PNG of 0 and 255, labels a 16-bit PNG, a table a CSV file; or what the ending of a file says that
    is named with -o: .tif, and for objects .csv, .geojson (QuPath, QGIS), .json (COCO) or .zip (ImageJ).

    A folder, a pattern or several images with -o FOLDER are done side by side; one that fails, crashes or hangs costs
    itself alone and is named with the reason. Stopped or killed, the same line goes on where it was. --workers,
    --timeout, --memory and --engine are for these.

    \b
    cvkit segment data/nuclei.png -m "nuclei | split"
    cvkit segment data/coins.png -m "otsu | fill_holes | split" -o coins.geojson
    cvkit segment data -m "otsu | label" -o labels
    """
    batch = {name: how.pop(name) for name in ("workers", "timeout", "memory", "engine")}
    words, faults = named(images, listed), Faults()
    searches = [word for word in words if is_search(word)]
    if searches and output is None:
        raise click.UsageError(f"{shown(searches[0])} stands for many images: name a folder with -o.")
    if output is not None and (searches or len(words) > 1) and STDIN not in words:
        summary = _run(method, words, output, batch | how)
    else:
        summary = _one_by_one(method, image_files(words), output, faults, how)
    answer({"rows": [row._asdict() for row in summary.rows], "folder": summary.folder, "seconds": summary.seconds})
    finish(faults, len(summary.rows))
    if summary.failed:
        raise click.exceptions.Exit(1)


def _run(method: str, words: Sequence[str], output: Path, how: dict) -> Summary:
    """Do many images side by side."""
    if how["memory"] is not None:
        how["memory"] <<= 20
    try:
        summary = cvkit.run(method, words, output, **how)
    except KeyboardInterrupt:
        say("\nStopped; the same line goes on from here.", err=True)
        raise click.exceptions.Exit(130) from None
    done, *failed = str(summary).splitlines()
    say(done)
    for line in failed:
        say(line, err=True)
    return summary


def _one_by_one(method: str, files: Sequence[str], output: Path | None, faults: Faults, how: dict) -> Summary:
    """Do images in this process, where a model is loaded once and nothing else has to start."""
    from cvkit.scale.answers import count

    began, pipeline = time.monotonic(), cvkit.Pipeline(method)
    check_names(files)

    def segment(image: str) -> Row:
        start = time.perf_counter()
        found = pipeline(read(image, **how))
        path = destination(image, found, output, files)
        save(path, found, None if image == STDIN else image)
        say(shown(f"{image}: {tell(found)} -> {path}"))
        return Row(image, "done", round(time.perf_counter() - start, 4), count(found), str(path), None)

    rows = list(each(files, segment, faults))
    for image, fault in faults.items():
        rows.append(Row(image, "failed", None, None, None, shown(fault).removeprefix(f"{shown(image)}: ")))
    return Summary(rows, Path(), time.monotonic() - began)
