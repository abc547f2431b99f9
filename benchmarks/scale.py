"""Batches: thousands of files, some of them bad; runs that are killed; what a worker brings and a file costs.

python benchmarks/scale.py [--images 2000]
"""

import argparse
import collections
import contextlib
import hashlib
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from common import table, write_results

import cvkit
from cvkit.scale.answers import write_answer
from cvkit.scale.journal import NAME

CRASH, HANG, GOOD = 1, 2, 3
KILLS = 10
TIMEOUT = 10.0
SLOW = "flatten_background | median(size=5) | sauvola(window=51) | fill_holes | split"
QUICK = "otsu"


def method(image):
    """Otsu's threshold, which two kinds of images kill or stop; a line in a file says that it began."""
    kind, number = image[0, 0], int.from_bytes(image[0, 1:5].tobytes(), "little")
    with open(os.environ["BEGUN"], "a") as file:
        file.write(f"{number}\n")
    if kind == CRASH:
        os.kill(os.getpid(), signal.SIGSEGV)
    while kind == HANG:
        pass
    return cvkit.segment(image, "otsu")


def draw(folder: Path, count: int, side: int, kinds: dict[int, int] = {}) -> None:  # noqa: B006
    """Draw images of blobs; the first pixels tell the method what it is for, and its number."""
    folder.mkdir(parents=True)
    for number in range(count):
        rng = np.random.default_rng(number)
        image = cvkit.preprocess.gaussian(rng.random((side, side)), sigma=side / 40)
        image = cvkit.preprocess.normalize(image, low=0, high=100)
        image = (255 * image).astype(np.uint8)
        image[0, :5] = kinds.get(number, GOOD), *number.to_bytes(4, "little")
        path = folder / f"{number // 100:02}"
        path.mkdir(exist_ok=True)
        cvkit.write(path / f"{number:05}.png", image)


def bad_scene(folder: Path, count: int) -> set[str]:
    """Draw the images, one in a hundred of them bad; give the names of these."""
    chosen = random.Random(0).sample(range(count), max(8, count // 100))
    quarter = len(chosen) // 4
    kinds = dict.fromkeys(chosen[:quarter], CRASH) | dict.fromkeys(chosen[quarter : 2 * quarter], HANG)
    draw(folder, count, 64, kinds)
    for place, number in enumerate(chosen[2 * quarter :]):
        path = folder / f"{number // 100:02}" / f"{number:05}.png"
        path.write_bytes(path.read_bytes()[: 0 if place % 2 else path.stat().st_size // 2])
    return {f"{number:05}" for number in chosen}


def digest(folder: Path) -> str:
    """One number for all answers of a folder and their names."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != NAME:
            found.update(f"{path.relative_to(folder)}".encode() + path.read_bytes())
    return found.hexdigest()


def child(files: str, out: str) -> None:
    """What is killed: a run over the bad scene."""
    cvkit.run([method, "label"], files, out, workers=2, timeout=TIMEOUT)


def bad(folder: Path, count: int) -> list[str]:
    """Run the bad scene unbroken, then again with kills; give the lines of the page."""
    names = bad_scene(folder / "in", count)
    os.environ["BEGUN"] = str(folder / "begun")
    began = time.perf_counter()
    summary = cvkit.run([method, "label"], folder / "in", folder / "whole", workers=2, timeout=TIMEOUT, progress=False)
    seconds = time.perf_counter() - began
    right = sum(
        np.array_equal(cvkit.read(folder / "whole" / row.output), cvkit.segment(cvkit.read(row.file), "otsu | label"))
        for row in summary.rows
        if row.status == "done"
    )
    named = {Path(row.file).stem for row in summary.failed}
    (folder / "begun").unlink()
    killed = kill_often(folder, seconds)
    begun = collections.Counter((folder / "begun").read_text().split())
    again = sum(times - 1 for times in begun.values())
    same = digest(folder / "whole") == digest(folder / "broken")
    most = 4 * killed  # those in flight, and as many that are ready or not yet written down
    assert named == names and right == count - len(names) and same and again <= most, (named ^ names, right, again)
    return [
        f"- {count} images, {len(names)} of them bad (cut, empty, crash their worker, hang): {right} right, "
        f"{len(named)} named with the reason, {seconds:.0f} s; a hanging image holds a worker for {TIMEOUT:g} s.",
        f"- Killed by SIGKILL {killed} times at random and resumed: answers byte-identical to those of the unbroken "
        f"run; {again} of {sum(begun.values())} images begun twice, of those in flight (2 workers).",
    ]


def kill_often(folder: Path, seconds: float) -> int:
    """Start the run and kill it, again and again, then let it end; give how often it was killed."""
    line, killed, rng = (
        [sys.executable, __file__, "--child", str(folder / "in"), str(folder / "broken")],
        0,
        random.Random(1),
    )
    for _ in range(KILLS):
        journal = folder / "broken" / NAME
        lines = journal.read_bytes().count(b"\n") if journal.exists() else 0
        process = subprocess.Popen(line, stderr=subprocess.DEVNULL)
        while process.poll() is None and not (journal.exists() and journal.read_bytes().count(b"\n") > lines + 1):
            time.sleep(0.01)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(rng.uniform(0, 0.8 * seconds / KILLS))
        if process.poll() is None:
            process.kill()
            killed += 1
        process.wait()
    subprocess.run(line, check=True)
    return killed


def timed(work, *arguments) -> float:
    """Call something; give its seconds."""
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


def alone(files: list[Path], out: Path, pipeline: str) -> None:
    """What a plain loop does."""
    for file in files:
        one(str(file), str(out / file.stem), pipeline)


def one(file: str, stem: str, pipeline: str) -> None:
    """Read, segment, write."""
    write_answer(Path(stem), cvkit.segment(cvkit.read(file), pipeline))


def plain_pool(files: list[Path], out: Path, pipeline: str, workers: int) -> None:
    """What the standard library's pool takes for the same: no journal, no limits, lost with its first dead worker."""
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        list(pool.map(one, map(str, files), [str(out / file.stem) for file in files], [pipeline] * len(files)))


def batch(files: list[Path], out: Path, pipeline: str, workers: int) -> None:
    """The same as a batch."""
    assert not cvkit.run(pipeline, files, out, workers=workers, progress=False).failed


def speed(folder: Path, name: str, count: int, side: int, pipeline: str, rounds: int) -> dict[str, float]:
    """Time the ways to do some files, in turn; give the median of each."""
    draw(folder / name, count, side)
    files = sorted((folder / name).rglob("*.png"))
    ways = {
        "a plain loop": lambda out: alone(files, out, pipeline),
        "`ProcessPoolExecutor`, 1 worker": lambda out: plain_pool(files, out, pipeline, 1),
        "`cvkit.run`, 1 worker": lambda out: batch(files, out, pipeline, 1),
        "`ProcessPoolExecutor`, 2 workers": lambda out: plain_pool(files, out, pipeline, 2),
        "`cvkit.run`, 2 workers": lambda out: batch(files, out, pipeline, 2),
    }
    found = collections.defaultdict(list)
    for turn in range(rounds):
        for way, work in ways.items():
            with tempfile.TemporaryDirectory(dir=folder) as out:
                found[way].append(timed(work, Path(out)))
                if turn == 0 and way == "`cvkit.run`, 2 workers":
                    found["all kept"] = [timed(work, Path(out))]
    return {way: statistics.median(seconds) for way, seconds in found.items()}


def main() -> None:
    """Run all parts and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--child", nargs=2)
    asked = parser.parse_args()
    if asked.child:
        child(*asked.child)
        return
    os.environ["OMP_NUM_THREADS"] = "1"  # one thread a worker, whether there are one or two
    folder = Path(tempfile.mkdtemp(prefix="cvkit-scale-"))
    try:
        lines = bad(folder / "bad", asked.images)
        slow_count, quick_count = max(20, asked.images // 20), asked.images
        slow = speed(folder, "slow", slow_count, 700, SLOW, 3)
        quick = speed(folder, "quick", quick_count, 32, QUICK, 3)
    finally:
        shutil.rmtree(folder)
    rows = [[way, f"{1e3 * slow[way] / slow_count:.1f}", f"{1e3 * quick[way] / quick_count:.2f}"] for way in slow]
    gain = slow["`cvkit.run`, 1 worker"] / slow["`cvkit.run`, 2 workers"]
    cost = 1e3 * (quick["`cvkit.run`, 1 worker"] - quick["a plain loop"]) / quick_count
    lines += [
        f"- Two workers are {gain:.2f} times as fast as one, on a pipeline of "
        f"{1e3 * slow['a plain loop'] / slow_count:.0f} ms an image.",
        f"- What a batch adds to a file: {cost:.2f} ms, the start of the worker included.",
    ]
    write_results(
        "scale",
        f"python benchmarks/scale.py --images {asked.images}",
        ["numpy", "opencv-python"],
        "\n".join(lines),
        f"Milliseconds a file, from start to end, one thread a worker, medians of three rounds in turn: {slow_count} "
        f"images of 700 x 700 by `{SLOW}`, and {quick_count} of 32 x 32 by `{QUICK}`. Every answer is written to the "
        "disk (fsync).",
        table(["way", "700 x 700", "32 x 32"], rows),
    )


if __name__ == "__main__":
    main()
