"""Fuzz what comes from outside: mutants of image files through `cvkit.read`, and of model folders through loading.

Every mutant follows from the seed and its number. A child process of bounded memory (what the libraries need, and 1 GB)
takes them one after the other, each within 5 seconds of work; if one kills it, that is noted and a new child goes on
behind it. All that may come out is an image or a `CvkitError`.

    python benchmarks/fuzz.py                        20,000 images, 2,000 models: some minutes
    python benchmarks/fuzz.py images --count 1000
    python benchmarks/fuzz.py images --only 1234     one mutant again, in this process; it is kept as fuzz-1234.bin
"""

import argparse
import collections
import hashlib
import io
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

MEMORY = 1 << 30
SECONDS = 5
SEED = 20261125
COUNTS = {"images": 20_000, "models": 2_000, "structures": 2_000}
SIDES = re.compile(rb"\0?[\x18\x1f\x17\x1e]\0|\0[\x18\x1f\x17\x1e]", re.DOTALL)  # 24 and 31, and one less
FIELDS = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x100,
    3000,
    9999,
    9999,
    10001,
    0x7FFF,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFF0,
    0xFFFFFFFF,
)


def images() -> dict[str, bytes]:
    """Give the files that are mutated: one of every way in which the bytes of an image are laid out."""
    import cv2
    import tifffile
    from PIL import Image

    random = np.random.default_rng(SEED)
    rgb = cv2.GaussianBlur(random.integers(0, 256, (24, 31, 3), np.uint8), (0, 0), 1)
    grey, deep = rgb[:, :, 0], rgb[:, :, 0] * np.uint16(257)
    colours = Image.fromarray(rgb)
    more = {"save_all": True, "append_images": [Image.fromarray(255 - rgb), Image.fromarray(rgb[::-1].copy())]}

    def pillow(image: np.ndarray | Image.Image, format: str, **options) -> bytes:
        file = io.BytesIO()
        (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, format, **options)
        return file.getvalue()

    def tiff(image: np.ndarray, **options) -> bytes:
        file = io.BytesIO()
        tifffile.imwrite(file, image, **options)
        return file.getvalue()

    exif = Image.Exif()
    exif[0x0112] = 6
    grey_page = {"photometric": "minisblack"}
    return {
        "PNG 1 bit": pillow(grey > 127, "PNG"),
        "PNG 8 bit": pillow(grey, "PNG"),
        "PNG 16 bit RGB": cv2.imencode(".png", rgb * np.uint16(257))[1].tobytes(),
        "PNG RGBA, EXIF": pillow(np.dstack([rgb, grey]), "PNG", exif=exif),
        "PNG palette": pillow(colours.quantize(16), "PNG"),
        "PNG animated": pillow(rgb, "PNG", **more),
        "JPEG grey": pillow(grey, "JPEG"),
        "JPEG RGB, EXIF": pillow(rgb, "JPEG", exif=exif),
        "JPEG CMYK": pillow(colours.convert("CMYK"), "JPEG"),
        "JPEG progressive": pillow(rgb, "JPEG", progressive=True),
        "JPEG of several": pillow(rgb, "MPO", restart_marker_blocks=2, **more),
        "TIFF plain": tiff(rgb, photometric="rgb"),
        "TIFF float": tiff(grey.astype(np.float32), **grey_page),
        "TIFF zlib in tiles": tiff(deep, compression="zlib", tile=(16, 16), predictor=True, **grey_page),
        "TIFF stack": tiff(np.stack([deep] * 3), compression="zlib", **grey_page),
        "TIFF LZW": pillow(rgb, "TIFF", compression="tiff_lzw"),
        "TIFF LZW 16 bit": cv2.imencode(".tif", deep)[1].tobytes(),
        "TIFF palette": pillow(colours.quantize(16), "TIFF"),
        "TIFF fax": pillow(grey > 127, "TIFF", compression="group4"),
        "TIFF of JPEG": pillow(rgb, "TIFF", compression="jpeg"),
        "TIFF CMYK": pillow(colours.convert("CMYK"), "TIFF"),
        "BigTIFF": tiff(rgb, photometric="rgb", bigtiff=True),
        "BMP RGB": pillow(rgb, "BMP"),
        "BMP palette": pillow(colours.quantize(16), "BMP"),
        "WebP lossy": pillow(rgb, "WebP"),
        "WebP lossless, alpha": pillow(np.dstack([rgb, grey]), "WebP", lossless=True),
        "WebP animated": pillow(rgb, "WebP", **more),
        "GIF": pillow(grey, "GIF"),
        "GIF animated": pillow(colours, "GIF", **more),
        "PGM": pillow(grey, "PPM"),
        "PGM of several": pillow(grey, "PPM") + pillow(grey > 127, "PPM") + pillow(rgb, "PPM"),
        "PPM text": b"P3 4 3 255\n" + b" ".join(b"%d" % value for value in rgb[:3, :4].ravel()),
        "PFM": b"Pf\n31 24\n-1.0\n" + grey.astype("<f4").tobytes(),
    }


def models() -> dict[str, dict[str, bytes]]:
    """Give the model folders that are mutated, file by file: a small one, and what cvkit carries."""
    import cvkit

    sys.path.append(str(Path(__file__).parent.parent / "tests"))
    from models import write_model

    with tempfile.TemporaryDirectory() as folder:
        small = write_model(Path(folder) / "small")
        folders = [small, *sorted((Path(cvkit.__file__).parent / "deep" / "trained").glob("[!_]*/"))]
        return {folder.name: {file.name: file.read_bytes() for file in sorted(folder.iterdir())} for folder in folders}


def read_image(path: Path, number: int) -> None:
    """Read a mutant in one of the ways that users do."""
    import cvkit

    way = number % 6
    if way == 5:
        cvkit.read_truth(path)
        return
    last = cvkit.io.inspect(path).pages - 1 if way == 2 else 0
    ways = ({}, {"page": 0}, {"page": last}, {"allow_truncated": True, "page": 0}, {"gray": True, "info": True})
    image = cvkit.read(path, **ways[way])
    image = image[0] if isinstance(image, tuple) else image
    if image.dtype.kind not in "buif" or image.size == 0 or image.shape[2:] not in ((), (3,)):
        raise AssertionError(f"read gave {image.dtype} of shape {image.shape}")


def load_model(path: Path, number: int) -> None:
    """Load a mutant and segment with it."""
    import cvkit

    cvkit.segment(np.eye(24, dtype=np.uint8), str(path))


KINDS: dict[str, tuple[Callable, Callable]] = {"images": (images, read_image), "models": (models, load_model)}
KINDS["structures"] = KINDS["models"]  # their mutants are those of fuzz_structures.py


def mutate(data: bytes, random: np.random.Generator) -> bytes:
    """Change a file in one to four places, as damage and ill will do."""
    data = bytearray(data)
    for _ in range(random.integers(1, 5)):
        near = len(data) if random.random() < 0.3 else min(len(data), 400)  # headers are where it hurts
        place = int(random.integers(0, max(1, near)))
        way = random.integers(0, 16)
        if way < 5:
            data[place : place + 1] = random.bytes(1)
        elif way < 8:
            _field(data, place, random)
        elif way < 11:
            sides = [found.start() for found in SIDES.finditer(data)]
            _field(data, int(random.choice(sides)) if sides else place, random)
        elif way == 11:
            del data[place : place + int(random.integers(1, 40))]
        elif way < 14:
            data[place:place] = data[place : place + int(random.integers(1, 200))] * int(random.integers(1, 4))
        elif way == 14:
            data[place : place + 16] = data[place : place + 16][::-1]
        else:
            del data[int(random.integers(0, len(data) + 1)) :]
    return _with_checksums(bytes(data)) if random.random() < 0.7 else bytes(data)


def _field(data: bytearray, place: int, random: np.random.Generator) -> None:
    """Put a number that is rarely thought of."""
    size, order = ((2, 2, 4, 8)[random.integers(4)], "<>"[random.integers(2)])
    value = int(random.choice(FIELDS)) & (256**size - 1)
    data[place : place + size] = struct.pack(order + {2: "H", 4: "I", 8: "Q"}[size], value)


def _with_checksums(data: bytes) -> bytes:
    """Make the checksums of a PNG right, so that the decoder gets to see what was changed."""
    if not data.startswith(b"\x89PNG"):
        return data
    data, start = bytearray(data), 8
    while start + 12 <= len(data):
        end = start + 12 + int.from_bytes(data[start : start + 4])
        if end > len(data):
            break
        data[end - 4 : end] = zlib.crc32(data[start + 4 : end - 4]).to_bytes(4)
        start = end
    return bytes(data)


def mutant(kind: str, seeds: dict, number: int) -> tuple[str, bytes | dict[str, bytes]]:
    """Give the name of the seed and the mutant of this number."""
    random = np.random.default_rng([SEED, number])
    name = list(seeds)[number % len(seeds)]
    if kind == "structures":
        from fuzz_structures import damage

        return name, damage(seeds[name], random)
    return name, mutate(seeds[name], random) if kind == "images" else mutate_folder(seeds[name], random)


def mutate_folder(files: dict[str, bytes], random: np.random.Generator) -> dict[str, bytes]:
    """Change one file of a model; mostly the card then has the right checksum all the same."""
    files = dict(files)
    file = list(files)[int(random.integers(len(files)))]
    before = files[file]
    files[file] = mutate(before, random)
    if random.random() < 0.8:
        old, new = (hashlib.sha256(data).hexdigest().encode() for data in (before, files[file]))
        files["card.json"] = files["card.json"].replace(old, new)
    if random.random() < 0.02:
        del files[file]
    return files


def put(content: bytes | dict[str, bytes], path: Path) -> Path:
    """Write a mutant: a file, or a folder of files."""
    if isinstance(content, bytes):
        path.write_bytes(content)
        return path
    path.mkdir()
    for name, data in content.items():
        (path / name).write_bytes(data)
    return path


def try_one(call: Callable, path: Path, number: int) -> str:
    """Give what came of a mutant: "ok", the code of a CvkitError, or what must not be."""
    from cvkit.errors import CvkitError

    try:
        call(path, number)
    except CvkitError as fault:
        text = str(fault)
        return fault.code if text.isprintable() and text.endswith(".") else f"FOREIGN: not a sentence: {text!r}"
    except BaseException as fault:
        return f"FOREIGN: {type(fault).__name__}: {fault}"
    return "ok"


def child(kind: str, start: int, stop: int) -> None:
    """Take the mutants of some numbers; print a line before and after each."""
    seeds, call = KINDS[kind][0](), KINDS[kind][1]
    with tempfile.TemporaryDirectory() as folder:
        for place, seed in enumerate(seeds.values()):  # the libraries are loaded before the memory is bounded
            if (outcome := try_one(call, put(seed, Path(folder) / f"seed{place}"), 1)) != "ok":
                raise RuntimeError(f"what is to be mutated is not read itself: {outcome}")
        least = _peak()
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY,) * 2)
        for number in range(start, stop):
            name, content = mutant(kind, seeds, number)
            path = put(content, Path(folder) / f"x{number}")  # never the same: what is loaded may be remembered
            print(f"{number}\t{name}", flush=True)
            Path("/proc/self/clear_refs").write_text("5")  # forget the peak
            signal.setitimer(signal.ITIMER_PROF, SECONDS)  # of work, whatever else the machine does
            signal.alarm(12 * SECONDS)  # of waiting
            began = time.perf_counter()
            outcome = try_one(call, path, number)
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.alarm(0)
            seconds = time.perf_counter() - began
            print(f"{outcome[:200]!r}\t{seconds:.3f}\t{_peak() - least}", flush=True)
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _peak() -> int:
    """Give the peak memory of this process in MB."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) >> 10


def run(kind: str, start: int, stop: int) -> Iterator[tuple[int, str, str, float, float]]:
    """Give number, seed, outcome, seconds and peak MB of every mutant, whatever happens to the children."""
    while start < stop:
        words = [sys.executable, __file__, kind, "--child", str(start), str(stop)]
        begun = None
        with (
            tempfile.TemporaryFile("w+") as errors,
            subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True, errors="replace") as process,
        ):
            for line in process.stdout:
                first, *rest = line.rstrip("\n").split("\t")
                if begun is None:
                    begun = int(first), rest[0]
                else:
                    yield *begun, first[1:-1], *map(float, rest)
                    start, begun = begun[0] + 1, None
            if process.wait() and begun is None:
                errors.seek(0)
                raise RuntimeError(f"the child ended without a mutant: {errors.read()[-2000:]}")
        if begun:
            killer = signal.Signals(-process.returncode).name if process.returncode < 0 else process.returncode
            yield *begun, f"KILLED: {killer}", float(SECONDS if killer in ("SIGALRM", "SIGPROF") else 0), 0.0
            start = begun[0] + 1


def report(kind: str, found: list[tuple]) -> list[str]:
    """Say in Markdown what came of the mutants of a kind."""
    from common import table

    bad = [row for row in found if row[2].startswith(("FOREIGN", "KILLED"))]
    hung = sum(outcome.endswith(("SIGALRM", "SIGPROF")) for _, _, outcome, *_ in bad)
    killed = sum(outcome.startswith("KILLED") for _, _, outcome, *_ in bad) - hung
    codes = collections.Counter(outcome for _, _, outcome, *_ in found)
    rows = []
    for name in dict.fromkeys(name for _, name, *_ in found):
        mine = [row for row in found if row[1] == name]
        most = [f"{max(row[3] for row in mine):.2f}", f"{max(row[4] for row in mine):.0f}"]
        rows.append([name, len(mine), sum(row[2] == "ok" for row in mine), *most])
    parts = [
        f"## {kind}\n\n{len(found)} mutants of {len(rows)} seeds: {killed} crashes, {hung} hangs, "
        f"{len(bad) - hung - killed} failures that are no `CvkitError`. "
        f"At most {max(row[4] for row in found):.0f} MB beyond what the libraries need, "
        f"and {max(row[3] for row in found):.2f} s.",
        table(["seed", "mutants", "read all the same", "slowest, s", "most MB"], rows),
        table(["outcome", "mutants"], [row for row in codes.most_common() if not row[0].startswith(("F", "K"))]),
    ]
    return parts + ["\n".join(f"- {number} ({name}): {outcome}" for number, name, outcome, *_ in bad)] * bool(bad)


def main() -> None:
    """Run the children and write the report, or take one mutant again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", nargs="?", choices=KINDS)
    parser.add_argument("--count", type=int)
    parser.add_argument("--only", type=int, metavar="NUMBER")
    parser.add_argument("--child", type=int, nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        return child(given.kind, *given.child)
    if given.only is not None:
        seeds, call = KINDS[given.kind][0](), KINDS[given.kind][1]
        name, content = mutant(given.kind, seeds, given.only)
        path = put(content, Path(f"fuzz-{given.only}.bin"))
        print(name, try_one(call, path, given.only))
        return call(path, given.only)
    parts = []
    for kind in [given.kind] if given.kind else KINDS:
        parts += report(kind, list(run(kind, 0, given.count or COUNTS[kind])))
    from common import write_results

    bound = f"{MEMORY >> 20} MB beyond what the libraries need, {SECONDS} s a mutant, seed {SEED}."
    libraries = ["numpy", "opencv-python", "pillow", "tifffile", "onnxruntime"]
    if given.kind or given.count:  # the page is of all mutants
        return print("\n\n".join(parts))
    return write_results("fuzz", "python benchmarks/fuzz.py", libraries, bound, *parts)


if __name__ == "__main__":
    main()
