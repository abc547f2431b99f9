"""`cvkit export`: a trained model in the format of others."""

from pathlib import Path

import click

import cvkit


@click.command()
@click.argument("model")
@click.option("--to", "to", required=True, type=click.Choice(["onnx", "litert", "openvino", "savedmodel"]))
@click.option("-o", "--output", required=True, type=Path, help="The file to write; for savedmodel a new folder.")
@click.option("--side", default=256, show_default=True, help="For litert: the side of the square images it takes.")
def command(model: str, to: str, output: Path, side: int) -> None:
    """Write a trained model, a name or a folder, for other programs; checked to answer as Keras does."""
    from cvkit.cli._shared import output_file
    from cvkit.registry import TRAINED

    folder = TRAINED / model if model in cvkit.methods() and (TRAINED / model).is_dir() else Path(model)
    cvkit.deep.read_card(folder)  # a wrong name is told before Keras is loaded
    if to != "savedmodel":
        output = output_file(output, folder.iterdir())
    from cvkit.deep.quiet import import_keras

    import_keras()
    from cvkit.deep.convert import convert

    difference = convert(folder, to, output, side=side)
    click.echo(f"{model} -> {output}, differs from Keras by at most {difference:.1e}")
