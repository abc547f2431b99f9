"""`cvkit segment`: images in, masks or labels or tables out."""

from pathlib import Path

import click

import cvkit


@click.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("-m", "--method", required=True, help="A method, a pipeline in quotes, or the folder of a model.")
@click.option("-o", "--output", type=Path, help="The file to write, or a folder. [default: NAME-mask.png and the like]")
def command(images: tuple[str, ...], method: str, output: Path | None) -> None:
    """Segment images: a mask becomes a PNG of 0 and 255, labels a 16-bit PNG, a table a CSV file."""
    from cvkit.cli._shared import destination, save, tell

    pipeline = cvkit.Pipeline(method)
    for image in images:
        answer = pipeline(cvkit.read(image))
        path = destination(Path(image), answer, output, len(images) > 1)
        save(path, answer)
        click.echo(f"{image}: {tell(answer)} -> {path}")
