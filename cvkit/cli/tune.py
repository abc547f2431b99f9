"""`cvkit tune`: the parameters that are best on images whose right answers are known."""

import os
from pathlib import Path

import click

import cvkit
from cvkit.cli._config import Command
from cvkit.cli._files import Faults, ReadPairs, failed, finish
from cvkit.cli._output import answer, json_option, records, say
from cvkit.cli._shared import METHOD, output_file, read_pairs
from cvkit.errors import shown


@click.command(cls=Command)
@click.argument("images")
@click.argument("truths", required=False)
@click.option(
    "-m",
    "--method",
    required=True,
    type=METHOD,
    help="A pipeline in quotes with lists of values, or the folder of a model.",
)
@click.option("-s", "--score", help="What is to be best, such as ap50, drd. [default: dice]")
@click.option(
    "--aim", type=click.Choice(["objects", "pixels"]), help="Of a model: what is to be best. [default: as it answers]"
)
@click.option("--kind", type=click.Choice(["mask", "labels", "classes"]), help="What the truths hold, if not as found.")
@click.option("--csv", "table", type=Path, help="Write a line for each combination.")
@json_option
def command(
    images: str,
    truths: str | None,
    method: str,
    score: str | None,
    aim: str | None,
    kind: str | None,
    table: Path | None,
) -> None:
    """Find the parameters that are best on a folder of images. The best are given as a pipeline to be run.

    Lists of values are what may be chosen. The right answers are found as by `cvkit evaluate`. If the method is the
    folder of a trained model, its threshold and last steps are chosen, and written into its card. A choice made on
    few images fits these images: measure it on others.

    \b
    cvkit tune data -m "gaussian(sigma=[1, 2]) | otsu | remove_small(area=[16, 64])"
    cvkit tune data -m "sauvola(window=[51, 101], k=[-0.3, -0.1])" -s ap50 --csv tried.csv
    cvkit tune cells/val/images cells/val/masks -m runs/cells/model
    """  # fmt: skip
    model = os.path.isfile(Path(method, "card.json"))
    if model and (score or table):
        raise click.UsageError("--score and --csv are of pipelines; a trained model takes --aim.")
    if aim and not model:
        raise click.UsageError("--aim is of a trained model; a pipeline takes --score.")
    pairs, faults = read_pairs(images, truths, kind), Faults()
    inputs = [images, *pairs.images, *(truth for truth in pairs.truths if isinstance(truth, Path))]
    table = output_file(table, inputs, ".csv") if table else None
    readable = ReadPairs(pairs, faults)
    if model:
        result = _tune_model(method, readable, aim)
    else:
        found = cvkit.tune(method, readable, metric=score or "dice")
        say(str(found))
        if table:
            cvkit.write(table, found.rows)
            say(f"\nThe rows are in {shown(table)}")
        say(f'\nUse it: cvkit segment IMAGE -m "{found.best}"')
        result = {"best": found.best, "score": found.name, "tried": records(found.rows), "csv": table}
    answer(result | {"failed": failed(faults)})
    finish(faults, len(pairs))


def _tune_model(model: str, pairs: ReadPairs, aim: str | None) -> dict:
    card = cvkit.deep.tune_model(model, list(pairs), aim=aim)
    names = [name for name in ("threshold", "star", "overlap", "postprocess") if name in card]
    chosen = {name: card[name] for name in names}
    say(f"Chosen on {card['tuned']['pairs']} images for {card['tuned']['aim']}, score {card['tuned']['score']}:")
    for name, value in chosen.items():
        say(f"  {name:12}{value if value != '' else 'nothing'}")
    say(f"\nIt is written into {shown(Path(model) / 'card.json')}")
    return {"model": model, **chosen, "tuned": card["tuned"]}
