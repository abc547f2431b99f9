"""Which parameters? Every combination tried on one half of an image, the best measured on the other half.

    python examples/search_parameters.py [FOLDER]

Takes some seconds for 48 combinations. The picture shows what each parameter does: a window must be wider than a coin.
What was chosen on the left half gives Dice .95 on the right one, where the defaults give .59.
"""

import sys
from pathlib import Path

import cvkit

DATA = Path(__file__).parent.parent / "data"
CHOICES = (
    "flatten_background(sigma=[20, 50]) | "
    "sauvola(window=[15, 31, 51, 71], k=[-0.4, -0.2, 0.0]) | remove_small(area=[1, 300])"
)

if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/search_parameters")
    out.mkdir(parents=True, exist_ok=True)
    image, truth = cvkit.read(DATA / "coins.png"), cvkit.read_truth(DATA / "coins-truth.png")
    middle = image.shape[1] // 2
    found = cvkit.tune(CHOICES, [(image[:, :middle], truth[:, :middle])])
    print(found)
    found.plot().savefig(out / "parameters.png")
    other = cvkit.compare(image[:, middle:], {"defaults": "sauvola", "best": found.best}, truth[:, middle:])
    print(f"\nOn the other half:\n{other}")
    other.plot().savefig(out / "other-half.png")
    print(f"\nThe pictures are in {out}")
