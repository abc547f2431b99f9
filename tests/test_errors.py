"""The tree of errors: one sentence, one code, caught by the classes that Python has for it."""

import pickle

import pytest

from cvkit.errors import CvkitError, FileFault, FileMissing, LibraryMissing, WrongType, shown


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (CvkitError, ValueError),
        (WrongType, TypeError),
        (FileFault, OSError),
        (FileMissing, FileNotFoundError),
        (LibraryMissing, ImportError),
    ],
)
def test_every_class_is_caught_as_before_and_crosses_processes(kind, builtin):
    fault = kind("thing-wrong", "`x` must be 3", came="4", remedy="use 3", file="a.png")
    assert isinstance(fault, (builtin,)) and isinstance(fault, CvkitError) and isinstance(fault, ValueError)
    again = pickle.loads(pickle.dumps(fault))
    assert type(again) is kind and vars(again) == vars(fault)
    assert str(again) == "a.png: `x` must be 3, got 4; use 3."
    assert repr(again) == f"{kind.__name__}('thing-wrong', 'a.png: `x` must be 3, got 4; use 3.')"


def test_the_file_is_named_once():
    fault = CvkitError("file-empty", came="the file is empty")
    assert str(fault) == "the file is empty." and fault.file is None
    assert str(fault.of("a.png")) == "a.png: the file is empty."
    assert str(fault.of("b.png")) == "a.png: the file is empty."


def test_nothing_in_it_acts_on_a_terminal():
    fault = CvkitError("x", came="\x1b[31mred\n", file="n\udcff\r.png")
    assert str(fault) == r"n\udcff\r.png: \x1b[31mred\n." and str(fault).encode()
    assert fault.file == "n\udcff\r.png"
    assert shown("größe 図") == "größe 図" and shown(b"n\xff") == r"n\udcff"
