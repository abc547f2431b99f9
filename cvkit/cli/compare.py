"""`cvkit compare`: several methods on one image, in a table and a picture."""

from pathlib import Path

import click

import cvkit


@click.command()
@click.argument("image")
@click.option("-m", "--method", "methods", multiple=True, required=True, help="A method or a pipeline; repeat it.")
@click.option("-t", "--truth", help="An image of the right answer: a mask, labels or classes.")
@click.option("-o", "--output", type=Path, default="comparison.png", show_default=True, help="The picture to write.")
def command(image: str, methods: tuple[str, ...], truth: str | None, output: Path) -> None:
    """Compare methods on an image: a table of scores with the best marked, and a picture."""
    from cvkit.cli._shared import check_folder

    check_folder(output)
    found = cvkit.compare(cvkit.read(image), list(methods), cvkit.read_truth(truth) if truth else None)
    click.echo(str(found))
    found.plot().savefig(output)
    click.echo(f"\nThe picture is in {output}")
