"""Augmentation of image and mask: cvkit's one warp against the layers of Keras, CPU time a patch on one thread.

python benchmarks/augment.py
"""

import os
import statistics
import time

os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}

import cv2
import numpy as np
from common import table, write_results

from cvkit.deep.augment import PRESETS, Augmentation
from cvkit.deep.quiet import import_keras

SIZE, ROUNDS, COUNT = 256, 9, 16
ALIKE = "flip(vertical=True) | rotate | scale | contrast | brightness"


def measure(functions: dict) -> dict[str, float]:
    """The median over rounds of the CPU milliseconds a patch, the competitors taking turns."""
    found = {name: [] for name in functions}
    for _ in range(ROUNDS):
        for name, function in functions.items():
            began = time.process_time()
            for number in range(COUNT):
                function(number)
            found[name].append((time.process_time() - began) / COUNT * 1e3)
    return {name: statistics.median(times) for name, times in found.items()}


def with_keras(image: np.ndarray, mask: np.ndarray):
    """Keras' layers for what `ALIKE` does, on a batch of one."""
    keras = import_keras()
    import tensorflow as tf

    layers = keras.layers
    steps = keras.layers.Pipeline(
        [
            layers.RandomFlip("horizontal_and_vertical"),
            layers.RandomRotation(0.5),
            layers.RandomZoom((-0.29, 0.41)),
            layers.RandomContrast(0.25, value_range=(0, 1)),
            layers.RandomBrightness(0.1, value_range=(0, 1)),
        ]
    )
    given = {"images": image[None], "segmentation_masks": mask[None, :, :, None].astype(np.float32)}
    run = tf.function(lambda: steps(given, training=True))
    run()
    return lambda number: run()


def main() -> None:
    """Compare."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    image, mask = rng.random((SIZE, SIZE, 3), np.float32), (rng.random((SIZE, SIZE)) > 0.5).astype(np.uint8)
    functions = {f"Keras, as {ALIKE}": with_keras(image, mask)}
    for name, text in {ALIKE: ALIKE, "light": "light", "strong": "strong", "strong, stain": "strong | stain"}.items():
        augment = Augmentation(text)
        functions[name] = lambda number, augment=augment: augment(
            image, mask, np.random.default_rng(number), centre=(128, 128), size=SIZE
        )
    found = measure(functions)
    slowest = next(iter(found.values()))
    rows = [[name, f"{ms:.2f}", f"{slowest / ms:.1f}"] for name, ms in found.items()]
    write_results(
        "augment",
        "python benchmarks/augment.py",
        ["numpy", "opencv-python", "keras", "tensorflow"],
        f"RGB float32 {SIZE} x {SIZE} with a mask; CPU time on one thread, median of {ROUNDS} rounds of {COUNT}, "
        "in turns.",
        table(["what", "ms a patch", "times as fast"], rows),
        "\n".join(f"- {name}: `{text}`" for name, text in PRESETS.items() if text),
    )


if __name__ == "__main__":
    main()
