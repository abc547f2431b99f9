"""`cvkit train`: a network learns from a folder of images and their right answers."""

import contextlib
import os
import shlex
import sys
from pathlib import Path

import click
from click.shell_completion import CompletionItem

import cvkit
from cvkit import registry
from cvkit.cli._config import Command
from cvkit.cli._output import answer, json_option, records, say, wants_json
from cvkit.cli._shared import read_pairs
from cvkit.errors import CvkitError, shown
from cvkit.files import find


def _networks(context: click.Context, parameter: click.Parameter, written: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in cvkit.networks() if name.startswith(written)]


def _typed(model: Path) -> str:
    """Give the folder of a model as it is typed into a shell for a method."""
    text = str(model)
    if registry.split(text) != [text]:  # such as with a bar
        text = str(cvkit.Pipeline(model))
    return shlex.quote(text) if os.name == "posix" else f'"{text}"'


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
@click.option("--batch", type=click.IntRange(1), help="Patches a batch. [default: 16, or as many as memory holds]")
@click.option("--rate", type=float, default=2e-3, show_default=True, help="The highest learning rate.")
@click.option("--patience", type=click.IntRange(1), help="Stop after so many epochs without a better score.")
@click.option("--precision", type=click.Choice(["f32", "bf16"]), default="f32", show_default=True,
              help="bf16 is faster on processors that know it.")  # fmt: skip
@click.option("--start", metavar="MODEL", help="Begin with the weights of a trained model, by name or folder.")
@click.option("--unlabelled", metavar="FOLDER", type=click.Path(exists=True, file_okay=False),
              help="More images of this kind, without truths, to learn from.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="The same number gives the same model.")
@click.option("--check", is_flag=True, help="Only say what is wrong with the images and truths.")
@json_option
def command(
    images: str,
    truths: str | None,
    network: str,
    output: Path,
    kind: str | None,
    validation: float,
    unlabelled: str | None,
    check: bool,
    **how,
) -> None:
    """Train a network on a folder of images with truths.

    The right answers bear the names of the images, in the folder TRUTHS, or beside them with a mark such as -truth. If
    IMAGES is a JSON file in COCO's format, TRUTHS is the folder of its images. Stopped, the same line goes on.

    \b
    cvkit train cells/images cells/masks -o runs/cells
    cvkit train cells/images cells/masks -n "unet(width=16, depth=4, widest=96)" --start nuclei --rate 0.001
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
    if validation > 0 and len(pairs) < 2:
        expected = "at least 2 pairs, to hold one of them back"
        raise CvkitError("pairs-few", expected, came="1", remedy="add images, or hold none back: --validation 0")
    how["plan"] = cvkit.Plan(**{name: how.pop(name) for name in ("batch", "rate", "patience", "precision", "start")})
    how["unlabelled"] = [cvkit.read(file) for file in find(unlabelled)] if unlabelled else []
    learnt, held = pairs.split(validation, seed=how["seed"]) if validation > 0 else (pairs, [])
    with contextlib.redirect_stdout(sys.stderr) if wants_json() else contextlib.nullcontext():
        model = cvkit.train(network, learnt, output, validation=held, **how)
    scores = cvkit.evaluate({"otsu": "otsu", "the new model": model}, held) if held else None
    if scores:
        say(f"\nOn the {len(held)} images that were held back, and chose the epoch:")
        say(str(scores))
    say()
    say(shown(f"Try it: cvkit segment IMAGE -m {_typed(model)}"))
    say(shown(f"The model is in {model}; what was learnt when, and pictures, in {output}"))
    answer({"model": model, "run": output, "held_back": records(scores.summary()) if scores else []})
