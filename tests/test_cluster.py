"""A real cluster of Dask: a scheduler and workers as processes, of which some end while they work."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import faulty
import numpy as np
import pytest

import cvkit
from cvkit.errors import CvkitError
from cvkit.scale.journal import NAME

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'cvkit[scale]'")


@pytest.fixture
def start(tmp_path):
    """Start a command of Dask; give its process and its log."""
    begun = []

    def start(command, *words):
        log = tmp_path / f"{len(begun)}.log"
        line = [sys.executable, "-m", f"distributed.cli.dask_{command}", *words, "--no-dashboard"]
        way = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
        with open(log, "w") as file:
            begun.append(
                subprocess.Popen(line, stdout=file, stderr=file, cwd=tmp_path, env=os.environ | {"PYTHONPATH": way})
            )
        return begun[-1], log

    yield start
    for process in reversed(begun):  # what a nanny started ends with it; told to end, it may wait for its scheduler
        process.kill()
        process.wait()


def said(log, pattern):
    """Wait until a log says something; give what."""
    until = time.monotonic() + 600
    while not (found := re.search(pattern, log.read_text())):
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)
    return found[1]


@pytest.fixture
def address(start):
    _, log = start("scheduler", "--host", "127.0.0.1", "--port", "0")
    return said(log, r"Scheduler at: *(tcp://\S+)")


def test_a_cluster_that_loses_workers_does_all_but_what_kills_them(tmp_path, start, address, monkeypatch):
    good = {f"image{number:02}": faulty.SLOW for number in range(12)}
    folder = faulty.images(tmp_path / "in", **good, odd=faulty.RAISE, zcrash=faulty.CRASH)
    words = [address, "--nthreads", "1", "--local-directory", str(tmp_path / "dask")]
    lost, log = start("worker", *words, "--no-nanny")
    said(log, r"(Registered to)")
    said(start("worker", *words)[1], r"(Registered to)")
    monkeypatch.setattr("cvkit.scale.cluster.PATIENCE", 300)  # a busy machine is slow to answer
    killer = threading.Thread(target=kill_when_busy, args=(lost, tmp_path / "out" / NAME))
    killer.start()
    summary = cvkit.run([faulty.segment, "label"], folder, tmp_path / "out", engine=address)
    killer.join()
    assert lost.wait() == -signal.SIGKILL
    reasons = {Path(row.file).stem: row.reason for row in summary.failed}
    assert set(reasons) == {"odd", "zcrash"} and reasons["odd"] == "this is odd"
    assert "ended, as they do where a file takes longer than 600 s" in reasons["zcrash"]
    folder = faulty.images(tmp_path / "more", hang=faulty.HANG)
    (row,) = cvkit.run([faulty.segment, "label"], folder, tmp_path / "out", engine=address, timeout=0.5).rows
    assert "ended, as they do where a file takes longer than 0.5 s" in row.reason
    for row in summary.rows:
        if row.status == "done":
            expected = cvkit.segment(cvkit.read(row.file), "otsu | label")
            assert (cvkit.read(tmp_path / "out" / row.output) == expected).all()
    image = np.random.default_rng(0).integers(0, 255, (150, 190)).astype(np.uint8)
    np.save(tmp_path / "large.npy", image)
    labels = cvkit.segment_large(tmp_path / "large.npy", "otsu | label", tmp_path / "l.npy", tile=64, engine=address)
    assert (np.load(labels) == cvkit.segment(image, "otsu | label")).all()


def kill_when_busy(process, journal):
    while not journal.exists() or journal.read_bytes().count(b"\n") < 4:
        time.sleep(0.02)
    process.kill()


def test_no_scheduler_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("cvkit.scale.cluster.PATIENCE", 1)
    folder = faulty.images(tmp_path / "in", a=1)
    with pytest.raises(CvkitError, match=r"no scheduler of Dask answers at tcp://127.0.0.1:9"):
        cvkit.run("otsu", folder, tmp_path / "out", engine="tcp://127.0.0.1:9")


def test_a_cluster_without_workers_is_told(tmp_path, address, monkeypatch):
    def never(*_, **__):
        raise TimeoutError

    monkeypatch.setattr("cvkit.scale.cluster.PATIENCE", 300)
    monkeypatch.setattr("distributed.Client.wait_for_workers", never)
    folder = faulty.images(tmp_path / "in", a=1)
    with pytest.raises(CvkitError, match=f"the scheduler at {address} has no workers"):
        cvkit.run("otsu", folder, tmp_path / "out", engine=address)
