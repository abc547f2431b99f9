"""Many files: what fails costs itself, what is stopped goes on, and nothing is done twice."""

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, Executor, ThreadPoolExecutor
from pathlib import Path

import faulty
import numpy as np
import pytest
from click.testing import CliRunner

import cvkit
from cvkit.cli import main
from cvkit.cores import cores
from cvkit.errors import CvkitError, FileFault
from cvkit.scale import batch
from cvkit.scale.engine import executor
from cvkit.scale.files import gather
from cvkit.scale.journal import NAME, Journal

PIPELINE = [faulty.segment, "label"]


@pytest.fixture
def run(tmp_path):
    """Run in this process; give the summary, and the first pixels of the images that were done anew."""
    with ThreadPoolExecutor(1) as threads:

        def run(pipeline=PIPELINE, files=tmp_path / "in", **how):
            faulty.CALLS.clear()
            return cvkit.run(pipeline, files, tmp_path / "out", engine=threads, workers=1, **how), list(faulty.CALLS)

        yield run


def answers(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*") if path.name != NAME}


def lines(folder):
    return [json.loads(line) for line in (folder / NAME).read_text().splitlines()]


def test_a_file_that_fails_costs_itself_alone(tmp_path):
    folder = faulty.images(tmp_path / "in", a=1, b=2, crash=faulty.CRASH, exit=faulty.EXIT, c=3)
    faulty.images(folder / "sub", odd=faulty.RAISE, greedy=faulty.GREEDY, d=4)
    (folder / "empty.png").touch()
    summary = cvkit.run(PIPELINE, folder, tmp_path / "out", workers=2, memory=1 << 31)
    assert [Path(row.file).stem for row in summary.rows if row.status == "done"] == ["a", "b", "c", "d"]
    for row in summary.rows:
        if row.status == "done":
            labels = cvkit.segment(cvkit.read(row.file), "otsu | label")
            assert np.array_equal(cvkit.read(tmp_path / "out" / row.output), labels)
            assert row.objects == labels.max() and row.seconds > 0 and row.reason is None
    reasons = {Path(row.file).stem: row.reason for row in summary.failed}
    assert "signal 11 (SIGSEGV)" in reasons["crash"] and "status 0" in reasons["exit"]
    assert reasons["odd"] == "this is odd" and reasons["empty"].startswith("the file is empty")
    if sys.platform == "linux":
        assert "Unable to allocate" in reasons["greedy"]
    assert str(summary).startswith("4 done, 5 failed, ") and f"{folder / 'empty.png'}: the file is" in str(summary)
    assert "end" in lines(tmp_path / "out")[-1] and (tmp_path / "out" / "sub" / "d-labels.png").exists()


def test_a_file_that_hangs_is_given_up(tmp_path):
    folder = faulty.images(tmp_path / "in", hang=faulty.HANG)
    (row,) = cvkit.run(PIPELINE, folder, tmp_path / "out", workers=1, timeout=0.5).rows
    assert row.reason == "it took longer than 0.5 s; give `timeout` more, or leave the file out."
    assert not multiprocessing.active_children()


def test_workers_share_the_cores_and_are_replaced_if_they_end_while_they_are_idle():
    with executor(workers=2) as pool:
        numbers = [future.result() for _, future in pool.results(faulty.threads, [(1,), (2,)])]
        assert set(numbers) == {(max(1, cores() // 2),) * 2}
        for process in multiprocessing.active_children():
            process.kill()
        wait_until(lambda: not multiprocessing.active_children())
        assert pool.submit(pow, 2, 3).result() == 8


def test_models_stay_loaded():
    packed = batch._packed(cvkit.Pipeline("nuclei | split"))
    assert batch._unpacked(packed) is batch._unpacked(packed)
    assert str(batch._unpacked(packed)) == "nuclei | split"


def test_what_is_done_is_kept(run, tmp_path):
    faulty.images(tmp_path / "in", a=1, b=2, odd=faulty.RAISE)
    summary, calls = run()
    assert calls == [1, 2, faulty.RAISE]
    first = answers(tmp_path / "out")
    summary, calls = run()
    assert [row.status for row in summary.rows] == ["kept", "kept", "failed"]
    assert calls == [faulty.RAISE], "the run had come to its end: what failed is tried again"
    assert summary.rows[0].objects and str(summary).startswith("2 done (2 of them before), 1 failed")
    (tmp_path / "out" / "b-labels.png").unlink()
    assert run()[1] == [2, faulty.RAISE] and answers(tmp_path / "out") == first
    faulty.images(tmp_path / "in", a=7)
    assert run()[1] == [7, faulty.RAISE]
    assert run([faulty.segment, "label(connectivity=4)"])[1] == [7, 2, faulty.RAISE], "other settings"
    assert run(max_pixels=10_000)[1] == [7, 2, faulty.RAISE], "the answers of these settings were replaced"
    assert run(max_pixels=10_000)[1] == [faulty.RAISE]


def test_another_model_of_the_same_name_is_other_settings(tmp_path):
    from models import write_model

    pipeline = cvkit.Pipeline(str(write_model(tmp_path / "model")))
    before = batch._settings(pipeline, {})
    assert batch._settings(cvkit.Pipeline(str(tmp_path / "model")), {}) == before
    write_model(tmp_path / "model", summary="Another.")
    assert batch._settings(cvkit.Pipeline(str(tmp_path / "model")), {}) != before


def test_what_was_stopped_goes_on(run, tmp_path, monkeypatch):
    faulty.images(tmp_path / "in", a=faulty.RAISE, b=2, c=3, d=4)
    write, left = Journal.write, iter([1, 1, 1])

    def stopped(journal, line):
        next(left)
        write(journal, line)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "write", stopped)
        with pytest.raises(StopIteration):
            run()
    (tmp_path / "out" / ".cvkit-0123456789abcdef").touch()
    (tmp_path / "out" / ".cvkit-large").mkdir()  # of another command, which may be at work
    with open(tmp_path / "out" / NAME, "a") as journal:
        journal.write('7\n{}\n{"name": "d", "stam')
    summary, calls = run()
    assert calls == [3, 4], "neither what was done nor what had failed is done again"
    assert [row.status for row in summary.rows] == ["failed", "kept", "done", "done"]
    assert [path.name for path in (tmp_path / "out").glob(".cvkit-*")] == [".cvkit-large"] and lines(tmp_path / "out")


def test_a_worker_in_another_folder_finds_the_files(tmp_path, monkeypatch):
    class Elsewhere(ThreadPoolExecutor):
        def submit(self, function, /, *args):
            with contextlib.chdir(tmp_path / "elsewhere"):
                (future := super().submit(function, *args)).exception()
            return future

    monkeypatch.chdir(tmp_path)
    faulty.images(Path("in"), a=1)
    Path("elsewhere").mkdir()
    with Elsewhere(1) as engine:
        summary = cvkit.run(PIPELINE, ["in/a.png", "none.png"], "out", engine=engine)
    assert summary.rows[0].file == "in/a.png" and Path("out", summary.rows[0].output).exists()
    assert summary.rows[1].reason == "there is no such file; check the path."
    assert not any(Path("elsewhere").iterdir())


@pytest.mark.parametrize(("timeout", "calls"), [(600, [2]), (5, [faulty.RAISE, 2])])
def test_what_failed_is_tried_again_with_other_limits(run, tmp_path, timeout, calls):
    folder = faulty.images(tmp_path / "in", a=faulty.RAISE, b=2)
    line = {"name": "a", "file": "a.png", "stamp": batch._stamp(folder / "a.png"), "reason": "slow"}
    settings = batch._settings(cvkit.Pipeline(PIPELINE), {})
    with pytest.raises(ZeroDivisionError), Journal(tmp_path / "out", settings, [600, None]) as journal:
        journal.write(line)
        raise ZeroDivisionError
    assert run(timeout=timeout)[1] == calls


def test_two_runs_in_one_folder_are_refused(run, tmp_path):
    faulty.images(tmp_path / "in", a=1)
    with Journal(tmp_path / "out", {}, []), pytest.raises(CvkitError, match=f"process {os.getpid()} on .* is writing"):
        run()
    assert len(run()[1]) == 1


def test_a_file_system_without_locks_will_do(run, tmp_path, monkeypatch):
    def none(*_):
        raise OSError(38, "Function not implemented")

    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr(fcntl, "flock", none)
    faulty.images(tmp_path / "in", a=1)
    assert len(run()[1]) == 1


def test_a_full_disk_stops_it_and_it_goes_on(run, tmp_path, monkeypatch):
    faulty.images(tmp_path / "in", a=1, b=2, c=3)

    def full(target, data):
        if target.name.startswith("b"):
            raise OSError(28, "No space left on device")
        replace(target, data)

    replace = cvkit.io.replace
    monkeypatch.setattr("cvkit.io.replace", full)
    with pytest.raises(FileFault, match=r"No space left on device.* 1 of 3 files") as caught:
        run()
    assert caught.value.code == "disk-full"
    monkeypatch.undo()
    summary, calls = run()
    assert calls == [2, 3] and not summary.failed


def test_a_journal_that_does_not_fit_stays_whole(run, tmp_path):
    resource = pytest.importorskip("resource", reason="this system does not bound files")
    faulty.images(tmp_path / "in", **{f"image{number}": number for number in range(9)})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(FileFault, match="File too large; make room"):
            run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    known = lines(tmp_path / "out")
    summary, calls = run()
    assert 0 < len(calls) < 9 and len(calls) == 9 - (len(known) - 1) and not summary.failed


SCRIPT = """
import sys, faulty, cvkit
if __name__ == "__main__":
    cvkit.run([faulty.segment, "label"], sys.argv[1], sys.argv[2], workers=1)
"""


def start(script, *words):
    """Start a script of its own."""
    script.write_text(words[0])
    process = [sys.executable, script, script.parent / "in", script.parent / "out"]
    return subprocess.Popen(
        process, env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)}, stderr=subprocess.PIPE, text=True
    )


def wait_until(true):
    until = time.monotonic() + 600
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_killed_it_leaves_no_process_and_goes_on(run, tmp_path, sign):
    faulty.images(tmp_path / "in", **{f"image{number}": faulty.SLOW for number in range(6)})
    process, journal = start(tmp_path / "script.py", SCRIPT), tmp_path / "out" / NAME
    wait_until(lambda: journal.exists() and journal.read_bytes().count(b"\n") > 2)
    threads = Path(f"/proc/{process.pid}/task").glob("*/children")
    workers = " ".join(file.read_text() for file in threads).split()
    process.send_signal(sign)
    process.communicate()
    assert process.returncode == -sign and len(workers) == 2  # with the one that tracks resources
    wait_until(lambda: not any(Path("/proc", worker).exists() for worker in workers))
    done = journal.read_bytes().count(b"\n") - 1
    summary, calls = run()
    assert len(calls) == 6 - done < 5 and not summary.failed and len(answers(tmp_path / "out")) == 6


def test_a_script_that_starts_itself_is_told(tmp_path):
    faulty.images(tmp_path / "in", a=1)
    process = start(tmp_path / "script.py", SCRIPT.replace("__name__ ==", "__name__ and"))
    said = process.communicate()[1]
    assert process.returncode == 1 and "[worker" not in said
    assert "put what the script does under `if __name__ == '__main__':`" in said
    assert said.splitlines()[-1].startswith("cvkit.errors.CvkitError: a worker process ended before it had anything")


class Broken(Executor):
    """One that takes no task, or loses it."""

    def __init__(self, fate):
        self.fate = fate

    def submit(self, function, *args):
        if self.fate == "submit":
            raise BrokenExecutor("gone")
        future = ThreadPoolExecutor(1).submit(pow, 2, 2)
        future.result()
        future = type(future)()
        if self.fate == "cancel":
            future.cancel()
        else:
            future.set_exception(BrokenExecutor("gone"))
        return future


@pytest.mark.parametrize("fate", ["submit", "cancel", "result"])
def test_a_broken_executor_is_no_fault_of_the_file(tmp_path, fate):
    faulty.images(tmp_path / "in", a=1, b=2)
    with pytest.raises(CvkitError, match=r"the executor is broken .*; run again"):
        cvkit.run(PIPELINE, tmp_path / "in", tmp_path / "out", engine=Broken(fate))
    assert len(lines(tmp_path / "out")) == 1


@pytest.mark.parametrize(
    ("words", "how"),
    [
        ("`engine` must be", {"engine": "remote"}),
        ("--memory-limit", {"engine": ThreadPoolExecutor(1), "memory": 1 << 30}),
        ("no parameter 'pages'; did you mean 'page'", {"pages": 1}),
        ("`workers` must be a whole number of at least 1, got 0", {"workers": 0}),
        ("`timeout` must be a finite number", {"timeout": 0}),
        ("`memory` must be a whole number", {"memory": 0.5}),
        ("cannot go to another process", {"pipeline": lambda image: image > 3}),
        ("an empty list of images", {"files": []}),
    ],
)
def test_faults_of_the_call_are_explained(tmp_path, words, how):
    faulty.images(tmp_path / "in", a=1)
    with pytest.raises((ValueError, TypeError), match=words):
        cvkit.run(**{"pipeline": "otsu", "files": tmp_path / "in", "out": tmp_path / "out"} | how)


def test_dask_is_asked_for_with_the_line_to_type(tmp_path, monkeypatch):
    faulty.images(tmp_path / "in", a=1)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"Dask is not installed; pip install 'cvkit\[scale\]'"):
        cvkit.run("otsu", tmp_path / "in", tmp_path / "out", engine="tcp://127.0.0.1:9")


def test_answers_lie_as_the_images_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("in/a.png", "in/sub/a.JPG", "in/sub/b.png", "in/sub/b.tif", "in/no.txt", "in/.c.png", "in/out/d.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    assert list(gather("in", Path("in/out"))) == ["a", "sub/a", "sub/b.png", "sub/b.tif"]
    assert list(gather("in/**/*.png", Path("out"))) == ["a", "out/d", "sub/b"]
    assert gather(["in/sub/b.tif", "missing.png"], Path("out")) == {
        "b": Path("in/sub/b.tif"),
        "missing": Path("missing.png"),
    }
    for files, out, code in (
        (["in/a.png", "in/out/../sub/../a.png", "in/sub/a.JPG"], "out", None),
        ("in", "in", "output-is-input"),
        (["in/out/*.png", "in/sub/../out/d.png"], "out", "output-twice"),
        ("in/*.tif", "out", "images-none"),
        (["in", "in/*.tif"], "out", "images-none"),
    ):
        if code:
            with pytest.raises(CvkitError) as caught:
                gather(files, Path(out))
            assert caught.value.code == code
    Path("in/a-mask.png").touch()
    with pytest.raises(CvkitError, match=r"in/a-mask.png: the answer of in/a.png would replace"):
        gather(["in/a.png", "in/a-mask.png"], Path("in"))


def test_the_command_runs_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    faulty.images(tmp_path / "in" / "sub", a=1)
    (tmp_path / "in" / "empty.png").touch()
    words = ["segment", "in", "-m", "otsu | regions", "-o", "out", "--workers", "1"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 1 and result.output.startswith("1 done, 1 failed") and "in/empty.png: " in result.output
    assert list(answers(tmp_path / "out")) == [Path("sub/a-table.csv")]
    (tmp_path / "in" / "empty.png").unlink()
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0 and result.output.startswith("1 done (1 of them before), 0 failed")
    result = CliRunner().invoke(main, words[:4])
    assert result.exit_code == 2 and "in stands for many images: name a folder with -o" in result.output


def test_progress_is_told(run, tmp_path, capsys):
    faulty.images(tmp_path / "in", a=1, odd=faulty.RAISE)
    run(progress=True)
    assert "2/2" in (said := capsys.readouterr().err) and "file" in said and "failed=1" in said
    run(progress=False)
    assert capsys.readouterr().err == ""
