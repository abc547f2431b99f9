"""`cvkit segment-large`: one image larger than memory in, tile by tile, and the answer of the whole out."""

import click

import cvkit
from cvkit.errors import shown


@click.command()
@click.argument("image", metavar="IMAGE")
@click.option("-m", "--method", required=True, help="A method, a pipeline in quotes, or the folder of a model.")
@click.option("-o", "--output", required=True, help="A .npy, .tif, .zarr or .ome.zarr; a .csv for a table.")
@click.option("--tile", type=click.IntRange(64), default=2048, show_default=True, help="Side of a tile in pixels.")
@click.option("--workers", type=click.IntRange(1), help="Tiles at the same time. [default: one on each core]")
@click.option("--engine", default="local", help="The scheduler of a Dask cluster, such as tcp://10.0.0.1:8786.")
@click.option("--page", type=click.IntRange(0), help="Which image of a TIFF that holds several, from 0.")
def command(image: str, method: str, output: str, **how) -> None:
    """Segment an image larger than memory: a .npy file, a TIFF, zarr or OME-Zarr.

    The answer is that of the whole image, bit for bit for 8 and 16 bits; a step that cannot work on tiles is refused
    with the reason before any work is done. Memory is set by --tile and --workers, not by the image.
    """
    answer = cvkit.segment_large(image, method, output, **how)
    told = f"{len(next(iter(answer.values())))} objects measured -> {output}" if isinstance(answer, dict) else output
    click.echo(shown(f"{image}: {told}"))
