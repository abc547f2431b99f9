"""`cvkit judge`: how good generated images are, beside what real ones reach."""

import os
from pathlib import Path

import click

import cvkit
from cvkit.cli._config import Command
from cvkit.cli._files import progress
from cvkit.cli._output import answer, json_option, say
from cvkit.cli._shared import METHOD
from cvkit.files import find


@click.command(cls=Command)
@click.argument("generated", type=METHOD)
@click.argument("real")
@click.option("-f", "--features", default="efficientnet_lite0", show_default=True,
              help="What describes images: efficientnet_lite0, inception_v3, or a classifier's file.")  # fmt: skip
@click.option("--held-back", help="Real images that the floor is made of. [default: half of REAL]")
@click.option("-n", "--number", type=click.IntRange(2), default=1000, show_default=True,
              help="How many images, of a generator.")  # fmt: skip
@click.option("-s", "--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Of the generator, and of what is drawn at random.")  # fmt: skip
@json_option
def command(generated: str, real: str, features: str, held_back: str | None, number: int, seed: int) -> None:
    """Judge generated images by real ones. Distances, precision, recall, density and coverage, each beside its floor.

    GENERATED is a folder of images, or that of a trained generator, which then makes some. REAL is a folder of images
    of the same size, best ones that the generator has not learnt from. Judgements by other features, or of other
    numbers of images, cannot be compared.

    \b
    cvkit judge runs/clothes/model clothes/test
    cvkit judge made clothes/test --features classifier.keras --json
    """
    from cvkit.compare.generation import describe, judge

    if os.path.isfile(Path(generated, "card.json")):
        made = cvkit.generate(generated, number, seed=seed)
    else:
        made = _read(generated)
    others = _read(held_back) if held_back else None
    found = judge(made, _read(real), features, held_back=others, seed=seed)
    say(describe(found))
    answer(found)


def _read(folder: str):
    """Read the images of a folder or a pattern as one array."""
    import numpy as np

    from cvkit.errors import CvkitError

    files = list(find(folder))
    images = [cvkit.read(file) for file in progress(files)]
    for file, image in zip(files, images, strict=True):
        if (image.shape, image.dtype) != (images[0].shape, images[0].dtype):
            kinds = [f"{' x '.join(map(str, one.shape))} {one.dtype}" for one in (images[0], image)]
            expected = f"all images of {folder} must be of one size and depth, as the first one, {kinds[0]}"
            raise CvkitError("images-differ", expected, came=f"{kinds[1]} in {file}", remedy="resize or convert it")
    return np.stack(images)
