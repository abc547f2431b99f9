"""How long it takes to start, and how much memory: whole processes, against the same network in Keras.

python benchmarks/start.py
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import table, write_results

ROUNDS = 7
IMAGE = Path(__file__).parent.parent / "data" / "nuclei.png"
CVKIT = "import sys; from cvkit.cli import main; main(sys.argv[1:])"
KERAS = """
import sys, numpy, cvkit, safetensors.numpy
from cvkit import registry
from cvkit.deep import read_card
from cvkit.deep.predict import apply
from cvkit.deep.quiet import import_keras
import_keras()
folder = registry.TRAINED / "nuclei"
card = read_card(folder)
name, arguments = registry.parse(card["network"])
network = registry.network(name)((None, None, 3), 3, **arguments)
tensors = safetensors.numpy.load_file(folder / "weights.safetensors")
network.set_weights([tensors[key] for key in sorted(tensors)])
image = apply(card["preprocess"], cvkit.read(sys.argv[1]))
image = numpy.repeat(image[None, :, :, None], 3, axis=3)
cvkit.write(sys.argv[2], network.predict(image, verbose=0)[0, :, :, 1] > 0.5)
"""


OTHERS = """
import sys, cvkit
image = cvkit.read(sys.argv[1])
cvkit.write(sys.argv[2], image[:256, :256])
cvkit.write(sys.argv[3], cvkit.preprocess.resize(image, height=520, width=696))
"""


def measure(words: list[str]) -> tuple[float, float]:
    """Run a Python process; give its seconds and its greatest memory in MB."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        raise RuntimeError(f"{words} ended with status {status}")
    return seconds, usage.ru_maxrss / 1024


def loaded(code: str) -> str:
    """Which of the heavy libraries some code loads."""
    names = ["numpy", "cv2", "onnxruntime", "keras", "tensorflow"]
    code += f"; import sys; print(*(name for name in {names} if name in sys.modules))"
    words = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    return ", ".join(words) or "none"


def main() -> None:
    """Measure every process in turn, `ROUNDS` times over."""
    with tempfile.TemporaryDirectory() as folder:
        small, large, out = f"{folder}/small.png", f"{folder}/large.png", f"{folder}/out.png"
        measure(["-c", OTHERS, str(IMAGE), small, large])  # not here: a child's memory counts from that of its parent
        jobs = {
            "python, nothing": ["-c", "pass"],
            "import cvkit": ["-c", "import cvkit"],
            "cvkit --help": ["-c", CVKIT, "--help"],
            "cvkit segment -m otsu, 360 x 360": ["-c", CVKIT, "segment", str(IMAGE), "-m", "otsu", "-o", out],
            "cvkit segment -m nuclei, 256 x 256": ["-c", CVKIT, "segment", small, "-m", "nuclei", "-o", out],
            "cvkit segment -m nuclei, 360 x 360": ["-c", CVKIT, "segment", str(IMAGE), "-m", "nuclei", "-o", out],
            "cvkit segment -m nuclei, 520 x 696": ["-c", CVKIT, "segment", large, "-m", "nuclei", "-o", out],
            "the same network in Keras, 360 x 360": ["-c", KERAS, str(IMAGE), out],
            "the same network in Keras, 520 x 696": ["-c", KERAS, large, out],
        }
        found = {name: [] for name in jobs}
        for _ in range(ROUNDS):
            for name, words in jobs.items():
                found[name].append(measure(words))
        rows = []
        for name, values in found.items():
            seconds, memory = (statistics.median(column) for column in zip(*values, strict=True))
            worst = max(seconds for seconds, _ in values)
            rows.append([name, f"{seconds:.2f}", f"{worst:.2f}", f"{memory:.0f}"])
    heavy = [
        ["import cvkit", loaded("import cvkit")],
        ["cvkit.segment(image, 'otsu')", loaded("import cvkit, numpy; cvkit.segment(numpy.eye(9), 'otsu')")],
        ["cvkit.segment(image, 'nuclei')", loaded("import cvkit, numpy; cvkit.segment(numpy.eye(9), 'nuclei')")],
    ]
    write_results(
        "start",
        "python benchmarks/start.py",
        ["numpy", "opencv-python", "onnxruntime", "keras", "tensorflow"],
        f"Whole processes, medians of {ROUNDS} rounds in turn.",
        table(["process", "seconds", "slowest", "peak MB"], rows),
        "What each loads of numpy, cv2, onnxruntime, keras, tensorflow:",
        table(["code", "loads"], heavy),
    )


if __name__ == "__main__":
    main()
