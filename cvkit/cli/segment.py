"""`cvkit segment`: images in, masks or labels or tables out."""

import glob
import os
from pathlib import Path

import click

import cvkit
from cvkit.cli._shared import check_names, destination, read, reading, save, tell
from cvkit.errors import CvkitError, shown


@click.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("-m", "--method", required=True, help="A method, a pipeline in quotes, or the folder of a model.")
@click.option("-o", "--output", type=Path, help="The file to write, or a folder. [default: NAME-mask.png and the like]")
@click.option("--workers", type=click.IntRange(1), help="Files at the same time. [default: one on each core]")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), default=600, show_default=True,
              help="Seconds that a file may take.")  # fmt: skip
@click.option("--memory", type=click.IntRange(1), help="Megabytes that a worker may take, on Linux.")
@click.option("--engine", default="local", help="The scheduler of a Dask cluster, such as tcp://10.0.0.1:8786.")
@reading
def command(images: tuple[str, ...], method: str, output: Path | None, **how) -> None:
    """Segment images: a mask becomes a PNG of 0 and 255, labels a 16-bit PNG, a table a CSV file.

    An IMAGE may also be a folder, with all below it, or a pattern in quotes, "scans/**/*.tif". Several images with
    -o FOLDER are done side by side; one that fails, crashes or hangs costs itself alone and is named with the reason.
    Stopped or killed, the same line goes on where it was.
    """
    batch = {name: how.pop(name) for name in ("workers", "timeout", "memory", "engine")}
    many = [name for name in images if os.path.isdir(name) or (glob.has_magic(name) and not os.path.lexists(name))]
    if many and output is None:
        raise CvkitError("output-missing", came=f"{many[0]} stands for many images", remedy="name a folder with -o")
    if many or (len(images) > 1 and output is not None):
        _run(method, images, output, batch, how)
        return
    pipeline, images = cvkit.Pipeline(method), dict.fromkeys(images)
    check_names(images)
    for image in images:
        answer = pipeline(read(image, **how))
        path = destination(image, answer, output, images)
        save(path, answer)
        click.echo(shown(f"{image}: {tell(answer)} -> {path}"))


def _run(method: str, images: tuple[str, ...], output: Path, batch: dict, how: dict) -> None:
    """Do many images; the status is 1 if some failed, 130 if Ctrl-C stopped it."""
    if batch["memory"] is not None:
        batch["memory"] <<= 20
    try:
        summary = cvkit.run(method, images, output, **batch, **how)
    except KeyboardInterrupt:
        click.echo("stopped; the same line goes on from here", err=True)
        raise SystemExit(130) from None
    click.echo(summary)
    if summary.failed:
        raise SystemExit(1)
