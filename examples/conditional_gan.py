"""Paint nuclei where a mask wants them: a GAN that is told what to make at every pixel.

    python examples/conditional_gan.py OUT [SECONDS]

It learns from one fluorescence image of `data/` and its labels, turned and mirrored. In seconds nuclei are bright blobs
on a dark ground; in five minutes (`OUT 300`) they have texture. New masks, here mirrored ones, give new pairs of image
and truth; whether a segmentation gains from them must be measured, and often it does not.
"""

import sys
from pathlib import Path

import numpy as np

import cvkit
from cvkit.deep.generation import grid

DATA = Path(__file__).parent.parent / "data"
SIDE = 64


def tiles(array: np.ndarray) -> list[np.ndarray]:
    """Cut an array into tiles, each in its eight positions."""
    rows, cols = (range(0, length - SIDE + 1, SIDE // 2) for length in array.shape)
    found = [array[row : row + SIDE, col : col + SIDE] for row in rows for col in cols]
    return [np.rot90(tile, turn)[:, ::flip] for tile in found for turn in range(4) for flip in (1, -1)]


if __name__ == "__main__":
    out = Path(sys.argv[1])
    images = np.stack(tiles(cvkit.read(DATA / "nuclei.png")))
    masks = np.stack(tiles(cvkit.read_truth(DATA / "nuclei-truth.png") > 0))
    keep = masks.mean(axis=(1, 2)) > 0.02
    images, masks = images[keep], masks[keep]
    if len(sys.argv) > 2:
        gan, length = "pix2pix", {"seconds": float(sys.argv[2])}
    else:
        gan, length = "pix2pix(width=4, rate=5e-3, batch=8)", {"epochs": 1}
        images, masks = images[::3], masks[::3]
    model = cvkit.train_gan(gan, images, out, condition=masks, **length)
    wanted = masks[::-7][:8, :, ::-1]
    made = cvkit.generate(model, condition=wanted)
    cvkit.write(out / "pairs.png", grid(np.concatenate([wanted * np.uint8(255), made]), columns=len(made)))
    inside, outside = made[wanted].mean(), made[~wanted].mean()
    print(f"{len(images)} tiles learnt from; painted nuclei are {'brighter' if inside > outside else 'darker'} than")
    print(f"the ground: {inside:.0f} against {outside:.0f}. See {out / 'pairs.png'}.")
