"""A folder of images: side by side, what fails costs itself alone, and nothing is done twice.

    python examples/segment_folder.py [FOLDER]

Takes seconds: every image of `data/`, in processes of their own, and one that is cut short, as after a bad copy. The
second run finds the answers of the first; so does one after a power cut. `journal.jsonl` says what came of each file.
"""

import shutil
import sys
from pathlib import Path

import cvkit

DATA = Path(__file__).parent.parent / "data"
PIPELINE = "flatten_background(sigma=50) | median(size=5) | otsu(foreground='auto') | fill_holes | split"

if __name__ == "__main__":  # the workers look at this script, and must not start workers themselves
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/segment_folder")
    scans = out / "scans"
    scans.mkdir(parents=True, exist_ok=True)
    for name in ("nuclei", "stained", "coins"):
        shutil.copy2(DATA / f"{name}.png", scans)  # with its time, by which it is known to be the same
    (scans / "cut.png").write_bytes((DATA / "page.png").read_bytes()[:9000])

    summary = cvkit.run(PIPELINE, scans, out / "labels", workers=2, timeout=60)
    for row in summary.rows:
        print(f"{Path(row.file).name:12} {row.status:7} {row.reason or f'{row.objects} objects in {row.output}'}")
    print("First:", str(summary).splitlines()[0])
    summary = cvkit.run(PIPELINE, scans, out / "labels", workers=2, timeout=60)
    print("Again:", str(summary).splitlines()[0])
