"""One image larger than memory: what tiles cost, as the image grows, and against SciPy and dask-image.

python benchmarks/scale_image.py                           # 4096 against the peers, 16384 against SciPy, 8192 to 32768
python benchmarks/scale_image.py --series 8192 65536       # 4 G pixels: some minutes, 17 GB for the labels
python benchmarks/scale_image.py --small                   # CPU time at 4096 and 8192 alone, a minute
python benchmarks/scale_image.py --slide                   # what one image of 10^10 pixels costs on N machines

dask-image needs `pip install dask-image`; `--peer PYTHON` names an interpreter that has it, if this one has not.
The scenes are made in a folder beside the results of this run, see --folder, and removed.
"""

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path

import numpy as np
from common import table, write_results

PIPELINE = "otsu | label"
TILE = 2048
SLIDE, MACHINES, CORES = 1e10, (1, 4, 16, 64), 8
STORAGE = 1e9  # bytes a second that the machines share
HALO = 128  # pixels that a tile of the network sees more on each side
PASSES = (
    ("otsu | label", 2 * TILE, ("count", "find objects", "write")),
    ("nuclei | label", TILE // 4, ("count", "network", "find objects", "write")),
)
BYTES = {"count": 1, "network": 1, "find objects": 1, "write": 4}  # a pixel; runs are few
PEER = """
import sys, time, dask, dask.array, dask_image.ndmeasure, numpy
image = dask.array.from_array(numpy.load(sys.argv[1], mmap_mode="r"), chunks=512)
began = time.process_time()
labels, count = dask_image.ndmeasure.label(image > int(sys.argv[2]), numpy.ones((3, 3)))
labels, count = dask.compute(labels, count, scheduler="synchronous")
print(time.process_time() - began, int(count))
"""


def scene(side: int, path: Path) -> Path:
    """Blobs of some hundred pixels: one tile of them, turned and mirrored anew at every place."""
    import cv2

    rng = np.random.default_rng(0)
    blurred = cv2.GaussianBlur(rng.random((TILE, TILE)).astype(np.float32), (0, 0), 6)
    tile = cv2.normalize(blurred, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    if path.suffix == ".zarr":
        import zarr

        sink = zarr.create_array(path, shape=(side, side), chunks=(1024, 1024), dtype=np.uint8)
    else:
        sink = np.lib.format.open_memmap(path, "w+", np.uint8, (side, side))
    for row in range(0, side, TILE):
        for col in range(0, side, TILE):
            turned = np.rot90(tile, rng.integers(4))[:: rng.choice([-1, 1])]
            sink[row : row + TILE, col : col + TILE] = turned[: side - row, : side - col]
    return path


def run(source: str, out: str, workers: int) -> None:
    """Segment one scene in this process, and say what it took."""
    import cvkit

    began = time.perf_counter()
    cvkit.segment_large(source, PIPELINE, out, tile=TILE, workers=workers)
    seconds = time.perf_counter() - began
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in used)
    print(json.dumps({"seconds": seconds, "cpu": cpu}))


def measure(source: Path, out: Path, workers: int) -> dict:
    """The same in a process of its own; memory is the sum of the peaks of that process and of all below it."""
    words, peaks = [sys.executable, __file__, "--run", str(source), str(out), str(workers)], {}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:  # not getrusage: a process inherits the peak of the one that started it
            peaks |= dict(memory(process.pid))
            time.sleep(0.02)
        return json.loads(process.stdout.read()) | {"megabytes": sum(peaks.values())}


def memory(number: int) -> Iterator[tuple[int, float]]:
    """The most memory that a process and those below it have held so far, in MB."""
    try:
        place = Path("/proc", str(number))
        held = re.search(r"VmHWM:\s+(\d+)", (place / "status").read_text())
        below = " ".join(task.read_text() for task in place.glob("task/*/children")).split()
    except OSError:  # it has just ended
        return
    if held:
        yield number, int(held[1]) / 1024
    for child in below:
        yield from memory(int(child))


def same_partition(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether two labellings part the pixels alike, some rows at a time."""
    meant = np.zeros(int(ours.max()) + 1, np.int64)
    bands = [slice(row, row + TILE) for row in range(0, len(ours), TILE)]
    for rows in bands:
        meant[ours[rows]] = theirs[rows]
    alike = all((meant[ours[rows]] == theirs[rows]).all() for rows in bands)
    return alike and len(np.unique(meant)) == len(meant) == int(theirs.max()) + 1


def against_scipy(side: int, folder: Path, workers: int) -> list:
    """Labels by tiles and by SciPy of the whole."""
    import scipy.ndimage

    import cvkit

    source, out = scene(side, folder / "scene.npy"), folder / "labels.npy"
    found = measure(source, out, workers)
    mask = cvkit.segment(np.load(source), "otsu")
    began = time.process_time()
    theirs = scipy.ndimage.label(mask, np.ones((3, 3)))[0]
    seconds = time.process_time() - began
    ours = np.load(out, mmap_mode="r")
    same = same_partition(ours, theirs)
    return [f"{side:,}²", f"{ours.max():,}", "yes" if same else "NO", *_shown(found), f"{seconds:.1f}"]


def against_dask(side: int, folder: Path, peer: str) -> list:
    """CPU time of tiles, histogram, start of a worker and files included, and of dask-image from a mask in memory."""
    import cvkit

    source = scene(side, folder / "small.npy")
    level = int(cvkit.classic.threshold(np.load(source), "otsu"))
    ours = min(measure(source, folder / "labels.npy", 1)["cpu"] for _ in range(3))
    said = subprocess.run([peer, "-c", PEER, source, str(level)], capture_output=True, text=True)
    if said.returncode:
        return [f"{side:,}²", f"{ours:.2f}", "not installed", ""]
    theirs = float(said.stdout.split()[0])
    return [f"{side:,}²", f"{ours:.2f}", f"{theirs:.1f}", f"{theirs / ours:.0f}"]


def series(sides: list[int], folder: Path, workers: int) -> list[list]:
    """The same pipeline on growing images, zarr to zarr."""
    rows = []
    for side in sides:
        source, out = scene(side, folder / f"{side}.zarr"), folder / f"{side}-labels.zarr"
        found = measure(source, out, workers)
        rows.append([f"{side:,}²", *_shown(found), f"{found['cpu'] / side**2 * 1e9:.1f}"])
        shutil.rmtree(source), shutil.rmtree(out)
    return rows


class Timed(Executor):
    """Does each task at once, and adds up the CPU seconds of each kind."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def submit(self, function, /, *args) -> Future:
        """Do a task."""
        began, done = time.process_time(), Future()
        done.set_result(function(*args))
        kind = {"_count": "count", "_copy": "write", "_keep": "network"}.get(function.__name__, "find objects")
        self.seconds[kind] = self.seconds.get(kind, 0) + time.process_time() - began
        return done


def slide(folder: Path) -> list[str]:
    """Measure a pixel, a tile and an object on a small image; compute the 10^10 pixels, pass by pass."""
    import cvkit

    rows, costs, rest, seen = [], [], 0, (1 + 2 * HALO / TILE) ** 2
    for pipeline, side, passes in PASSES:
        source = scene(side, folder / f"{side}.npy")
        for _ in range(2):  # the first time loads and warms up
            engine, began = Timed(), time.process_time()
            cvkit.segment_large(source, pipeline, folder / "labels.npy", tile=TILE, engine=engine)
            spent = time.process_time() - began - sum(engine.seconds.values())
        rest = rest or spent / side**2  # of the larger image, where what is done once counts for little
        each = {name: engine.seconds[name] / side**2 * (seen if name == "network" else 1) for name in passes}
        costs += [[f"`{pipeline}`: {name}", f"{1e9 * spent:.1f}"] for name, spent in each.items()]
        serial = rest * SLIDE
        for machines in MACHINES:
            parts = [
                (each[name] * SLIDE / CORES / machines, SLIDE * BYTES.get(name, 0) / STORAGE, name) for name in passes
            ]
            total = serial + sum(max(part[:2]) for part in parts)
            first = max([(serial, "seams and hand-out"), *((compute, f"cores: {name}") for compute, _, name in parts),
                         *((moved, f"storage: {name}") for _, moved, name in parts)])  # fmt: skip
            rows.append([f"`{pipeline}`", machines, f"{total:.0f}", f"{first[1]} ({first[0] / total:.0%})"])
    return [
        f"One image of {SLIDE:.0e} pixels, {SLIDE / TILE**2:.0f} tiles, on machines of {CORES} cores that share a file "
        f"server of {STORAGE / 1e9:g} GB/s (assumed), 8 bits read and labels of 32 bits written. Measured on small "
        "images, CPU ns a pixel of one core; the network's with what tiles see twice:",
        table(["what", "ns"], [*costs, ["the process that hands out tiles and joins seams", f"{1e9 * rest:.2f}"]]),
        "Computed: the passes one after the other, each as long as its cores or the storage need.",
        table(["pipeline", "machines", "s", "first bottleneck"], rows),
    ]


def _shown(found: dict) -> list[str]:
    return [f"{found['seconds']:.1f}", f"{found['cpu']:.1f}", f"{found['megabytes']:.0f}"]


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, nargs="*", default=[8192, 16384, 32768])
    parser.add_argument("--side", type=int, default=16384, help="of the image that SciPy labels, too")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--peer", default=sys.executable)
    parser.add_argument("--folder", type=Path, help="where there is room for the scenes")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--slide", action="store_true")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        run(given.run[0], given.run[1], int(given.run[2]))
        return
    if given.slide:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            parts = slide(Path(folder))
        write_results("scale-slide", "python benchmarks/scale_image.py --slide", ["numpy", "onnxruntime"], *parts)
        return
    if given.small:
        given.series, given.side = [], 8192
    head = ["image", "s", "CPU s", "MB, parent and workers"]
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        folder = Path(folder)
        peer = table(["image", "CPU s", "dask-image, CPU s", "times"], [against_dask(4096, folder, given.peer)])
        whole = against_scipy(given.side, folder, given.workers)
        grown = series(given.series, folder, given.workers)
    write_results(
        "scale-image",
        f"python {' '.join(['benchmarks/scale_image.py', *sys.argv[1:]])}",
        ["numpy", "scipy", "opencv-python", "tifffile"],
        f"`cvkit.segment_large(image, {PIPELINE!r}, labels)`, tiles of {TILE}², {given.workers} worker(s) unless told "
        "otherwise; the start of the workers, reading and writing are counted.",
        "Against dask-image, one worker, 1 thread of it, chunks of 512²:\n\n" + peer,
        "Against SciPy on the whole, .npy to .npy:\n\n"
        + table(["image", "objects", "same partition", *head[1:], "SciPy, CPU s, from a mask"], [whole]),
        *(["As the image grows, zarr to zarr:\n\n" + table([*head, "CPU ns a pixel"], grown)] if grown else []),
    )


if __name__ == "__main__":
    main()
