"""Look inside a pipeline: what each step makes of the image.

    python examples/see_every_step.py [FOLDER]

Takes a second. The picture shows the coins losing their shadow, their specks and their holes, one step at a time.
"""

import sys
from pathlib import Path

import cvkit
from cvkit.compare.plot import steps

DATA = Path(__file__).parent.parent / "data"
PIPELINE = (
    "flatten_background(sigma=50) | median(size=5) | otsu | fill_holes | remove_small(area=300) | split | regions"
)

if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/see_every_step")
    out.mkdir(parents=True, exist_ok=True)
    trace = cvkit.Pipeline(PIPELINE).trace(cvkit.read(DATA / "coins.png"))
    steps(trace).savefig(out / "steps.png")
    table = trace[-1][1]
    print(
        f"{len(table['area'])} coins, of {table['diameter'].min():.0f} to {table['diameter'].max():.0f} pixels across."
    )
    print(f"The picture is in {out}")
