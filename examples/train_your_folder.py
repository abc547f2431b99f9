"""Train on a folder of your own: look at the pairs, check them, train, and compare with what needs no training.

    python examples/train_your_folder.py OUT IMAGES TRUTHS

A truth bears the name of its image; masks, numbered objects and classes are told by what they hold. A fifth is held
back and measured. Twenty images take some minutes on two cores. Without arguments a folder is made of
tiles of one image and learnt from for seconds, to show that it runs: the network then knows next to nothing.
"""

import sys
import tempfile
from pathlib import Path

import cvkit
from cvkit.compare.plot import samples

DATA = Path(__file__).parent.parent / "data"


def a_folder(out: Path) -> tuple[Path, Path]:
    """Make such a folder as you have: images, and masks of the same names."""
    image, truth = cvkit.read(DATA / "nuclei.png"), cvkit.read_truth(DATA / "nuclei-truth.png")
    for kind, array in (("images", image), ("truths", truth)):
        (out / kind).mkdir(parents=True, exist_ok=True)
        for n, (row, col) in enumerate((row, col) for row in (0, 120, 240) for col in (0, 120, 240)):
            cvkit.write(out / kind / f"{n}.png", array[row : row + 120, col : col + 120])
    return out / "images", out / "truths"


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    network, how = "unet(width=16, depth=4)", {"epochs": 40, "patch": 128}
    if len(sys.argv) < 4:
        sys.argv[2:] = a_folder(out)
        network, how = "unet(width=4, depth=2)", {"epochs": 1, "patch": 32}
    pairs = cvkit.datasets.from_folders(*sys.argv[2:4])
    print(cvkit.datasets.check(pairs))
    samples(*zip(*pairs[:12], strict=True)).savefig(out / "samples.png")
    learnt, held_back = pairs.split(0.2)
    model = cvkit.train(network, learnt, out / "run", validation=held_back, **how)
    found = cvkit.evaluate({"otsu": "otsu", "network": model}, held_back, report=out / "report.html")
    print(found)
    print(f"\nThe model is in {model}, the report is {out / 'report.html'}")
