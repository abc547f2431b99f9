"""`cvkit generate`: images out of a trained generator."""

from pathlib import Path

import click

import cvkit


@click.command()
@click.argument("model")
@click.option("-n", "--number", default=16, show_default=True, help="How many images.")
@click.option("-s", "--seed", default=0, show_default=True, help="The same seed gives the same images.")
@click.option("-c", "--class", "kind", type=int, help="What to make, by a generator of classes. [default: all in turn]")
@click.option("-m", "--map", "map_", help="A class map to paint, by a generator of maps: an image file.")
@click.option("-t", "--truncation", default=1.0, show_default=True, help="Below 1: more usual, less varied.")
@click.option("-o", "--output", type=Path, default="generated.png", show_default=True,
              help="A picture of all, or a folder for one file each.")  # fmt: skip
def command(model: str, number: int, seed: int, kind: int | None, map_: str | None, truncation: float, output: Path):
    """Make images with the generator in the folder MODEL."""
    from cvkit.cli._shared import output_file
    from cvkit.deep.generation import generate, grid

    condition = kind if map_ is None else cvkit.read_truth(map_)
    images, inputs = generate(model, number, condition=condition, truncation=truncation, seed=seed), [map_ or model]
    if output.suffix:
        cvkit.write(output_file(output, inputs), grid(images))
    else:
        output.mkdir(parents=True, exist_ok=True)
        for place, image in enumerate(images):
            cvkit.write(output_file(output / f"{place:04d}.png", inputs), image)
    click.echo(f"{len(images)} images -> {output}")
