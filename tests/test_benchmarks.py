"""The pages that the classical benchmark writes, whatever of it has been run."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
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


def test_an_arm_of_the_loop_is_run_anew_if_a_dearer_painter_came(monkeypatch, tmp_path):
    """A painter takes ten seconds, a step one: more training gets ten steps more, whichever is run first."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setattr("os.environ", dict(os.environ))  # of which it sets some
    import loop

    ran = []

    def train(pairs, out, steps, seed, **more):
        ran.append(steps)
        return out, steps, float(steps)

    monkeypatch.setattr(loop, "train", train)
    monkeypatch.setattr(loop, "judge", lambda *_: {})
    monkeypatch.setattr(loop.Cell, "paint", lambda self, arm: ((1,), {"before": 10.0}))
    monkeypatch.setattr(loop, "Mixture", lambda *_: [])
    given, data = SimpleNamespace(out=tmp_path, steps=300), SimpleNamespace(drawn=lambda *_: ([], []))
    cell = loop.Cell(data, 10, 0, tmp_path, given)
    for arm in ("more", "painted", "more", "painted", "more"):
        cell.run(arm)
    assert ran == [10, 10, 300, 300, 300, 310]
    assert cell.rows()["more"]["steps"] == 310 and cell.rows()["real"]["step"] == 1


def test_the_page_of_the_loop_takes_painted_pairs_only_where_validation_is_sure(monkeypatch, tmp_path):
    """Two seeds: the painted pairs gain on every validation image of the one, by chance on some of the other."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import loop_page

    lines = []
    for seed, gains in enumerate(([0.1, 0.12, 0.11], [0.3, -0.1, -0.1])):
        for arm, more in (("real", -0.05), ("more", 0.0), ("painted", 0.2)):
            known = [0.5 + (gain if arm == "painted" else 0) for gain in gains]
            scores = dict.fromkeys(("val_ap50", "test_dice", "test_ap50"), [0.5 + more] * 3) | {"val_dice": known}
            row = {"count": 10, "seed": seed, "arm": arm, "steps": 10, "seconds": 20.0, "before": 0.0}
            row |= {"before": 9.0, "iou_painted": 0.72, "iou_real": 0.9, "remoteness": 2.5} if arm == "painted" else {}
            lines.append(json.dumps(row | scores))
    (tmp_path / "loop.jsonl").write_text("\n".join(lines), "utf-8")
    said = []
    monkeypatch.setattr(loop_page, "write_results", lambda name, command, libraries, *parts: said.extend(parts))
    loop_page.page(tmp_path)
    text = "\n".join(said)
    assert "| painted or not, chosen | 2 |  |  | 0.600 | +0.100 [-1.171, +1.371] |" in text
    assert "| painted | 2 | 10 | 29 | 0.700 | +0.200 [+0.200, +0.200] |" in text
    assert "| 0.720 | 0.900 | 0.80 | 2.5 |" in text
    assert (tmp_path / "loop.png").stat().st_size > 1000


def test_packed_targets_have_the_loss_of_whole_ones(monkeypatch, keras):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import long_training

    from cvkit.deep.networks import stardist

    rng = np.random.default_rng(0)
    labels = np.kron(rng.integers(0, 9, (2, 4, 4)), np.ones((1, 8, 8))).astype(np.int32)
    labels[1, :5] = -1
    truth = np.stack([stardist.targets(one) for one in labels])
    said = rng.random((2, 32, 32, 3 + 1 + 32), np.float32)
    said[:, 1::2] = said[:, ::2]
    said[:, :, 1::2] = said[:, :, ::2]  # the same star in each of 2 x 2 pixels
    said[..., :3] /= said[..., :3].sum(axis=-1, keepdims=True)
    packed = long_training.pack(truth)
    assert packed.nbytes * 7 < truth.nbytes
    assert float(long_training.packed_loss(packed, said)) == pytest.approx(float(stardist.loss(truth, said)), rel=1e-3)


def test_batches_of_workers_come_in_their_order(monkeypatch, keras):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import long_training

    class Pool:
        asked = 0

        def apply_async(self, function, given):
            Pool.asked += 1
            return SimpleNamespace(get=lambda: given[0])

    batches = long_training.ahead(Pool(), workers=2)
    assert [next(batches) for _ in range(6)] == [0, 1, 2, 3, 4, 5]
    assert Pool.asked == 9  # four under way, and one for each that was asked for again
