"""`cvkit segment-large`: one image larger than memory in, tile by tile, and the answer of the whole out."""

import click

import cvkit
from cvkit.cli._config import Command
from cvkit.cli._output import answer, json_option, say
from cvkit.cli._shared import METHOD
from cvkit.errors import shown


@click.command(cls=Command)
@click.argument("image", metavar="IMAGE")
@click.option("-m", "--method", required=True, type=METHOD,
              help="A method, a pipeline in quotes, or the folder of a model.")  # fmt: skip
@click.option("-o", "--output", required=True, help="A .npy, .tif, .zarr or .ome.zarr; a .csv for a table.")
@click.option("--tile", type=click.IntRange(64), default=2048, show_default=True, help="Side of a tile in pixels.")
@click.option("--workers", type=click.IntRange(1), help="Tiles at the same time. [default: one on each core]")
@click.option("--engine", default="local", help="The scheduler of a Dask cluster, such as tcp://10.0.0.1:8786.")
@click.option("--page", type=click.IntRange(0), help="Which image of a TIFF that holds several, from 0.")
@json_option
def command(image: str, method: str, output: str, **how) -> None:
    """Segment an image larger than memory, tile by tile.

    IMAGE is a .npy file, a TIFF, zarr or OME-Zarr. The answer is that of the whole image, bit for bit for 8 and 16
    bits; a step that cannot work on tiles is refused with the reason before any work is done. Memory is set by --tile
    and --workers, not by the image.

    \b
    cvkit segment-large slide.tif -m "gaussian(sigma=1) | otsu | label" -o labels.tif
    """
    found = cvkit.segment_large(image, method, output, **how)
    objects = len(next(iter(found.values()))) if isinstance(found, dict) else None
    say(shown(f"{image}: {output}" if objects is None else f"{image}: {objects} objects measured -> {output}"))
    answer({"image": image, "output": output, "objects": objects})
