"""Which threshold suits this image? All of them in one picture.

    python examples/try_all_thresholds.py [FOLDER]

Takes seconds. On a page that is lit unevenly the global thresholds lose a corner to the shadow, and the local ones do
not; a method that needs two peaks where there is one says so in its cell.
"""

import sys
from pathlib import Path

import cvkit

DATA = Path(__file__).parent.parent / "data"

if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/try_all_thresholds")
    out.mkdir(parents=True, exist_ok=True)
    for name, foreground in (("page", "dark"), ("coins", "bright")):
        cvkit.try_all(cvkit.read(DATA / f"{name}.png"), foreground=foreground).savefig(out / f"{name}.png")
        print(f"The picture of {name} is {out / name}.png")
