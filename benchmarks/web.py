"""The web page's server: how long a visitor waits, over HTTP on this machine, for a picture of one megapixel.

python benchmarks/web.py
"""

import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from common import table, write_results

import cvkit

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from web_client import Server  # noqa: E402

SIDE, METHODS, ROUNDS, LINES = 1024, 20, 5, 5  # a page asks for five cards at once
GOALS = {"cards": 1.5, "slider": 0.150, "steps": 0.150}


def picture() -> bytes:
    """Enlarge the coins and add the noise of a camera, so that masks are as ragged as those of photographs."""
    coins = cvkit.preprocess.resize(cvkit.read(ROOT / "data" / "coins.png"), height=SIDE, width=SIDE)
    noisy = coins + np.random.default_rng(0).normal(0, 6, coins.shape)
    with tempfile.TemporaryDirectory() as folder:
        return cvkit.write(Path(folder) / "coins.png", noisy.clip(0, 255).astype(np.uint8)).read_bytes()


def timed(work) -> float:
    """Give the seconds that some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Measure in rounds, everything in each."""
    server, data = Server(), picture()
    known = server.get("/api/catalogue")
    classical = [one for one in known["methods"] if not one["model"]]
    names = [one["name"] for one in sorted(classical, key=lambda one: one["cost"])]
    found = {"upload": [], "cards": [], "all": [], "slider": [], "steps": []}
    for turn in range(ROUNDS):
        found["upload"].append(timed(lambda: server.post("/api/pictures", data, name="coins.png")))
        asked = {"picture": server.post("/api/pictures", data, name="coins.png")["id"]}

        def cards(some, asked=asked):
            with ThreadPoolExecutor(LINES) as pool:
                list(pool.map(lambda name: server.post("/api/thumbnail", asked | {"steps": [[name, {}]]}), some))

        cards(names[:METHODS])  # as a page does that is open: the workers have met the methods
        found["cards"].append(timed(lambda cards=cards: cards(names[:METHODS])))
        found["all"].append(timed(lambda cards=cards: cards(names)))
        for window in range(15, 65, 10):
            step = asked | {"steps": [["sauvola", {"window": window + 2 * turn, "k": -0.2}]]}
            found["slider"].append(timed(lambda step=step: server.post("/api/segment", step)))
            several = {"steps": [["median", {}], *step["steps"], ["fill_holes", {}]], "results": True}
            found["steps"].append(timed(lambda step=step | several: server.post("/api/segment", step)))
        server.ask("DELETE", "/api/session")
    memory = server.memory() / 1e6 if sys.platform == "linux" else float("nan")
    server.stop()
    what = {
        "upload": "a picture is taken and decoded",
        "cards": f"the cards of {METHODS} classical methods",
        "all": f"the cards of all {len(names)}, Howe's graph cut among them",
        "slider": "a slider moves: answer, objects, their table, histogram",
        "steps": "the same amid two more steps, with a small picture of each result",
    }
    rows = [
        [title, f"{statistics.median(found[name]):.3f}", f"{max(found[name]):.3f}", GOALS.get(name, "")]
        for name, title in what.items()
    ]
    write_results(
        "web",
        "python benchmarks/web.py",
        ["numpy", "opencv-python", "starlette", "uvicorn"],
        f"{SIDE} x {SIDE} pixels, over HTTP from a second process on this machine; {ROUNDS} rounds. The browser's own "
        f"time to draw is not in it. Server and workers hold {memory:.0f} MB afterwards.",
        table(["what", "seconds, median", "slowest", "goal"], rows),
    )


if __name__ == "__main__":
    main()
