"""The pages that the classical benchmark writes, whatever of it has been run."""

from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
FACTS = {"date": "today", "commit": "0", "cores": 2, "processor": "any", "libraries": "none"}


def record(part, operation, side, ours, theirs):
    seconds = {"cvkit": ours * side**2 / 1e9, "opencv": theirs * side**2 / 1e9}
    found = {"part": part, "operation": operation, "side": side, "pixels": side**2, "one": seconds, "all": seconds}
    return found | {"bytes": 0, "says": "", "run": FACTS}


@pytest.fixture
def results(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import classic_results

    (tmp_path / "results").mkdir()
    monkeypatch.setattr(classic_results, "HERE", tmp_path)
    monkeypatch.setattr(classic_results, "KEPT", tmp_path / "results" / "classic.jsonl")
    return classic_results


def test_goals_are_written_of_any_parts_from_a_clean_state(results, tmp_path):
    from classic_goals import REASONS

    times = {"copying": 1e-5, "histogram": 1e-4}
    results.keep({"part": "floor", "operation": "floor", "side": 2048, "pixels": 2048**2, "one": times, "run": FACTS})
    results.keep(record("local", "wolf", 2048, 3.0, 4.0))
    results.keep(record("local", "bernsen", 2048, 9.0, 5.0))
    results.write_pages()
    assert sorted(page.name for page in tmp_path.glob("results/*.md")) == ["classic-goals.md", "classic-local.md"]
    goals = (tmp_path / "results" / "classic-goals.md").read_text("utf-8")
    assert "| wolf, window 51 | 4 ns | 3 ns | yes |" in goals and "| split | 25 ns | not measured |" in goals
    assert "| 2048 | 2 | 1 | bernsen 1.80 |" in goals
    for page in tmp_path.glob("results/*.md"):
        assert f"- bernsen: {REASONS['bernsen']}" in page.read_text("utf-8")
