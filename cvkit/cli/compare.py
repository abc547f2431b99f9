"""`cvkit compare`: several methods on one image, in a table and a picture."""

from pathlib import Path

import click

import cvkit
from cvkit.cli._config import Command
from cvkit.cli._output import answer, json_option, records, say
from cvkit.cli._shared import methods_option, output_file, read, reading, save_figure
from cvkit.errors import shown


@click.command(cls=Command)
@click.argument("image")
@methods_option
@click.option("-t", "--truth", help="An image of the right answer: a mask, labels or classes.")
@click.option("-o", "--output", type=Path, default="comparison.png", show_default=True, help="The picture to write.")
@reading
@json_option
def command(image: str, methods: tuple[str, ...], truth: str | None, output: Path, **how) -> None:
    """Compare methods on one image. The scores make a table, the best marked, and the errors a picture.

    \b
    cvkit compare data/coins.png -m otsu -m "median(size=5) | otsu | split" --truth data/coins-truth.png
    """
    output = output_file(output, [image, truth] if truth else [image], ".png")
    found = cvkit.compare(read(image, **how), list(methods), cvkit.read_truth(truth) if truth else None)
    say(str(found))
    save_figure(output, found.plot())
    say(f"\nThe picture is in {shown(output)}")
    answer({"methods": records(found.rows), "picture": output})
    if any(found.rows["failure"]):
        raise click.exceptions.Exit(1)
