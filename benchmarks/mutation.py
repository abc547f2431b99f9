"""How many small faults the tests notice: mutants of the code that everything stands on, each run against its tests.

A mutant differs in one place: a comparison, a sign of arithmetic, `and` or `or`, a `not`, a number, a value given back.
It is killed if a test fails. They are drawn by a seed, and run in copies of the tree.

    nice python benchmarks/mutation.py --count 120
    nice python benchmarks/mutation.py --count 80 --minutes 20 --files io.py encode.py decode/
"""

import argparse
import ast
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
LEFT_OUT = "not measured and not 74 and not 77 and not before_the_training"  # those that need Keras
SECONDS = 120  # what is slower than that has lost its way
DECODERS = ROOT / "cvkit" / "decode"

READING = ["test_decode.py", "test_bad_files.py", "test_io.py"]

# The files, and the tests that are to notice; those that fail soonest first.
FILES = {
    "arrays.py": ["test_decode.py", "test_checks.py", "test_bad_inputs.py"],
    "checks.py": ["test_checks.py", "test_bad_inputs.py"],
    "notation.py": ["test_pipeline.py", "test_bad_inputs.py"],
    "pipeline.py": ["test_pipeline.py", "test_bad_inputs.py"],
    "compare/metrics.py": ["test_decode.py", "test_metrics.py", "test_properties.py"],
    "errors.py": ["test_errors.py"],
    "io.py": READING,
    "encode.py": READING,
    **{f"decode/{file.name}": READING for file in sorted(DECODERS.glob("*.py"))},
    "deep/card.py": ["test_model_files.py"],
    "deep/model_files.py": ["test_model_files.py"],
    "deep/onnx_bounds.py": ["test_onnx_bounds.py"],
    "deep/onnx_file.py": ["test_onnx_bounds.py", "test_model_files.py"],
    "deep/wire.py": ["test_model_files.py"],
}
SWAPS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


def places(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Every node that can be changed, and how; texts and annotations are left alone."""
    notes = [getattr(node, name, None) for node in ast.walk(tree) for name in ("annotation", "returns")]
    left_alone = {id(inner) for note in notes if note is not None for inner in ast.walk(note)}
    for node in ast.walk(tree):
        if id(node) in left_alone:
            continue
        if isinstance(node, ast.Compare):
            yield from ((node, f"op {index}") for index, op in enumerate(node.ops) if type(op) in SWAPS)
        elif isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in SWAPS and not _is_text(node):
            yield node, "op"
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
            yield node, "drop"
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
            yield node, "constant"
        elif isinstance(node, ast.Return) and node.value is not None:
            yield node, "return"


def _is_text(node: ast.AST) -> bool:
    """Whether it joins texts, or kinds of an annotation."""
    inner = list(ast.walk(node))
    return any(isinstance(one, ast.JoinedStr) or isinstance(getattr(one, "value", None), str) for one in inner)


def mutate(tree: ast.Module, number: int) -> str:
    """Change the place of this number; say what was done."""
    node, way = list(places(tree))[number]
    before = ast.unparse(node)
    if way.startswith("op "):
        index = int(way.removeprefix("op "))
        node.ops[index] = SWAPS[type(node.ops[index])]()
    elif way == "op":
        node.op = SWAPS[type(node.op)]()
    elif way == "drop":
        node.op = ast.UAdd() if isinstance(node.op, ast.USub) else ast.Not()
        if isinstance(node.op, ast.Not):
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
    elif way == "constant":
        node.value = not node.value if isinstance(node.value, bool) else node.value + 1
    else:
        node.value = ast.Constant(None)
    return f"line {node.lineno}: `{' '.join(before.split())[:70]}` -> `{' '.join(ast.unparse(node).split())[:70]}`"


def draw(count: int, files: Iterable[str], seed: int) -> list[tuple[str, int]]:
    """Choose mutants of these files, in proportion to their places."""
    known = []
    for name in files:
        tree = ast.parse((ROOT / "cvkit" / name).read_text("utf-8"))
        known += [(name, number) for number, _ in enumerate(places(tree))]
    return random.Random(seed).sample(known, min(count, len(known)))


def survives(copy: Path, name: str, number: int) -> tuple[bool, str]:
    """Run the tests on a mutant in a copy of the tree."""
    path = copy / "cvkit" / name
    source = path.read_text("utf-8")
    tree = ast.parse(source)
    what = mutate(tree, number)
    path.write_text(ast.unparse(tree), "utf-8")
    try:
        return passes(copy, FILES[name]), what
    finally:
        path.write_text(source, "utf-8")


def passes(copy: Path, tests: Iterable[str]) -> bool:
    """Whether these tests pass in a copy of the tree."""
    paths = [str(copy / "tests" / test) for test in tests if (copy / "tests" / test).is_file()]
    options = ["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore", "-k", LEFT_OUT]
    command = [sys.executable, "-m", "pytest", *options, *paths]
    try:
        return subprocess.run(command, cwd=copy, capture_output=True, timeout=SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main() -> None:
    """Draw, run and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", type=int, default=20261125, help="of the draw; a new one judges tests by new mutants")
    parser.add_argument("--minutes", type=float, default=60, help="begin no further mutant after so long")
    parser.add_argument("--files", nargs="+", default=[""], metavar="BEGINNING", help="of names, such as decode/")
    parser.add_argument("--page", default="mutation", help="of benchmarks/results that is written")
    given = parser.parse_args()
    files = [name for name in FILES if name.startswith(tuple(given.files))]
    chosen = draw(given.count, files, given.seed)
    survivors, killed, run = [], dict.fromkeys(FILES, 0), dict.fromkeys(FILES, 0)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(
            ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", "results"), symlinks=True
        )
        if not passes(copy, sorted({test for name in files for test in FILES[name]})):
            sys.exit("the tests fail without a mutant: nothing can be said.")
        end = time.monotonic() + 60 * given.minutes
        for name, number in chosen:
            if time.monotonic() > end:
                break
            run[name] += 1
            alive, what = survives(copy, name, number)
            killed[name] += not alive
            survivors += [[name, what]] * alive
            print("SURVIVED" if alive else "killed", name, what, flush=True)
    from common import table, write_results

    rows = [[name, run[name], killed[name]] for name in FILES if run[name]]
    done, dead = sum(run.values()), sum(killed.values())
    text = f"{dead} of {done} mutants killed: {dead / done:.0%}. Drawn with seed {given.seed} from all of these files."
    if done < len(chosen):
        text += f" These are the first of {len(chosen)}: the time was up."
    write_results(
        given.page,
        f"python benchmarks/{' '.join([Path(__file__).name, *sys.argv[1:]])}",
        ["pytest", "hypothesis"],
        text,
        table(["file", "mutants", "killed"], rows),
        "Survivors:\n\n" + "\n".join(f"- {name}, {what}" for name, what in survivors),
    )


if __name__ == "__main__":
    main()
