"""`cvkit generate`: images out of a trained generator."""

from pathlib import Path

import click

import cvkit
from cvkit.cli._config import Command
from cvkit.cli._output import answer, json_option, say
from cvkit.cli._shared import METHOD, output_file
from cvkit.errors import shown


@click.command(cls=Command)
@click.argument("model", type=METHOD)
@click.option("-n", "--number", type=click.IntRange(1), default=16, show_default=True, help="How many images.")
@click.option("-s", "--seed", type=click.IntRange(0), default=0, show_default=True,
              help="The same seed gives the same images.")  # fmt: skip
@click.option("-c", "--class", "kind", help="What to make, a name or number. [default: all in turn]")
@click.option("-m", "--map", "map_", help="A class map to paint, by a generator of maps: an image file.")
@click.option("-t", "--truncation", type=click.FloatRange(0, 1), default=1.0, show_default=True,
              help="Below 1: more usual, less varied.")  # fmt: skip
@click.option("-o", "--output", type=Path, default="generated.png", show_default=True,
              help="A picture of all, or a folder for one file each.")  # fmt: skip
@json_option
def command(model: str, number: int, seed: int, kind: str | None, map_: str | None, truncation: float, output: Path):
    """Make images with a trained generator. MODEL is its folder, or the name of one that cvkit carries.

    \b
    cvkit generate fashion -n 30 --class boot
    cvkit generate runs/clothes/model -n 16 -o grid.png
    cvkit generate runs/clothes/model -n 100 --class 3 -o shirts
    """
    from cvkit.deep.generation import generate, grid

    if kind is not None and map_ is not None:
        raise click.UsageError("Give a class or a map, not both.")
    inputs, several = [map_ or model], not output.suffix
    if several:
        output.mkdir(parents=True, exist_ok=True)
    files = [output / f"{place:04d}.png" for place in range(number)] if several else [output]
    files = [output_file(file, inputs) for file in files]
    condition = cvkit.read_truth(map_) if map_ is not None else kind and _number(model, kind)
    images = generate(model, number, condition=condition, truncation=truncation, seed=seed)
    for file, image in zip(files, images if several else [grid(images)], strict=True):
        cvkit.write(file, image)
    say(shown(f"{len(images)} images -> {output}"))
    answer({"images": len(images), "files": files})


def _number(model: str, kind: str) -> int:
    """The number of a class, by its number or its name in the card of the generator."""
    from cvkit.arrays import one_of
    from cvkit.deep.generator_card import generator_folder, read_generator_card

    if kind.isdecimal():
        return int(kind)
    classes = read_generator_card(generator_folder(model))["classes"]
    return classes.index(one_of(kind, "class", tuple(classes)))
