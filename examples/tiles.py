"""Tiles: why a network's answer to a large image has no seams, and what cutting by hand does.

    python examples/tiles.py [FOLDER]

Takes seconds. cvkit cuts a large image by itself, into tiles that overlap as far as the network looks: the answer is
that to the whole, bit for bit, in the memory of one tile. Cut in two without overlap, some nuclei at the cut change.
"""

import sys
from pathlib import Path

import numpy as np

import cvkit
from cvkit.compare.plot import grid
from cvkit.deep.predict import load_model
from cvkit.deep.tiles import plan, tiled
from cvkit.preprocess import normalize
from cvkit.registry import TRAINED

DATA = Path(__file__).parent.parent / "data"


def nuclei(probabilities: np.ndarray) -> np.ndarray:
    """Where a nucleus is more probable than background and contact together."""
    return probabilities[:, :, 1] > 0.5


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/tiles")
    out.mkdir(parents=True, exist_ok=True)
    card, run = load_model(TRAINED / "nuclei")
    one = normalize(cvkit.read(DATA / "nuclei.png"), low=1, high=99.8)
    large = np.tile(one[:352, :352], (2, 3))
    image = np.repeat(large[:, :, None], card["channels"], axis=2).astype(np.float32)  # (704, 1056, 3)

    whole = nuclei(run(image[None])[0])
    rows, cols = plan(*large.shape, 96, card["stride"])
    in_tiles = nuclei(tiled(run, image, card))
    halves = [nuclei(run(np.ascontiguousarray(half)[None])[0]) for half in np.split(image, 2, axis=1)]
    by_hand = np.hstack(halves)

    middle = np.s_[200:400, 428:628]  # around the cut
    shown = {"in tiles": in_tiles[middle], "cut in two": by_hand[middle]}
    grid(large[middle], shown, whole[middle]).savefig(out / "cut.png")
    print(
        f"{len(rows)} x {len(cols)} tiles: {np.count_nonzero(in_tiles != whole)} pixels differ from the whole image's."
    )
    print(f"Cut in two: {np.count_nonzero(by_hand != whole)} pixels differ, see {out / 'cut.png'}")
