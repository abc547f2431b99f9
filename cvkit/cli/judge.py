"""`cvkit judge`: how good generated images are, beside what real ones reach."""

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
@click.option("-f", "--features", type=click.Choice(["efficientnet_lite0", "inception_v3"]), show_default=True,
              default="efficientnet_lite0", help="The network that describes images.")  # fmt: skip
@click.option("--held-back", help="Real images that the floor is made of. [default: half of REAL]")
@click.option("-n", "--number", type=click.IntRange(10), default=1000, show_default=True,
              help="How many images, of a generator.")  # fmt: skip
@click.option("-s", "--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Of the generator, and of what is drawn at random.")  # fmt: skip
@json_option
def command(generated: str, real: str, features: str, held_back: str | None, number: int, seed: int) -> None:
    """Judge generated images by real ones. Distances, precision, recall, density and coverage, each beside its floor.

    GENERATED is a folder of images, or a trained generator, its folder or its name. REAL is a folder of images of the
    same size, best ones that the generator has not learnt from. Judgements by other features, or of other
    numbers of images, cannot be compared. Your own classifier describes best: in Python, cvkit.judge.

    \b
    cvkit judge runs/clothes/model clothes/test
    cvkit judge made clothes/test --features inception_v3 --json
    """
    from cvkit.compare.judgement import as_text, judge
    from cvkit.deep.generator_card import generator_folder

    if (generator_folder(generated) / "card.json").is_file():
        made = cvkit.generate(generated, number, seed=seed)
    else:
        made = _read(generated)
    others = _read(held_back) if held_back else None
    found = judge(made, _read(real), features, held_back=others, seed=seed)
    say(as_text(found))
    answer(found)


def _read(word: str) -> list:
    """Read the images of a folder or a pattern."""
    return [cvkit.read(file) for file in progress(list(find(word)))]
