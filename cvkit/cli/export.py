"""`cvkit export`: a trained model in the format of others."""

from pathlib import Path

import click

import cvkit
from cvkit.cli._config import Command
from cvkit.cli._output import answer, json_option, say
from cvkit.cli._shared import METHOD, output_file
from cvkit.errors import shown


@click.command(cls=Command)
@click.argument("model", type=METHOD)
@click.option("--to", "to", required=True, type=click.Choice(["onnx", "litert", "openvino", "savedmodel"]),
              help="The format.")  # fmt: skip
@click.option("-o", "--output", required=True, type=Path, help="The file to write; for savedmodel a new folder.")
@click.option("--side", type=click.IntRange(1), default=256, show_default=True,
              help="For litert: the side of the square images it takes.")  # fmt: skip
@json_option
def command(model: str, to: str, output: Path, side: int) -> None:
    """Write a trained model in a format of others. It is checked to answer as Keras does.

    MODEL is a name, such as nuclei, or a folder.

    \b
    cvkit export nuclei --to onnx -o nuclei.onnx
    """
    from cvkit.registry import TRAINED, trained

    folder = TRAINED / model if model in trained() else Path(model)
    cvkit.deep.read_card(folder)  # a wrong name is told before Keras is loaded
    if to != "savedmodel":
        output = output_file(output, folder.iterdir())
    from cvkit.deep.quiet import import_keras

    import_keras()
    from cvkit.deep.convert import convert

    difference = convert(folder, to, output, side=side)
    say(shown(f"{model} -> {output}, differs from Keras by at most {difference:.1e}"))
    answer({"model": model, "format": to, "file": output, "difference": difference})
