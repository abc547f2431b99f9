"""Methods that fail in all ways, by the first pixel of the image; they stand in a module, as workers import them."""

import os
import signal
import time
from pathlib import Path

import cv2
import numpy as np

import cvkit
from cvkit.cores import cores

CRASH, EXIT, HANG, RAISE, GREEDY, SLOW = 101, 102, 103, 104, 105, 106
CALLS = []  # first pixels of the images segmented in this process


class Odd(Exception):
    """What cannot be pickled."""

    def __init__(self, one, two):
        super().__init__(f"{one} {two}")


def segment(image):
    """Otsu's threshold, but for the first pixel."""
    first = int(image.flat[0])
    CALLS.append(first)
    if first == CRASH:
        os.kill(os.getpid(), signal.SIGSEGV)
    elif first == EXIT:
        os._exit(0)
    elif first == HANG:
        while True:
            pass
    elif first == RAISE:
        raise Odd("this is", "odd")
    elif first == GREEDY:
        np.ones(1 << 32, np.uint8)
    elif first == SLOW:
        time.sleep(0.2)
    return cvkit.segment(image, "otsu")


def threads(_):
    """How many threads a worker thinks that it has."""
    return cores(), cv2.getNumThreads()


def images(folder: Path, **firsts: int) -> Path:
    """Write an image for each name, with that first pixel."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, first) in enumerate(firsts.items()):
        image = np.random.default_rng(number).integers(0, 255, (20, 30)).astype(np.uint8)
        image.flat[0] = first
        cvkit.write(folder / f"{name}.png", image)
    return folder
