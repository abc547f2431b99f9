"""`cvkit try`: what every method makes of an image, in one picture."""

from pathlib import Path

import click

import cvkit
from cvkit.cli._config import Command
from cvkit.cli._files import Faults, each, failed, finish, image_files, sources
from cvkit.cli._output import answer, json_option, say
from cvkit.cli._shared import METHOD, check_names, name_of, output_file, read, reading, save_figure
from cvkit.errors import shown


@click.command(cls=Command)
@sources
@click.option("-m", "--method", "methods", multiple=True, type=METHOD, help="Only these. [default: all thresholds]")
@click.option("--foreground", type=click.Choice(["bright", "dark", "auto"]), default="bright", show_default=True,
              help="What is looked for, by thresholds that are named alone; ink is dark.")  # fmt: skip
@click.option("-o", "--output", type=Path, help="The picture to write, or a folder. [default: NAME-try.png]")
@reading
@json_option
def command(
    images: tuple[str, ...], listed: str | None, methods: tuple[str, ...], foreground: str, output: Path | None, **how
) -> None:
    """Try all methods on an image, in one picture. One that fails says why in its place.

    \b
    cvkit try data/coins.png
    cvkit try data/page.png --foreground dark -m otsu -m sauvola -m "howe" -o ink.png
    cvkit try "data/*.png" -m otsu -m li -o tried
    """
    files, faults = image_files(images, listed), Faults()
    check_names(files)
    pipelines = [cvkit.Pipeline(method) for method in methods] or None
    if output is not None and (len(files) > 1 or not output.suffix):
        output.mkdir(parents=True, exist_ok=True)

    def draw(image: str) -> dict:
        own = f"{name_of(image, files)}-try.png"
        path = Path(own) if output is None else output / own if output.is_dir() else output
        path = output_file(path, files)
        save_figure(path, cvkit.try_all(read(image, **how), pipelines, foreground=foreground))
        say(shown(f"{image} -> {path}"))
        return {"image": image, "picture": path}

    drawn = list(each(files, draw, faults))
    if len(drawn) > 1:
        say(shown(f"\n{len(drawn)} pictures are in {output or 'this folder'}"))
    answer({"images": drawn, "failed": failed(faults)})
    finish(faults, len(files))
