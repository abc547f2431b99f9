"""Train a GAN on small images, look at what it makes, and whether it copies.

    python examples/dcgan.py OUT
    python examples/dcgan.py OUT PATH/TO/train-images-idx3-ubyte.gz 600

With OUT alone it learns for seconds from tiles of a photograph of coins, to show how: grey noise with a first idea of
light and shade. With the file of Fashion-MNIST (https://github.com/zalandoresearch/fashion-mnist, MIT) and ten minutes
it makes shirts, trousers and shoes. The run can be stopped, even killed, and goes on when it is started again.
"""

import gzip
import sys
from pathlib import Path

import numpy as np

import cvkit
from cvkit.compare.generation import nearest
from cvkit.deep.generation import grid, interpolate

SIDE = 32


def tiles(image: np.ndarray, step: int = 8) -> np.ndarray:
    """Cut an image into tiles that overlap."""
    rows, cols = (range(0, length - SIDE + 1, step) for length in image.shape[:2])
    return np.stack([image[row : row + SIDE, col : col + SIDE] for row in rows for col in cols])


def read_idx(path: str) -> np.ndarray:
    """Read an IDX file of 28 x 28 images, a border of zeros added: GANs make sizes that are powers of two."""
    with gzip.open(path) as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    return np.pad(images, ((0, 0), (2, 2), (2, 2)))


if __name__ == "__main__":
    out = Path(sys.argv[1])
    if len(sys.argv) > 2:
        images = read_idx(sys.argv[2])
        model = cvkit.train_gan("dcgan", images, out, seconds=float(sys.argv[3]))
    else:
        images = tiles(cvkit.read(Path(__file__).parent.parent / "data" / "coins.png"))
        model = cvkit.train_gan("dcgan(width=8)", images[:640], out, epochs=1)
    made = cvkit.generate(model, 16, seed=1)
    cvkit.write(out / "made.png", grid(made))
    cvkit.write(out / "between.png", grid(interpolate(model, (1, 2, 3), frames=7), columns=15))
    index, ratio = nearest(made, images)
    cvkit.write(out / "nearest.png", grid(np.concatenate([made, images[index]]), columns=16))
    print(f"{len(images)} images learnt from; the nearest real image is {np.median(ratio):.2f} times as far as")
    print(f"the real ones are from each other; below it would be a copy. See {out / 'nearest.png'}.")
