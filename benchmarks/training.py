"""A step of training: cvkit's against Keras' own fit and PyTorch, and what the data cost.

    python benchmarks/training.py    needs torch

The same U-Net, batch 8 of 128 x 128, CPU time an image on one thread, the competitors taking turns. Keras' and
PyTorch's arrays lie ready, and they learn by cross-entropy alone; cvkit cuts and augments its patches, adds Dice,
clips gradients, averages weights and keeps score.
"""

import itertools
import os
import statistics
import time
import warnings
from unittest import mock

os.environ |= {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}

import cv2
import numpy as np
from common import table, write_results

from cvkit.deep.quiet import import_keras

SIZE, BATCH, STEPS, ROUNDS = 128, 8, 2, 5


def with_cvkit(precision: str, patches):
    """Fit the Segmenter on augmented patches, everything that `train` does in a step."""
    from cvkit.deep.feed import feed
    from cvkit.deep.fitting import build_in, compiled
    from cvkit.deep.losses import find_loss
    from cvkit.deep.plan import Plan

    card = {"network": "unet", "channels": 3, "classes": ["background", "object"]}
    network = build_in(precision, card)
    segmenter = compiled(network, None, find_loss("cross_entropy + dice"), Plan(precision=precision), 1000, scored=True)
    return lambda: segmenter.fit(feed(lambda: iter(patches), patches[0], STEPS), epochs=1, verbose=0, shuffle=False)


def with_keras(images, classes):
    """Fit the same network by Keras: its loss, Adam, no metric, arrays that lie ready."""
    keras = import_keras()
    from cvkit.deep import blocks
    from cvkit.deep.build import build

    def own():
        return keras.layers.BatchNormalization(momentum=blocks.MOMENTUM)

    with mock.patch.object(blocks, "BatchNorm", own):
        network = build("unet", 3, 2)
    network.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(ignore_class=255))
    return lambda: network.fit(images, classes[..., None], batch_size=BATCH, verbose=0)


def with_torch(images, classes, precision: str = "f32"):
    """Fit the same network by PyTorch, channels last, which is its quicker way."""
    import torch
    from torch import nn

    torch.set_num_threads(1)

    def twice(taken: int, given: int) -> nn.Sequential:
        layers = []
        for width in (taken, given):
            layers += [nn.Conv2d(width, given, 3, padding=1, bias=False), nn.BatchNorm2d(given), nn.ReLU()]
        return nn.Sequential(*layers)

    class UNet(nn.Module):
        def __init__(self, widths: tuple) -> None:
            super().__init__()
            self.down = nn.ModuleList(twice(*pair) for pair in zip((3, *widths), widths, strict=False))
            back = widths[::-1]
            self.up = nn.ModuleList(twice(below + width, width) for below, width in itertools.pairwise(back))
            self.head = nn.Conv2d(widths[0], 2, 1)

        def forward(self, x):
            kept = []
            for level, block in enumerate(self.down):
                x = block(nn.functional.max_pool2d(x, 2) if level else x)
                kept.append(x)
            for block, skip in zip(self.up, kept[-2::-1], strict=True):
                x = block(torch.cat([nn.functional.interpolate(x, scale_factor=2), skip], 1))
            return self.head(x)

    network = UNet((16, 32, 64, 128, 256)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    x = torch.from_numpy(images.transpose(0, 3, 1, 2)).contiguous(memory_format=torch.channels_last)
    y = torch.from_numpy(classes.astype(np.int64))

    def fit() -> None:
        for start in range(0, len(x), BATCH):
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
                said = network(x[start : start + BATCH])
            nn.functional.cross_entropy(said.float(), y[start : start + BATCH], ignore_index=255).backward()
            optimizer.step()

    return fit


def main() -> None:
    """Compare."""
    warnings.simplefilter("ignore")
    import_keras()
    from cvkit.deep.augment import Augmentation
    from cvkit.deep.data import Patches
    from cvkit.deep.fitting import has_bfloat16
    from cvkit.deep.target import find_target

    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    image, truth = rng.random((512, 512, 3), np.float32), (rng.random((512, 512)) > 0.5).astype(np.uint8)
    arguments = {"batch": BATCH, "size": SIZE, "steps": STEPS, "channels": 3, "seed": 0}
    patches = Patches([(image, truth)], find_target("unet", [truth]), Augmentation("strong"), **arguments)
    images, classes = (np.concatenate(part) for part in zip(*(patches[step] for step in range(STEPS)), strict=True))
    runs = {"cvkit, with its patches": with_cvkit("f32", patches), "Keras fit, arrays": with_keras(images, classes)}
    runs["PyTorch, arrays"] = with_torch(images, classes)
    if has_bfloat16():
        runs["cvkit, with its patches, bf16"] = with_cvkit("bf16", patches)
        runs["PyTorch, arrays, bf16"] = with_torch(images, classes, "bf16")
    runs["cvkit's patches alone"] = lambda: [patches[step] for step in range(STEPS)]
    found = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(ROUNDS):
        for name, run in runs.items():
            began = time.process_time()
            run()
            found[name].append((time.process_time() - began) / STEPS / BATCH * 1e3)
    times = {name: statistics.median(values) for name, values in found.items()}
    drawing = times["cvkit's patches alone"]
    share = drawing / times["cvkit, with its patches"]
    rows = [[name, f"{ms:.1f}", f"{ms / times['Keras fit, arrays']:.2f}"] for name, ms in times.items()]
    write_results(
        "training",
        "python benchmarks/training.py",
        ["numpy", "opencv-python", "keras", "tensorflow", "torch"],
        f"U-Net of 2.0 million weights, batch {BATCH} of RGB {SIZE} x {SIZE}; median of {ROUNDS} rounds of "
        f"{STEPS} steps, CPU time on one thread.",
        table(["what", "CPU ms an image", "of Keras' time"], rows),
        f"Drawing patches is {share:.1%} of the work of a step and runs in a thread beside it: a network is never kept "
        f"waiting as long as its step takes longer than {drawing * BATCH:.0f} ms a batch.",
    )


if __name__ == "__main__":
    main()
