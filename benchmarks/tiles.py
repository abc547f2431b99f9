"""Tiles of a large image: what they cost, and how many pixels they change, against the image as a whole.

python benchmarks/tiles.py
"""

import sys
import time
from unittest import mock

import numpy as np
from common import table, write_results

import cvkit
from cvkit import registry
from cvkit.deep import tiles
from cvkit.deep.engines import onnxruntime
from cvkit.deep.predict import load_model
from cvkit.deep.tiles import tiled

SIDE = int(sys.argv[1]) if len(sys.argv) > 1 else 2048


def scene() -> np.ndarray:
    """The nuclei of `data/`, mirrored and laid side by side, (SIDE, SIDE, 3) as the network takes it."""
    image = cvkit.preprocess.normalize(cvkit.read(registry.HERE.parent / "data" / "nuclei.png"), low=1, high=99.8)
    image = np.pad(image, [(0, SIDE - side) for side in image.shape], mode="symmetric")
    return np.repeat(image[:, :, None], 3, axis=2).astype(np.float32)


def main() -> None:
    """Run the image as a whole, then in tiles."""
    onnxruntime.MEMORY = 1 << 40  # only half of the machine's bounds what the whole takes
    card, run = load_model(registry.TRAINED / "nuclei")
    image, seen = scene(), []

    def counted(images: np.ndarray) -> np.ndarray:
        seen.append(images.shape[1] * images.shape[2])
        return run(images)

    def plain(side: int) -> np.ndarray:
        return tiled(counted, image, card | {"halo": 0}) if side else counted(image[None])[0]

    ways = {
        "the whole": lambda: plain(0),
        "exact tiles": lambda: tiled(counted, image, card),
        "plain tiles": lambda: plain(1),
        "blended tiles, overlap a quarter": lambda: tiled(counted, image, card | {"halo": None}),
    }
    rows, whole = [], None
    with mock.patch.object(tiles, "WHOLE", 0):
        for name, way in ways.items():
            seen.clear()
            began = time.process_time()
            answer = way()
            seconds = time.process_time() - began
            whole = answer if whole is None else whole
            flips = int((answer.argmax(2) != whole.argmax(2)).sum())
            greatest = np.abs(answer - whole).max()
            cost = sum(seen) / image[:, :, 0].size
            rows.append([name, len(seen), f"{cost:.2f}", f"{seconds:.1f}", f"{greatest:.1e}", f"{flips:,}"])
    write_results(
        "tiles",
        f"python benchmarks/tiles.py {SIDE}",
        ["numpy", "onnxruntime"],
        f"The model `nuclei` on {SIDE} x {SIDE} pixels. Arithmetic is pixels computed for each of the image's.",
        table(["way", "tiles", "arithmetic", "CPU s", "greatest difference", "flipped labels"], rows),
    )


if __name__ == "__main__":
    main()
