"""What commands share: how images are read, and where answers go. Nothing heavy is imported at the top, as in them."""

import io
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import click

import cvkit
from cvkit.errors import CvkitError, FileMissing, shown

SUFFIX = {"table": ".csv"}
_READING = [
    click.option("--page", type=click.IntRange(0), help="Which image of a file that holds several, from 0."),
    click.option("--max-pixels", type=click.IntRange(1), default=100_000_000, show_default=True, help="Refuse more."),
    click.option("--allow-truncated", is_flag=True, help="Read what is there of a file that is cut short."),
]


def reading(command: Callable) -> Callable:
    """Give a command the options of `cvkit.read`: parameters `page`, `max_pixels` and `allow_truncated`."""
    for option in reversed(_READING):
        command = option(command)
    return command


def read(image: str, **how):
    """Read an image, and say on the error stream what was changed on the way."""
    array, info = cvkit.read(image, info=True, **how)
    if info.done:
        click.echo(shown(f"{image}: {', '.join(info.done)}"), err=True)
    return array


def destination(image: str, answer, output: Path | None, images: Collection[str]) -> Path:
    """Choose the file for an answer: `output` itself, a file in it if it is a folder, else one in this folder.

    Where several of the images differ in their ending alone, the names of their answers keep it.
    """
    from cvkit.arrays import kind_of

    kind, source = kind_of(answer), Path(image)
    alike = sum(Path(other).stem == source.stem for other in images) > 1
    name = f"{source.name if alike else source.stem}-{kind}{SUFFIX.get(kind, '.png')}"
    if output is None:
        path = Path(name)
    elif len(images) > 1 or output.is_dir() or not output.suffix:
        output.mkdir(parents=True, exist_ok=True)
        path = output / name
    else:
        path = output
    return output_file(path, images)


def output_file(path: Path, inputs: Iterable[str | Path], suffix: str = "") -> Path:
    """Give the file that will be written: with an ending, in a folder that is there, and none of those that are read.

    Ask it before the work is done, and write with `save`, `save_figure` or what else puts a file in its place whole.
    """
    if path.is_dir():
        raise CvkitError("file-folder", came="it is a folder", remedy="name a file in it", file=path)
    path = path if path.suffix else path.with_name(path.name + suffix)
    if not path.parent.is_dir():
        raise FileMissing("folder-missing", came=f"there is no folder {path.parent}", remedy="make it first", file=path)
    for file in map(Path, inputs) if path.exists() else ():
        if file.exists() and path.samefile(file):
            came = "the answer would replace the image" + f" {file}" * (path.name != file.name)
            raise CvkitError("output-is-input", came=came, remedy="choose another name", file=path)
    return path


def check_names(images: Iterable[str]) -> None:
    """Refuse images of one name in several folders, as their answers would have one name, too."""
    for name, count in Counter(Path(image).name for image in images).items():
        if count > 1:
            came = f"{count} images are named {name}, and their answers would replace each other"
            raise CvkitError(
                "output-twice", came=came, remedy="segment them one folder at a time, each with its own -o"
            )


def save(path: Path, answer) -> None:
    """Write an image by its suffix, or a table as CSV."""
    from cvkit.arrays import kind_of
    from cvkit.scale.answers import write_table

    if kind_of(answer) != "table":
        cvkit.write(path, answer)
        return
    write_table(path, answer)


def save_figure(path: Path, figure) -> None:
    """Write a figure of Matplotlib, in the format of the ending."""
    from cvkit.io import write_bytes

    picture = io.BytesIO()
    figure.savefig(picture, format=path.suffix[1:])
    write_bytes(path, picture.getvalue())


def tell(answer) -> str:
    """Say in a few words what an answer holds."""
    from cvkit.arrays import kind_of

    kind = kind_of(answer)
    if kind == "table":
        return f"{len(next(iter(answer.values())))} objects measured"
    if kind == "labels":
        return f"{answer.max()} objects"
    if kind == "mask":
        return f"mask, {answer.mean():.1%} foreground"
    return f"classes {', '.join(map(str, sorted(set(answer.ravel().tolist()))))}"
