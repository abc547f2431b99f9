"""GANs at equal processor time: ours, Keras' example and the PyTorch tutorial's recipe on the same net.

    python benchmarks/gan.py DATA [PART...]

DATA is the folder of Fashion-MNIST's IDX files with `classifier.keras`, a small classifier whose layer `feat` gives
the features (28 x 28 zero-padded to 32 x 32, values in -1..1); after a comma that of the nuclei, for `colour`. Parts:
`sweep` (the learning rate of each, one seed, chosen on 5000 training images that none has seen), `fast` (130 seconds,
two seeds), `precision` (the same steps in float32), `quality` (600 seconds), `hour` (the generator that cvkit carries),
`few` (500 images), `speed` and `colour`. Each adds its rows to `results/gan.json`, and runs that are there already are
not run again; the page is written from all rows there. Seconds are those of the processor, one thread.
"""

import gzip
import json
import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}

import gan_peers
import numpy as np
from common import table, write_results

import cvkit
from cvkit.compare.generation import frechet_distance, kernel_distance, neighbours
from cvkit.deep.describing import find_describer
from cvkit.deep.examples import as_examples, unscale
from cvkit.deep.feed import feed
from cvkit.deep.gan_export import settle
from cvkit.deep.gans import build_gan
from cvkit.deep.generation import grid
from cvkit.deep.generator_card import read_generator_card
from cvkit.deep.quiet import import_keras
from cvkit.registry import GENERATORS

keras = import_keras()
STORE = Path(__file__).parent / "results" / "gan.json"
RATES = (2e-4, 1e-3, 2e-3, 4e-3)
HELD_BACK = 5000  # training images that the sweep is judged on
NAMES = ("Keras' example", "DCGAN, recipe of PyTorch's tutorial", "dcgan(fast)", "dcgan(quality)")
SHORT = ("keras", "tutorial", "fast", "quality")  # in names of pictures


def read(folder: Path, name: str) -> np.ndarray:
    """Images of an IDX file, uint8 (N, 32, 32)."""
    with gzip.open(folder / f"{name}-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    return np.pad(images, ((0, 0), (2, 2), (2, 2)))


def make(name: str, rate: float | None, augment: str = "", precision: str = "mixed_bfloat16"):
    """A model by its name in the tables; ours in `precision`."""
    given = {} if rate is None else {"rate": rate}
    if name == NAMES[0]:
        return gan_peers.example(rate or 3e-4)
    if name == NAMES[1]:
        return gan_peers.tutorial(rate or 2e-4)
    arguments = given | {"preset": name.split("(")[1][:-1], "augment": augment}
    keras.config.set_dtype_policy(precision)
    try:
        text = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        return build_gan(f"dcgan({text})", (32, 32, 1), 0)
    finally:
        keras.config.set_dtype_policy("float32")


def learn(gan, images: np.ndarray, seconds: float, seed: int, total: int | None = None) -> dict:
    """Train for so many seconds of the processor, the tracing not counted, or for `total` steps."""
    examples, batch = as_examples(images, None), getattr(gan, "batch", 64)

    def steps(start: int, count: int) -> float:
        began = time.process_time()
        batches = partial(examples.batches, batch, seed, start)
        gan.fit(feed(batches, next(batches())), steps_per_epoch=count, verbose=0, shuffle=False)
        return time.process_time() - began

    steps(0, 5)
    used, done = steps(5, 40), 45
    total = total or done + int((seconds - used) * 40 / used)
    if hasattr(gan, "horizon"):
        gan.horizon.assign(total)
    while done < total and used < seconds:
        count = min(total - done, max(1, total // 20))
        used += steps(done, count)
        done += count
    return {"steps": done, "seconds": round(used)}


def sample(gan, count: int = 10_000) -> np.ndarray:
    """Images of the generator that the model would keep, always of the same noise."""
    if hasattr(gan, "average"):
        rng = np.random.default_rng(3)
        settle(gan, [rng.standard_normal((64, *gan.latent_shape), np.float32) for _ in range(16)])
    noise = np.random.default_rng(7).standard_normal((count, 128), np.float32)
    parts = [np.asarray(keras.ops.convert_to_numpy(gan(part))) for part in np.split(noise, count // 500)]
    return unscale(np.concatenate(parts)[..., 0], "uint8")


def judge(images: np.ndarray, real: np.ndarray) -> dict:
    """The measures of features against features."""
    kernel, error = kernel_distance(images, real)
    near = neighbours(images[:5000], real[:5000])
    return {"FID": frechet_distance(images, real), "KID": kernel, "error": error} | near


def train_and_judge(part: str, name: str, data: dict, seconds: float, seed: int, rate=None, **more) -> None:
    """One run, unless it has been; its row is stored."""
    row = {"part": part, "name": name, "rate": rate, "seed": seed, **more}
    if any(row.items() <= old.items() for old in load()):
        return
    keras.utils.set_random_seed(seed)
    gan = make(name, rate, more.get("augment", ""), more.get("policy", "mixed_bfloat16"))
    row |= learn(gan, data["train"], seconds, seed, more.get("steps"))
    images = sample(gan)
    row |= judge(data["features"](images), data["real"])
    pictures = STORE.parent / "gan"
    pictures.mkdir(exist_ok=True)
    kind = "-".join(filter(None, [part, SHORT[NAMES.index(name)], more.get("augment")]))
    cvkit.write(pictures / f"{kind}-{seed}.png", grid(images[:64]))
    store(row)


def store(row: dict) -> None:
    """Add a row, or put it in the place of an older one of the same run."""
    key = ("part", "name", "rate", "seed", "augment", "images")
    rows = [old for old in load() if any(old.get(one) != row.get(one) for one in key)]
    STORE.write_text(json.dumps([*rows, row], indent=1) + "\n", "utf-8")
    print({name: round(value, 3) if isinstance(value, float) else value for name, value in row.items()}, flush=True)


def load() -> list[dict]:
    """All rows."""
    return json.loads(STORE.read_text("utf-8")) if STORE.is_file() else []


def best_rate(name: str) -> float | None:
    """What the sweep found; the recipe's own rate if there was none."""
    rows = [row for row in load() if row["part"] == "sweep" and row["name"] == name]
    return min(rows, key=lambda row: row["FID"])["rate"] if rows else None


def sweep(data: dict) -> None:
    """The same rates for each, one seed, judged on training images that were held back."""
    held_back = data["features"](data["train"][:HELD_BACK])
    for name in NAMES:
        for rate in RATES:
            train_and_judge("sweep", name, data | {"train": data["train"][HELD_BACK:], "real": held_back}, 65, 0, rate)


def equal_time(part: str, seconds: float, names: tuple, seeds: tuple = (0, 1)):
    """A part that trains each of some for so long."""

    def run(data: dict) -> None:
        for name in names:
            for seed in seeds:
                train_and_judge(part, name, data, seconds, seed, best_rate(name))

    return run


def precision(data: dict) -> None:
    """As many steps in float32 as `fast` had time for in bfloat16: the price in quality, if there is one."""
    for row in [row for row in load() if row["part"] == "fast" and row["name"] == NAMES[2]]:
        more = {"policy": "float32", "steps": row["steps"]}
        train_and_judge("precision", NAMES[2], data, 600, row["seed"], row["rate"], **more)


def hour(data: dict) -> None:
    """The generator that `examples/train_fashion.py` made in an hour, as it is shipped."""
    card = read_generator_card(GENERATORS / "fashion")
    images = cvkit.generate("fashion", 10_000, seed=7)
    row = {
        "part": "hour",
        "name": card["gan"],
        "seed": card["seed"],
        "steps": card["steps"],
        "seconds": card["seconds"],
    }
    store(row | judge(data["features"](images), data["real"]))


def few(data: dict) -> None:
    """500 images, with and without augmentation that adapts."""
    for augment in ("", "adaptive", "constant"):
        for seed in (0, 1):
            few_images = data | {"train": data["train"][:500]}
            train_and_judge("few", NAMES[2], few_images, 110, seed, best_rate(NAMES[2]), augment=augment)


def speed(data: dict) -> None:
    """Steps a second at batch 64, least of five stretches, in turns."""
    games = {
        "the same net in a plain tf.function, float32": gan_peers.plain(),
        "Adversarial without penalty, float32": build_gan("dcgan(batch=64)", (32, 32, 1), 0),
        "Adversarial with R1 every 4, float32": build_gan("dcgan(batch=64)", (32, 32, 1), 0),
        "Adversarial with R1 every 4, bfloat16": make(NAMES[2], None),
    }
    list(games.values())[1].penalties = []
    batches = partial(as_examples(data["train"][:6400], None).batches, 64, 0)
    stream = feed(batches, next(batches()))
    for gan in games.values():
        gan.fit(stream, steps_per_epoch=8, verbose=0, shuffle=False)
    times = {name: [] for name in games}
    for _ in range(5):
        for name, gan in games.items():
            began = time.process_time()
            gan.fit(stream, steps_per_epoch=24, verbose=0, shuffle=False)
            times[name].append((time.process_time() - began) / 24)
    for name, found in times.items():
        store({"part": "speed", "name": name, "steps a second": 1 / min(found)})


def colour(folder: Path) -> None:
    """Stained tiles of 64 x 64: three seeds, what the alarms say, and pictures."""

    names = [line.split(",") for line in (folder / "index.csv").read_text().splitlines()[1:]]
    tiles = []
    for file, split, kind, *_ in names:
        if split == "train" and kind.startswith("HE"):
            image = cvkit.read(folder / "images" / file)
            rows, cols = (range(0, length - 63, 48) for length in image.shape[:2])
            tiles += [image[row : row + 64, col : col + 64] for row in rows for col in cols]
    for seed in (0, 1, 2):
        with tempfile.TemporaryDirectory() as out:
            cvkit.train_gan("dcgan(preset='quality')", tiles, Path(out) / "run", seconds=300, seed=seed)
            lines = (Path(out) / "run" / "history.csv").read_text().splitlines()
            last = dict(zip(lines[0].split(","), lines[-1].split(","), strict=False))
            images = cvkit.generate(Path(out) / "run" / "model", 64)
        cvkit.write(STORE.parent / "gan" / f"colour-{seed}.png", grid(images))
        row = {
            "part": "colour",
            "name": "dcgan(quality)",
            "seed": seed,
            "tiles": len(tiles),
            "steps": int(last["step"]),
        }
        store(row | {"variety": float(last["variety"]), "alarms": sum(line.count("collapse") for line in lines)})


PARTS = {
    "sweep": sweep,
    "fast": equal_time("fast", 130, NAMES[:3]),
    "quality": equal_time("quality", 600, NAMES[1:]),
    "precision": precision,
    "hour": hour,
    "few": few,
    "speed": speed,
}


def page() -> None:
    """Write the page from all rows."""
    parts = []
    for part in dict.fromkeys(row["part"] for row in load()):
        rows = [row for row in load() if row["part"] == part]
        head = list(dict.fromkeys(key for row in rows for key in row if key != "part"))
        cells = [[_cell(row.get(key)) for key in head] for row in rows]
        parts += [f"## {part}", table(head, cells)]
    write_results(
        "gan",
        "python benchmarks/gan.py DATA",
        ["numpy", "keras", "tensorflow"],
        "FID, KID by the features of a small classifier (layer of 128), 10,000 images against 10,000 of the test set; "
        "real against real (training images) FID 0.34, precision .90, recall .89, density 1.01, coverage .97.",
        *parts,
    )


def _cell(value) -> str:
    return "" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    folder, *nuclei = map(Path, sys.argv[1].split(","))
    chosen = sys.argv[2:] or [*PARTS, *(["colour"] if nuclei else [])]
    features = find_describer(keras.models.load_model(folder / "classifier.keras"))
    given = {"train": read(folder, "train"), "features": features, "real": features(read(folder, "t10k"))}
    for part in chosen:
        colour(nuclei[0]) if part == "colour" else PARTS[part](given)
    page()
