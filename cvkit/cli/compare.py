"""`cvkit compare`: several methods on one image, in a table and a picture."""

from pathlib import Path

import click

import cvkit
from cvkit.cli._shared import output_file, read, reading, save_figure
from cvkit.errors import shown


@click.command()
@click.argument("image")
@click.option("-m", "--method", "methods", multiple=True, required=True, help="A method or a pipeline; repeat it.")
@click.option("-t", "--truth", help="An image of the right answer: a mask, labels or classes.")
@click.option("-o", "--output", type=Path, default="comparison.png", show_default=True, help="The picture to write.")
@reading
def command(image: str, methods: tuple[str, ...], truth: str | None, output: Path, **how) -> None:
    """Compare methods on an image: a table of scores with the best marked, and a picture."""
    output = output_file(output, [image, truth] if truth else [image], ".png")
    found = cvkit.compare(read(image, **how), list(methods), cvkit.read_truth(truth) if truth else None)
    click.echo(str(found))
    save_figure(output, found.plot())
    click.echo(f"\nThe picture is in {shown(output)}")
