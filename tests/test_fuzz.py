"""A short form of benchmarks/fuzz.py: mutants of every kind of file, each read or refused in words."""

import importlib.util
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("memory and time are bounded by Linux' means", allow_module_level=True)

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
SPEC = importlib.util.spec_from_file_location("fuzz", BENCHMARKS / "fuzz.py")
fuzz = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(fuzz)


@pytest.mark.parametrize(("kind", "count", "seeds"), [("images", 990, 33), ("models", 40, 4), ("structures", 40, 4)])
def test_mutants_end_in_an_answer_or_a_sentence(kind, count, seeds):
    found = list(fuzz.run(kind, 0, count))
    assert [number for number, *_ in found] == list(range(count))
    assert len({name for _, name, *_ in found}) == seeds
    outcomes = {outcome for _, _, outcome, *_ in found}
    assert not [outcome for outcome in outcomes if outcome.startswith(("FOREIGN", "KILLED"))]
    assert len(outcomes) > 2  # they fail in several ways


@pytest.mark.parametrize(("how", "words"), [("SIGSEGV", "1 crashes, 0 hangs"), ("SIGPROF", "0 crashes, 1 hangs")])
def test_what_kills_a_child_is_counted_and_named(monkeypatch, how, words):
    monkeypatch.syspath_prepend(BENCHMARKS)
    head, *_, last = fuzz.report("images", [(7, "PNG", f"KILLED: {how}", 0.1, 2.0)])
    assert words in head and last == f"- 7 (PNG): KILLED: {how}"
