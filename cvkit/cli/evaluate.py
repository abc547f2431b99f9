"""`cvkit evaluate`: methods on a folder of images whose right answers are known, as a table and a page."""

import shlex
import sys
from pathlib import Path

import click

import cvkit
from cvkit.cli._config import Command
from cvkit.cli._files import Faults, ReadPairs, failed, finish
from cvkit.cli._output import answer, json_option, records, say
from cvkit.cli._shared import methods_option, output_file, read_pairs
from cvkit.errors import shown


@click.command(cls=Command)
@click.argument("images")
@click.argument("truths", required=False)
@methods_option
@click.option("-s", "--score", "scores", multiple=True, help="One more score, such as ap75, boundary_f; repeat it.")
@click.option("--kind", type=click.Choice(["mask", "labels", "classes"]), help="What the truths hold, if not as found.")
@click.option("-r", "--report", type=Path, help="Write a page of HTML with the scores and every image.")
@click.option("--csv", "table", type=Path, help="Write a line for each method and image.")
@json_option
def command(
    images: str,
    truths: str | None,
    methods: tuple[str, ...],
    scores: tuple[str, ...],
    kind: str | None,
    report: Path | None,
    table: Path | None,
) -> None:
    """Evaluate methods on a folder of images with truths. Scores with intervals, time, memory, and who beats whom.

    The right answers bear the names of the images, in the folder TRUTHS, or beside them with a mark such as -truth. If
    IMAGES is a JSON file in COCO's format, TRUTHS is the folder of its images. Pairs that cannot be read are left out.

    \b
    cvkit evaluate data -m otsu -m "otsu | split" -s ap75 --report report.html
    """
    from cvkit.compare.report import Pictures, write_report

    pairs, faults = read_pairs(images, truths, kind), Faults()
    inputs = [images, *pairs.images, *(truth for truth in pairs.truths if isinstance(truth, Path))]
    report = output_file(report, inputs, ".html") if report else None
    table = output_file(table, [*inputs, report] if report else inputs, ".csv") if table else None
    pictures = Pictures() if report else None
    found = cvkit.evaluate(list(methods), ReadPairs(pairs, faults), metrics=scores, report=pictures)
    say("\n\n".join(filter(None, [str(found), found.verdict(), *_classes(found, pairs.classes)])))
    if table:
        found.to_csv(table)
        say(f"\nThe rows are in {shown(table)}")
    if report:
        write_report(found, report, pictures=pictures, command=shlex.join(["cvkit", *sys.argv[1:]]))
        say(f"\nThe report is in {shown(report)}")
    answer(_result(found) | {"failed": failed(faults), "csv": table, "report": report})
    finish(faults, len(pairs))
    if any(found.rows["failure"]):
        raise click.exceptions.Exit(1)


def _classes(found, names: list[str]):
    """The IoU of each class, a line for each method that gave classes."""
    for label in found.confusions:
        table = found.class_scores(label)
        shown_as = [names[number] if number < len(names) else str(number) for number in table["class"].tolist()]
        values = (f"{name} {iou:.3f}" for name, iou in zip(shown_as, table["iou"], strict=True) if iou == iou)
        yield f"IoU of each class over all images, {label}: {', '.join(values)}"


def _result(found) -> dict:
    return {
        "methods": records(found.summary()),
        "paired": records(found.paired("mean_iou" if found.confusions else "dice")),
        "classes": {label: records(found.class_scores(label)) for label in found.confusions},
        "rows": records(found.rows),
    }
