"""`cvkit train`: a network learns from a folder of images and their right answers."""

import contextlib
import sys
from pathlib import Path

import click
from click.shell_completion import CompletionItem

import cvkit
from cvkit.cli._config import Command
from cvkit.cli._output import answer, json_option, records, say, wants_json
from cvkit.cli._shared import read_pairs
from cvkit.errors import shown


def _networks(context: click.Context, parameter: click.Parameter, written: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in cvkit.networks() if name.startswith(written)]


@click.command(cls=Command)
@click.argument("images")
@click.argument("truths", required=False)
@click.option("-n", "--network", default="unet(width=16, depth=4)", show_default=True, shell_complete=_networks,
              help="As in a pipeline; cvkit list names them.")  # fmt: skip
@click.option("-o", "--output", type=Path, default=Path("runs/model"), show_default=True, help="The run folder.")
@click.option("--kind", type=click.Choice(["mask", "labels", "classes"]), help="What the truths hold, if not as found.")
@click.option(
    "--validation",
    type=click.FloatRange(0, 0.9),
    default=0.2,
    show_default=True,
    help="The share of the images that is held back.",
)
@click.option(
    "--epochs",
    type=click.IntRange(1),
    default=40,
    show_default=True,
    help="How long: 100 batches of patches each, or fewer.",
)
@click.option("--patch", default=128, show_default=True, help="Side of a patch, in pixels.")
@click.option("--augment", default="strong", show_default=True, help="strong, light, none, or steps.")
@click.option("--loss", default="cross_entropy + dice", show_default=True, help="Losses and their weights.")
@click.option("--seed", default=0, show_default=True, help="The same number gives the same model.")
@click.option("--check", is_flag=True, help="Only say what is wrong with the images and truths.")
@json_option
def command(
    images: str, truths: str | None, network: str, output: Path, kind: str | None, validation: float, check: bool, **how
) -> None:
    """Train a network on a folder of images with truths.

    The right answers bear the names of the images, in the folder TRUTHS, or beside them with a mark such as -truth. If
    IMAGES is a JSON file in COCO's format, TRUTHS is the folder of its images. Stopped, the same line goes on.

    \b
    cvkit train cells/images cells/masks -o runs/cells
    cvkit segment new.png -m runs/cells/model
    """
    pairs = read_pairs(images, truths, kind, partial=False)
    found = cvkit.datasets.check(pairs)
    say(str(found))
    if found.faults:
        raise click.ClickException(f"{len(found.faults)} of the pairs cannot be learnt from; mend or remove them.")
    if check:
        answer({"pairs": len(pairs), "notes": str(found)})
        return
    learnt, held = pairs.split(validation, seed=how["seed"]) if validation > 0 else (pairs, [])
    with contextlib.redirect_stdout(sys.stderr) if wants_json() else contextlib.nullcontext():
        model = cvkit.train(network, learnt, output, validation=held, **how)
    scores = cvkit.evaluate({"otsu": "otsu", "the new model": str(model)}, held) if held else None
    if scores:
        say(f"\nOn the {len(held)} images that were held back, and chose the epoch:")
        say(str(scores))
    say()
    say(shown(f'Try it: cvkit segment IMAGE -m "{model}"'))
    say(shown(f"The model is in {model}; what was learnt when, and pictures, in {output}"))
    answer({"model": model, "run": output, "held_back": records(scores.summary()) if scores else []})
