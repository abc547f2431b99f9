"""`cvkit evaluate`: methods on a folder of images whose right answers are known, as a table and a page."""

import shlex
import sys
from pathlib import Path

import click


@click.command()
@click.argument("images")
@click.argument("truths", required=False)
@click.option("-m", "--method", "methods", multiple=True, required=True, help="A method or a pipeline; repeat it.")
@click.option("-s", "--score", "scores", multiple=True, help="One more score, such as ap75, boundary_f; repeat it.")
@click.option("--kind", type=click.Choice(["mask", "labels", "classes"]), help="What the truths hold, if not as found.")
@click.option("-r", "--report", type=Path, help="Write a page of HTML with the scores and every image.")
@click.option("--csv", "table", type=Path, help="Write a line for each method and image.")
def command(
    images: str,
    truths: str | None,
    methods: tuple[str, ...],
    scores: tuple[str, ...],
    kind: str | None,
    report: Path | None,
    table: Path | None,
) -> None:
    """Evaluate methods on the folder IMAGES: scores with intervals, time, memory, and who beats whom.

    The right answers bear the names of the images, in the folder TRUTHS, or beside them with a mark such as -truth.

    \b
    cvkit evaluate data -m otsu -m "otsu | split" -s ap75 --report report.html
    """
    import cvkit
    from cvkit.cli._shared import output_file
    from cvkit.compare.report import Pictures, write_report

    pairs = cvkit.datasets.from_folders(images, truths, kind=kind)
    inputs = [*pairs.images, *pairs.truths]
    report = output_file(report, inputs, ".html") if report else None
    table = output_file(table, [*inputs, report] if report else inputs, ".csv") if table else None
    pictures = Pictures() if report else None
    found = cvkit.evaluate(list(methods), pairs, metrics=scores, report=pictures)
    click.echo(str(found))
    if table:
        found.to_csv(table)
        click.echo(f"\nThe rows are in {table}")
    if report:
        write_report(found, report, pictures=pictures, command=shlex.join(["cvkit", *sys.argv[1:]]))
        click.echo(f"\nThe report is in {report}")
