"""The tree of errors: one sentence, one code, caught by the classes that Python has for it."""

import ast
import pickle
from pathlib import Path

import pytest

import cvkit
from cvkit.errors import CvkitError, FileFault, FileMissing, LibraryMissing, MemoryFull, WrongType, shown


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (CvkitError, ValueError),
        (WrongType, TypeError),
        (FileFault, OSError),
        (FileMissing, FileNotFoundError),
        (LibraryMissing, ImportError),
        (MemoryFull, MemoryError),
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


# Where a plain error never leaves the file, or its neighbour that turns it into one of ours.
INNER = {"notation.py", "encode.py", "decode/tiff.py", "deep/model_files.py", "deep/encoders/torch_file.py"}
INNER |= {"compare/memory.py"}


def test_every_fault_of_what_is_given_has_a_code():
    root = Path(cvkit.__file__).parent
    for file in sorted({path.relative_to(root).as_posix() for path in root.rglob("*.py")} - INNER):
        for node in ast.walk(ast.parse((root / file).read_text("utf-8"))):
            raised = node.exc.func if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) else None
            name = raised.id if isinstance(raised, ast.Name) else ""
            plain = ("ValueError", "TypeError", "OSError", "RuntimeError", "MemoryError")
            assert name not in plain, f"{file}, line {node.lineno}"
