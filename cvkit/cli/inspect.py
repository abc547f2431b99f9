"""`cvkit inspect`: what a file or a model is, nothing of it decoded or loaded."""

import os
from collections.abc import Iterator
from pathlib import Path

import click

from cvkit.cli._files import image_files
from cvkit.cli._output import answer, json_option, say
from cvkit.errors import shown


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="FILE|FOLDER|MODEL...")
@json_option
def command(names: tuple[str, ...]) -> None:
    """Tell what image files and models are. Their headers are read, nothing is decoded, nothing loaded.

    The exit code is 1 if one of the files would not be read, or one of the models would not be run.

    \b
    cvkit inspect data/nuclei.png nuclei
    cvkit inspect "data/*.png"
    """
    from cvkit.errors import CvkitError

    found = []
    for name, folder in _named(names):
        say(shown(name), bold=True)
        facts = []
        try:
            for what, value in _model(folder) if folder else _file(name):
                say(f"  {what:10}{shown(value)}")
                facts.append({"what": what, "text": value})
        except CvkitError as fault:
            say(f"  {'refused':10}{fault}  [{fault.code}]")
            found.append({"name": name, "facts": facts, "refused": str(fault), "code": fault.code})
        else:
            found.append({"name": name, "facts": facts, "refused": None, "code": None})
    answer({"found": found})
    if refused := [one for one in found if one["refused"]]:
        say(f"\n{len(refused)} of {len(found)} refused", err=True)
        raise click.exceptions.Exit(1)


def _named(names: tuple[str, ...]) -> Iterator[tuple[str, Path | None]]:
    """The models among the names with their folders, and all files that the others stand for."""
    from cvkit import registry
    from cvkit.deep.generator_card import generator_folder

    for name in names:
        folder = registry.TRAINED / name if name in registry.trained() else generator_folder(name)
        if os.path.exists(folder / "card.json"):
            yield name, folder
        else:
            yield from ((file, None) for file in image_files([name]))


def _file(name: str) -> Iterator[tuple[str, str]]:
    from cvkit.decode import MAX_PIXELS
    from cvkit.decode.info import check_size, check_whole
    from cvkit.io import inspect

    info = inspect(name)
    pixels = info.width * info.height
    yield "format", f"{info.format}, {Path(name).stat().st_size:,} bytes"
    yield "size", f"{info.width} x {info.height}, {pixels / MAX_PIXELS:.1%} of the limit of {MAX_PIXELS:,} pixels"
    yield "values", f"{info.colour}, {info.bits} bits"
    yield "memory", f"{pixels * (1 if info.colour == 'grey' else 3) * max(8, info.bits) / 2**23:.1f} MB"
    if info.pages > 1:
        yield "pages", f"{info.pages}; choose one, page=0 to page={info.pages - 1}"
    yield from (("change", words) for words in info.done if not words.startswith("page "))
    check_size(info, MAX_PIXELS)
    check_whole(info)


def _model(folder: Path) -> Iterator[tuple[str, str]]:
    from cvkit.deep.card import ONNX, WEIGHTS, check_file, read_card
    from cvkit.errors import CvkitError

    try:
        card = read_card(folder)
    except CvkitError as fault:
        if fault.code != "model-kind":
            raise
        yield from _generator(folder)
        return
    yield "model", card["summary"]
    yield "network", card["network"]
    yield "takes", {1: "grey", 3: "RGB"}.get(card["channels"], f"{card['channels']} channels")
    yield "gives", f"{card['answer']}: {', '.join(card['classes'])}"
    yield "before", card["preprocess"] or "nothing"
    yield "after", card["postprocess"] or "nothing"
    yield from _about(card)
    for name in (ONNX, WEIGHTS):
        yield "file", f"{name}, {check_file(folder, card, name).stat().st_size:,} bytes, as the card says"


def _generator(folder: Path) -> Iterator[tuple[str, str]]:
    from cvkit.deep.generator_card import generator_file, read_generator_card

    card = read_generator_card(folder)
    height, width, channels = card["shape"]
    yield "generator", card["summary"]
    yield "network", card["gan"]
    yield "gives", f"{width} x {height}, {'grey' if channels == 1 else 'RGB'}, {card['dtype']}"
    told = {"none": "nothing", "class": "a class", "map": "a map of classes"}[card["condition"]]
    yield "takes", told + (f": {', '.join(card['classes'])}" if card["classes"] else "")
    yield from _about(card)
    file = generator_file(folder, card)
    yield "file", f"{file.name}, {file.stat().st_size:,} bytes, as the card says"


def _about(card: dict) -> Iterator[tuple[str, str]]:
    """What a card tells of data, figures and licence, as far as it does."""
    for name in ("data", "figures", "licence"):
        values = card.get(name)
        if not isinstance(values, dict):
            values = {} if values is None else {"": values}
        for of, value in values.items():
            text = ", ".join(f"{key} {one}" for key, one in value.items()) if isinstance(value, dict) else str(value)
            yield name, f"{of}: {text}" if of else text
