"""A GAN that is told what to make, by class: discs, squares and stripes.

    python examples/class_gan.py OUT [SECONDS]

It learns from shapes drawn on the spot. In seconds it makes grey noise, to show how; in five minutes (`OUT 300`)
each row of `classes.png` holds the shape that it is told. `cvkit generate OUT/model -n 9` draws more.
"""

import sys
from pathlib import Path

import numpy as np

import cvkit
from cvkit.compare.plot import samples

NAMES = ("disc", "square", "stripes")


def draw(kind: int, random: np.random.Generator, side: int = 16) -> np.ndarray:
    """Draw one shape of a random size, place and brightness."""
    row, col = np.mgrid[:side, :side] - random.uniform(6, 10, 2)[:, None, None]
    radius = random.uniform(3, 6)
    inside = (np.hypot(row, col) < radius, np.maximum(abs(row), abs(col)) < radius, row % (2 * radius) < radius)[kind]
    return (40 + inside * random.uniform(120, 200) + random.normal(0, 5, inside.shape)).clip(0, 255).astype(np.uint8)


if __name__ == "__main__":
    out = Path(sys.argv[1])
    random = np.random.default_rng(0)
    classes = np.arange(1200 if len(sys.argv) > 2 else 240) % len(NAMES)
    images = np.stack([draw(kind, random) for kind in classes])
    length = {"seconds": float(sys.argv[2])} if len(sys.argv) > 2 else {"epochs": 2}
    model = cvkit.train_gan("conditional_dcgan(width=16)", images, out, condition=classes, **length)
    told = np.repeat(np.arange(len(NAMES)), 5)
    made = cvkit.generate(model, len(told), condition=told, seed=1)
    rows = [[images[kind], *made[told == kind]] for kind in range(len(NAMES))]
    titles = [title for name in NAMES for title in (f"real {name}", *[name] * 5)]
    samples([image for row in rows for image in row], titles=titles).savefig(out / "classes.png")
    covered = [float((made[told == kind] > 100).mean()) for kind in range(len(NAMES))]
    print(", ".join(f"{name}: {share:.0%} bright" for name, share in zip(NAMES, covered, strict=True)))
    print(f"{len(images)} shapes learnt from. See {out / 'classes.png'}")
