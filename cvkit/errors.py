"""The one tree of errors: each has a code for programs and a sentence for people.

The sentence is built from its parts: *where: what was expected, got what came; what to do.* ::

    raise CvkitError("parameter-range", "`window` must be odd", came=repr(window), remedy=f"use {window + 1}")

A code is two or three short words, the thing first (``file-truncated``, ``image-empty``, ``model-checksum``), and stays
the same when a sentence is reworded. There are few classes and many codes: a class only where Python has one that
callers know to catch.
"""

import difflib
import os
from collections.abc import Iterable
from typing import Any


class CvkitError(ValueError):
    """A fault of what was given to cvkit: a file, an array, a parameter, a model.

    Parameters
    ----------
    code : str
        Short and stable, such as ``"file-truncated"``.
    expected : str
        What was expected, as the beginning of a sentence.
    came : str
        What came instead.
    remedy : str
        What to do.
    file : str or path-like, optional
        The file that it is about; kept as `str`.

    Examples
    --------
    >>> print(CvkitError("parameter-odd", "`window` must be odd", came="4", remedy="use 5", file="page.png"))
    page.png: `window` must be odd, got 4; use 5.
    >>> print(CvkitError("file-empty", came="the file is empty", remedy="copy or download it again"))
    the file is empty; copy or download it again.
    """

    def __init__(
        self, code: str, expected: str = "", *, came: str = "", remedy: str = "", file: str | os.PathLike | None = None
    ) -> None:
        super().__init__()
        self.code, self.expected, self.came, self.remedy = code, expected, came, remedy
        self.file = None if file is None else os.fsdecode(file)

    def __str__(self) -> str:
        what = ", got ".join(part for part in (self.expected, self.came) if part)
        sentence = "; ".join(part for part in (what, self.remedy) if part)
        text = shown(sentence if self.file is None else f"{self.file}: {sentence}").rstrip(".")
        return text if text.endswith("?") else f"{text}."

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.code!r}, {str(self)!r})"

    def __reduce__(self) -> tuple:  # it goes from process to process whole
        return _again, (type(self), self.code, self.expected, self.came, self.remedy, self.file)

    def of(self, file: str | os.PathLike) -> "CvkitError":
        """Name the file that it is about, unless one is named already; give the error itself, to be raised again."""
        self.file = os.fsdecode(file) if self.file is None else self.file
        return self


class WrongType(CvkitError, TypeError):
    """Something of another type than was expected."""


class FileFault(CvkitError, OSError):
    """A file or folder that cannot be opened, read or written."""


class FileMissing(FileFault, FileNotFoundError):
    """A file or folder that is not there."""


class LibraryMissing(CvkitError, ImportError):
    """A library that is not installed, or that the system does not let load."""


class MemoryFull(CvkitError, MemoryError):
    """Something needs more memory than there is."""


def unknown(what: str, name: str, known: list[str]) -> CvkitError:
    """Say that there is no such name, and which is the nearest."""
    hint = _nearest(name, known) or f"known: {', '.join(known)};"
    text = name if len(name) <= 100 else f"{name[:97]}..."
    return CvkitError(f"{what.split()[0]}-unknown", f"no {what} is called {text!r}; {hint} `cvkit list` shows all")


def check_parameters(owner: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a parameter that a method or step does not have; the nearest name is given."""
    for name in given:
        if name not in known:
            hint = _nearest(name, known) or f"it has: {', '.join(known) or 'none'}"
            raise CvkitError("parameter-unknown", f"{owner} has no parameter {name!r}", remedy=hint)


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name[:100], known, n=1)
    return f"did you mean {near[0]!r}?" if near else ""


def shown(text: Any) -> str:
    r"""Give a text or a path as it can be printed: control characters and halves of characters escaped.

    Examples
    --------
    >>> print(shown("scan\n\x1b[31m.png"))
    scan\n\x1b[31m.png
    """
    text = os.fsdecode(text) if isinstance(text, (bytes, os.PathLike)) else str(text)
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _again(kind: type, code: str, expected: str, came: str, remedy: str, file: str | None) -> CvkitError:
    return kind(code, expected, came=came, remedy=remedy, file=file)
