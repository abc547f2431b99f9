"""Which files a command is to go through, and how it goes on after one that is bad. Nothing heavy is imported here."""

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from cvkit.cli._output import is_typed, say
from cvkit.errors import CvkitError, shown
from cvkit.files import find

STDIN = "-"
Faults = dict[str, Exception]


def sources(command: Callable) -> Callable:
    """Give a command the argument `images` and the option ``--from``: parameters for `image_files`."""
    words = "Take the names of images from a file, one a line, or from the standard input: --from -"
    command = click.option("--from", "listed", metavar="FILE", help=words)(command)
    return click.argument("images", nargs=-1, metavar="IMAGE...")(command)


def named(words: Sequence[str], listed: str | None = None) -> list[str]:
    """Give the words that were typed with those of the file `listed`.

    Parameters
    ----------
    words : list of str
        Files; folders; patterns such as ``"scans/**/*.tif"``, which a shell leaves alone when they are quoted; "-" for
        an image on the standard input.
    listed : str, optional
        A file of such words, one a line or parted by NUL as ``find -print0`` does; "-" for the standard input.

    Returns
    -------
    words : list of str

    Raises
    ------
    click.UsageError
        If there is none.
    """
    if listed is not None:
        with click.open_file(listed, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
        words = [*words, *filter(None, text.split("\0") if "\0" in text else text.splitlines())]
    if not words:
        raise click.UsageError("No image was named: name files, folders or patterns, '-' for the standard input.")
    return list(words)


def image_files(words: Sequence[str], listed: str | None = None) -> list[str]:
    """Find the image files that words stand for, each once, as `cvkit.files.find` does.

    Parameters
    ----------
    words, listed
        As of `named`.

    Returns
    -------
    files : list of str
        In the order of the words, those of a folder or a pattern by their names.

    Raises
    ------
    click.UsageError, CvkitError
        If there is none, or a folder or a pattern has none.
    """
    return list(dict.fromkeys(file for word in named(words, listed) for file in find(word)))


@contextlib.contextmanager
def as_file(image: str) -> Iterator[str]:
    """Give a path to read: the image's own or, for "-", that of a file with what the standard input holds."""
    if image != STDIN:
        yield image
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "stdin")
        path.write_bytes(sys.stdin.buffer.read())
        try:
            yield str(path)
        except CvkitError as fault:
            fault.file = "standard input"
            raise


def each(files: Sequence[str], work: Callable[[str], object], faults: Faults) -> Iterator:
    """Do something with one file after another, and give what comes of it; what fails is noted, and the rest goes on.

    On a terminal a bar says which file it is at, and how long it will take. What is wrong with the command line, and
    not with a file, ends it at once; so does every fault with --debug.
    """
    for file in progress(files):
        try:
            done = work(file)
        except (ValueError, TypeError, OSError) as fault:
            if is_typed(fault) or click.get_current_context().find_root().params.get("debug"):
                raise
            faults[file] = fault
            if len(files) > 1:
                say(f"{shown(file)}: failed", err=True, fg="red")
        else:
            yield done


def progress(files: Sequence[str]) -> Iterator[str]:
    """Go through files; on a terminal with a bar, on the error stream, that names the current one."""
    if len(files) < 2 or not sys.stderr.isatty():
        yield from files
        return
    from tqdm import tqdm

    with tqdm(total=len(files), unit="image", leave=False, dynamic_ncols=True) as bar:
        for file in files:
            bar.set_postfix_str(shown(Path(file).name)[-40:])
            yield file
            bar.update()


def finish(faults: Faults, count: int) -> None:
    """List what failed, on the error stream, and end with exit code 1 if anything did."""
    if not faults:
        return
    if count == 1:
        raise click.ClickException(*(reason(file, fault) for file, fault in faults.items()))
    say(f"\n{len(faults)} of {count} failed:", err=True, bold=True)
    for file, fault in faults.items():
        say(f"  {reason(file, fault)}", err=True)
    raise click.exceptions.Exit(1)


def reason(file: str, fault: Exception) -> str:
    """Say in one line what is wrong with which file."""
    text = shown(fault) or type(fault).__name__
    code = f"  [{fault.code}]" if isinstance(fault, CvkitError) else ""
    named = isinstance(fault, CvkitError) and fault.file is not None
    return (text if named else f"{shown(file)}: {text}") + code


def failed(faults: Faults) -> list[dict]:
    """What failed, for `answer`."""
    return [
        {"file": file, "reason": shown(fault), "code": getattr(fault, "code", None)} for file, fault in faults.items()
    ]


class ReadPairs:
    """Pairs of image and truth, read one at a time with a bar; those that cannot be read are noted and left out.

    Parameters
    ----------
    pairs : cvkit.datasets.Pairs
    faults : dict
        Where they are noted.

    Attributes
    ----------
    images : list
        The names of those that were given so far, as `cvkit.evaluate` asks for them.
    """

    def __init__(self, pairs, faults: Faults) -> None:
        self.pairs, self.faults, self.images = pairs, faults, []

    def __iter__(self) -> Iterator[tuple]:
        from cvkit.compare.evaluate import read_pair

        places = {str(name): place for place, name in enumerate(self.pairs.images)}

        def read(name: str) -> tuple:
            return name, *read_pair(self.pairs[places[name]], places[name])[1:]

        for name, image, truth in each(list(places), read, self.faults):
            self.images.append(name)
            yield image, truth
        if not self.images:
            finish(self.faults, len(places))
