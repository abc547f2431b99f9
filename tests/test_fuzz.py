"""A short form of benchmarks/fuzz.py: mutants of every kind of file, each read or refused in words."""

import importlib.util
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("memory and time are bounded by Linux' means", allow_module_level=True)

FILE = Path(__file__).parent.parent / "benchmarks" / "fuzz.py"
SPEC = importlib.util.spec_from_file_location("fuzz", FILE)
fuzz = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(fuzz)


@pytest.mark.parametrize(("kind", "count", "seeds"), [("images", 930, 31), ("models", 60, 2)])
def test_mutants_end_in_an_answer_or_a_sentence(kind, count, seeds):
    found = list(fuzz.run(kind, 0, count))
    assert [number for number, *_ in found] == list(range(count))
    assert len({name for _, name, *_ in found}) == seeds
    outcomes = {outcome for _, _, outcome, *_ in found}
    assert not [outcome for outcome in outcomes if outcome.startswith(("FOREIGN", "KILLED"))]
    assert "ok" in outcomes and len(outcomes) > 5  # some are still read; the others fail in many ways


def test_what_kills_a_child_is_named(monkeypatch):
    monkeypatch.setattr(fuzz, "SECONDS", 1)
    assert "KILLED" in fuzz.report("images", [(7, "PNG", "KILLED: SIGSEGV", 0.1, 2.0)])[-1]
    assert "1 crashes, 0 hangs" in fuzz.report("images", [(7, "PNG", "KILLED: SIGSEGV", 0.1, 2.0)])[0]
    assert "0 crashes, 1 hangs" in fuzz.report("images", [(7, "PNG", "KILLED: SIGALRM", 0.1, 2.0)])[0]
