"""Paint nuclei where masks want them, and see whether a network learns more with the painted pairs than without.

    python examples/masks_to_images.py OUT [SECONDS]

The left half of a fluorescence image of `data/` teaches a generator, the discriminator of which is a segmentation
network; objects are recombined to new masks, images are painted after them, and the better half is kept. In seconds
nuclei are bright blobs on a dark ground, and that is all; in five minutes (`OUT 300`) they have texture. With SECONDS,
networks are then trained with and without painted pairs, and the right half of the image chooses. Often it chooses
none: what was learnt from these pixels is in them already.
"""

import sys
from pathlib import Path

import numpy as np

import cvkit
from cvkit.deep.generation import grid
from cvkit.deep.synthesis import choose_share
from cvkit.preprocess import normalize

DATA = Path(__file__).parent.parent / "data"
SMALL = "pix2pix(width=4, depth=2, judge='unet(width=4, depth=1)', distance=5, rate=1e-2)"


def show(made, real: np.ndarray, file: Path) -> None:
    """Painted images above what was wanted, above real ones."""
    painted, wanted = (np.stack(arrays) for arrays in zip(*made, strict=True))
    side = painted.shape[1]
    corners = [(row, col) for row in (0, real.shape[0] - side) for col in (0, real.shape[1] - side)][: len(made)]
    crops = [(normalize(real)[row : row + side, col : col + side] * 255).astype(np.uint8) for row, col in corners]
    rows = [painted, wanted.astype(bool) * np.uint8(255), np.stack(crops)]
    cvkit.write(file, grid(np.concatenate(rows), columns=len(made)))


if __name__ == "__main__":
    out = Path(sys.argv[1])
    image, labels = cvkit.read(DATA / "nuclei.png"), cvkit.read_truth(DATA / "nuclei-truth.png")
    middle = image.shape[1] // 2
    learnt, held_back = [(image[:, :middle], labels[:, :middle])], [(image[:, middle:], labels[:, middle:])]
    if len(sys.argv) > 2:
        n, how = 60, {"seconds": float(sys.argv[2])}
    else:
        n, how = 4, {"painter": SMALL, "side": 32, "epochs": 1}
    made = cvkit.synthesize(learnt, n, out / "made", segmenter="gaussian(sigma=1) | otsu", **how)
    show([made[number] for number in range(4)], image, out / "pairs.png")
    inside, outside = (np.mean([pixels[(truth > 0) == side].mean() for pixels, truth in made]) for side in (1, 0))
    print(
        f"{len(made)} pairs in {out / 'made'}; painted nuclei are {'brighter' if inside > outside else 'darker'} than"
    )
    print(f"the ground: {inside:.0f} against {outside:.0f}. See {out / 'pairs.png'}.")
    if len(sys.argv) > 2:
        network = "unet(width=8, depth=3)"
        print(choose_share(network, learnt, made, out / "share", validation=held_back, repeats=3, epochs=20))
