"""`cvkit segment`: images in, masks or labels or tables out."""

from pathlib import Path

import click

import cvkit
from cvkit.cli._shared import check_names, destination, read, reading, save, tell
from cvkit.errors import shown


@click.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("-m", "--method", required=True, help="A method, a pipeline in quotes, or the folder of a model.")
@click.option("-o", "--output", type=Path, help="The file to write, or a folder. [default: NAME-mask.png and the like]")
@reading
def command(images: tuple[str, ...], method: str, output: Path | None, **how) -> None:
    """Segment images: a mask becomes a PNG of 0 and 255, labels a 16-bit PNG, a table a CSV file."""
    pipeline, images = cvkit.Pipeline(method), dict.fromkeys(images)
    check_names(images)
    for image in images:
        answer = pipeline(read(image, **how))
        path = destination(image, answer, output, images)
        save(path, answer)
        click.echo(shown(f"{image}: {tell(answer)} -> {path}"))
