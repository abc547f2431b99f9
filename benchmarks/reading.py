"""Reading a photograph of 24 megapixels: `cvkit.read` against bare `cv2.imread`, with and without its turn to RGB.

CPU time of one thread, in turn, the least of several rounds; peak memory of whole processes of their own.

    python benchmarks/reading.py
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from common import table, write_results

ROUNDS = 7
SIZE = 4000, 6000
SMALL = str(Path(__file__).parent.parent / "data" / "coins.png")
ALONE = {
    "cv2.imread": "import cv2; cv2.setNumThreads(1); cv2.imread(path)",
    "cv2.imread, cvtColor": "import cv2; cv2.setNumThreads(1); cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)",
    "cvkit.read": f"import cv2, cvkit; cv2.setNumThreads(1); cvkit.read({SMALL!r}); cvkit.read(path)",
}


def photograph() -> "np.ndarray":  # noqa: F821
    """Make what a camera gives, as far as an encoder can tell: light at every scale, and noise."""
    import cv2
    import numpy as np

    random = np.random.default_rng(0)
    image = np.full((*SIZE, 3), 110, np.float32)
    for side, strength in ((8, 60), (32, 30), (128, 16), (512, 8), (2000, 5)):
        coarse = random.normal(0, strength, (side * 2 // 3, side, 3)).astype(np.float32)
        image += cv2.resize(coarse, SIZE[::-1], interpolation=cv2.INTER_CUBIC)
    image += random.normal(0, 2, SIZE).astype(np.float32)[:, :, None]
    return np.clip(image, 0, 255).astype(np.uint8)


def seconds(calls: dict[str, Callable]) -> dict[str, float]:
    """Give the least CPU time of every call, taken in turn."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(ROUNDS):
        for name, call in calls.items():
            began = time.process_time()
            call()
            best[name] = min(best[name], time.process_time() - began)
    return best


def peak(code: str, path: str) -> float:
    """Give the peak memory in MB of a process that runs the code and nothing else."""
    process = subprocess.Popen([sys.executable, "-c", f"path = {path!r}\n{code}"])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{code} ended with status {status}")
    return usage.ru_maxrss / 1024


def main() -> None:
    """Make the files, measure, write the results."""
    with tempfile.TemporaryDirectory() as folder:
        files = [f"{folder}/photo.png", f"{folder}/photo.jpg", f"{folder}/progressive.jpg"]
        if not os.fork():  # so that this process, and with it its children, has never held the arrays
            import cv2

            image = photograph()
            for file, how in zip(files, ([], [1, 92], [1, 92, 2, 1]), strict=True):
                cv2.imwrite(file, image, how)
            os._exit(0)
        os.wait()
        memory = {(file, name): peak(code, file) for file in files for name, code in ALONE.items()}
        empty = {name: peak(code.rpartition(";")[0], files[0]) for name, code in ALONE.items()}
        import cv2

        import cvkit

        cv2.setNumThreads(1)
        rows = []
        for file in files:
            calls = {
                "cv2.imread": lambda file=file: cv2.imread(file),
                "cv2.imread, cvtColor": lambda file=file: cv2.cvtColor(cv2.imread(file), cv2.COLOR_BGR2RGB),
                "cvkit.read": lambda file=file: cvkit.read(file),
            }
            found, size = seconds(calls), Path(file).stat().st_size / 2**20
            for name, value in found.items():
                more = memory[file, name] - empty[name]
                ratio = f"{value / found['cv2.imread']:.2f}", f"{value / found['cv2.imread, cvtColor']:.2f}"
                rows.append([f"{Path(file).name}, {size:.1f} MB", name, f"{value * 1e3:.0f}", *ratio, f"{more:.0f}"])
    head = ["file", "call", "CPU ms", "times imread", "times imread and cvtColor", "peak MB beyond the imports"]
    text = f"{SIZE[0]} x {SIZE[1]} RGB, least of {ROUNDS} rounds in turn, one thread."
    libraries = ["numpy", "opencv-python", "pillow", "tifffile"]
    write_results("reading", "python benchmarks/reading.py", libraries, text, table(head, rows))


if __name__ == "__main__":
    main()
