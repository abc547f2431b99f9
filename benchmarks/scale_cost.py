"""What a million images of a megapixel cost on N machines, and what comes to its limit first: measured, then simulated.

python benchmarks/scale_cost.py        (with Dask's if it is installed: pip install 'cvkit[scale]')
"""

import contextlib
import heapq
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from common import table, write_results

import cvkit
from cvkit.scale.answers import write_answer

FILES, IMAGES, SAMPLE = 400, 1_000_000, 20_000
MACHINES = (1, 4, 16, 64, 256)
CORES = 8  # of a machine
STORAGE = 1e9  # bytes a second that the machines share: a file server behind 10 Gbit/s
OPENINGS = 5000  # files that it opens a second, to read or to write
PIPELINES = ("otsu | label", "nuclei | split")


def image(side: int) -> np.ndarray:
    """Blobs on noise."""
    rng = np.random.default_rng(0)
    blobs = cvkit.preprocess.normalize(cvkit.preprocess.gaussian(rng.random((side, side)), sigma=8), low=0, high=100)
    return (200 * blobs + 20 * rng.random((side, side))).astype(np.uint8)


def spent(work, times: int = 5) -> float:
    """CPU seconds that something takes, the first time not counted; the least of some."""
    work()
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def measure_files(folder: Path) -> tuple[dict, dict]:
    """CPU seconds of a worker for one image of a megapixel, and what moves."""
    picture = image(1024)
    path, labels = cvkit.write(folder / "image.png", picture), cvkit.segment(picture, PIPELINES[0])
    out = write_answer(folder / "image", labels)
    around = spent(lambda: cvkit.read(path)) + spent(lambda: write_answer(folder / "image", labels))
    seconds = {name: around + spent(lambda name=name: cvkit.segment(picture, name), 2) for name in PIPELINES}
    return seconds, {"read": path.stat().st_size, "written": out.stat().st_size}


def measure_run(folder: Path, engine: str = "local") -> tuple[float, float]:
    """CPU seconds a file of the process that hands out the files, writes the journal and tells the progress."""
    files = folder / "files"
    if not files.exists():
        files.mkdir()
        for number in range(FILES):
            cvkit.write(files / f"{number:04}.png", image(32))
    out = tempfile.mkdtemp(dir=folder)
    began = time.process_time()
    assert not cvkit.run("otsu", files, out, workers=1, engine=engine, progress=False).failed
    first = time.process_time()
    assert not cvkit.run("otsu", files, out, workers=1, engine=engine, progress=False).failed
    return (first - began) / FILES, (time.process_time() - first) / FILES


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, int]]:
    """A scheduler of Dask and one worker: its address and the number of its process."""
    line = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    with open(folder / "log", "w") as log, contextlib.ExitStack() as stack:
        scheduler = stack.enter_context(subprocess.Popen([*line, "--no-dashboard"], stderr=log))
        stack.callback(scheduler.kill)
        while not (found := re.search(r"Scheduler at: *(tcp://\S+)", (folder / "log").read_text())):
            time.sleep(0.1)
        line = [sys.executable, "-m", "distributed.cli.dask_worker", found[1], "--nthreads", "1", "--no-nanny"]
        worker = stack.enter_context(subprocess.Popen([*line, "--no-dashboard"], cwd=folder, stderr=subprocess.DEVNULL))
        stack.callback(worker.kill)
        yield found[1], scheduler.pid


def used(process: int) -> float:
    """CPU seconds of another process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_dask(folder: Path) -> tuple[float, float] | None:
    """CPU seconds a file of the process that hands out the files to a cluster, and of its scheduler."""
    try:
        import distributed  # noqa: F401
    except ImportError:
        return None
    with cluster(folder) as (address, process):
        measure_run(folder, address)  # imports
        before = used(process)
        client, _ = measure_run(folder, address)
        return client, (used(process) - before) / FILES


def simulate(workers: int, compute: float, about: dict, handing: float) -> tuple[float, dict[str, float]]:
    """Let workers take images one by one; what hands them out and the file server serve whoever comes first.

    Gives the seconds of an image in the steady state, and how busy each of them and the cores are.
    """
    stages = [("hand-out", handing), ("files opened", 1 / OPENINGS), ("bytes moved", about["read"] / STORAGE)]
    stages += [("cores", compute), ("files opened", 1 / OPENINGS), ("bytes moved", about["written"] / STORAGE)]
    busy, done = {name: 0.0 for name, _ in stages}, 0
    free = {name: 0.0 for name in busy if name != "cores"}
    events = [(0.0, worker, 0) for worker in range(workers)]  # when, who, and what is next
    images = max(SAMPLE, 10 * workers)
    while done < images:
        now, worker, stage = heapq.heappop(events)
        name, seconds = stages[stage]
        busy[name] += seconds / (workers if name == "cores" else 1)
        if name != "cores":
            now = free[name] = max(now, free[name])
            free[name] += seconds
        done += stage == len(stages) - 1
        heapq.heappush(events, (now + seconds, worker, (stage + 1) % len(stages)))
    return now / images, {name: seconds / now for name, seconds in busy.items()}


def told(each: float, busy: dict[str, float]) -> tuple[str, str]:
    """Hours of all images, and what is busiest."""
    first = max(busy, key=busy.get)
    return f"{each * IMAGES / 3600:.2f}", f"{first} {min(busy[first], 1):.0%}"


def main() -> None:
    """Measure, simulate, write the page."""
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compute, about = measure_files(folder)
        local, kept = measure_run(folder)
        dask = measure_dask(folder)
    constants = [["one file handed out, settled and written down", local], ["one file that was done before", kept]]
    what = "on 1024 x 1024, read, segmented and written"
    constants += [[f"`{name}` {what}", seconds] for name, seconds in compute.items()]
    if dask:
        constants += [["the same through Dask, the process that hands out", dask[0]], ["and its scheduler", dask[1]]]
    rows = []
    for pipeline in PIPELINES:
        for machines in MACHINES:
            own = simulate(machines * CORES, compute[pipeline], about, local / machines)
            shared = [simulate(machines * CORES, compute[pipeline], about, max(dask))] if dask else []
            rows.append([f"`{pipeline}`", machines, *(cell for found in (own, *shared) for cell in told(*found))])
    write_results(
        "scale-cost",
        "python benchmarks/scale_cost.py",
        ["numpy", "opencv-python", "onnxruntime"],
        "Measured, in CPU milliseconds of one core:",
        table(["what", "ms"], [[what, f"{1e3 * value:.2f}"] for what, value in constants]),
        f"An image is {about['read'] / 1e6:.2f} MB as PNG, its labels {about['written'] / 1e6:.2f} MB.",
        f"Simulated: {IMAGES:,} such images on machines of {CORES} cores that share a file server of "
        f"{STORAGE / 1e9:g} GB/s which opens {OPENINGS:,} files a second (both assumed). Hours, and what is busiest: "
        "where each machine does its share of the folders in a run of its own, and in one run through Dask.",
        table(["pipeline", "machines", *["hours", "busiest"] * (2 if dask else 1)], rows),
    )


if __name__ == "__main__":
    main()
