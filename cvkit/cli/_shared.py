"""What commands share: how images are read, and where answers go. Nothing heavy is imported at the top, as in them."""

import io
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

import cvkit
from cvkit.cli._files import STDIN, as_file
from cvkit.cli._output import say
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


class Method(click.ParamType):
    """A method or a pipeline; the shell completes the name that is being written, or the folder of a model."""

    name = "method"

    def shell_complete(self, context: click.Context, parameter: click.Parameter, written: str) -> list[CompletionItem]:
        """Give what the last step of the text may become."""
        from cvkit import registry

        before, bar, last = written.rpartition("|")
        head = before + bar + last[: len(last) - len(last.lstrip())]
        last = last.strip()
        if "/" in last:
            return [CompletionItem(written, type="dir")]
        known = registry.methods() if not before else registry.methods() + registry.steps()
        return [CompletionItem(head + name) for name in known if name.startswith(last)]


METHOD = Method()


def methods_option(command: Callable) -> Callable:
    """Give a command ``-m``, which may be repeated: the parameter `methods`."""
    words = "A method, a pipeline in quotes or the folder of a model; repeat it."
    return click.option("-m", "--method", "methods", multiple=True, required=True, type=METHOD, help=words)(command)


def read(image: str, **how):
    """Read an image, "-" from the standard input, and say on the error stream what was changed on the way."""
    with as_file(image) as file:
        array, info = cvkit.read(file, info=True, **how)
    if info.done:
        say(shown(f"{image}: {', '.join(info.done)}"), err=True)
    return array


def read_pairs(images: str, truths: str | None, kind: str | None, *, partial: bool = True):
    """Give the pairs of a folder and its truths, or of a COCO file and the folder of its images.

    Unless `partial`, files without a partner are refused; else they are left out, which the error stream says.
    """
    if Path(images).suffix.lower() == ".json":
        return cvkit.datasets.from_coco(images, truths, kind=kind or "labels")
    pairs = cvkit.datasets.from_folders(images, truths, kind=kind, partial=partial)
    if pairs.alone:
        names = ", ".join(path.name for path in pairs.alone[:5]) + ", ..." * (len(pairs.alone) > 5)
        say(shown(f"Left out, for want of a partner: {names}"), err=True)
    return pairs


def destination(image: str, answer, output: Path | None, images: Collection[str]) -> Path:
    """Choose the file for an answer: `output` itself, a file in it if it is a folder, else one in this folder."""
    from cvkit.arrays import kind_of

    kind = kind_of(answer)
    name = f"{name_of(image, images)}-{kind}{SUFFIX.get(kind, '.png')}"
    if output is None:
        path = Path(name)
    elif len(images) > 1 or output.is_dir() or not output.suffix:
        output.mkdir(parents=True, exist_ok=True)
        path = output / name
    else:
        path = output
    return output_file(path, images)


def name_of(image: str, images: Collection[str]) -> str:
    """Give the name of an image, for those of its answers: without the ending, unless another differs in that alone."""
    source = Path("stdin" if image == STDIN else image)
    return source.name if sum(Path(other).stem == source.stem for other in images) > 1 else source.stem


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
            raise CvkitError("output-twice", came=came, remedy="name them one folder at a time, each with its own -o")


def save(path: Path, answer, image: str | None = None) -> None:
    """Write an answer in the format of the ending; `image` is what it was made of, which a COCO file names."""
    cvkit.write(path, answer, image=None if image is None else Path(image).name)


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
