"""What is wrong with a set of pairs, found before an epoch is spent on it."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cvkit.arrays import VOID, as_image, as_labels, is_void, kind_of
from cvkit.errors import CvkitError

ALIKE = 'make them all alike, or say what the files hold: kind="mask", "labels" or "classes" (void is 255)'


@dataclass
class Report:
    """What `check` found; print it.

    Attributes
    ----------
    pairs : int
        How many were looked at.
    faults : list of (str, str)
        Image and what hinders a training.
    remarks : list of (str, str)
        Image, or "" for all of them, and what is odd but may be meant.
    facts : dict
        Sizes, dtypes, channels, the kind of the truths, classes with their share of the pixels, objects.
    """

    pairs: int = 0
    faults: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[tuple[str, str]] = field(default_factory=list)
    facts: dict = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{self.pairs} pairs"]
        lines += [f"  {name}: {value}" for name, value in self.facts.items()]
        for title, found in (("Faults", self.faults), ("Remarks", self.remarks)):
            lines += [title] * bool(found)
            lines += [f"  {name + ': ' if name else ''}{what}" for name, what in found[:20]]
            lines += [f"  ... and {len(found) - 20} more"] * (len(found) > 20)
        return "\n".join(lines if self.faults or self.remarks else [*lines, "Nothing is wrong with them."])


def check(pairs: Sequence) -> Report:
    """Look at every pair: sizes, depths, unreadable files, empty truths, values, images that occur twice.

    Parameters
    ----------
    pairs : sequence of (image, truth)
        Arrays, or `Pairs` of `from_folders` and `from_coco`, of which one at a time is read.

    Returns
    -------
    report : Report

    Examples
    --------
    >>> image, truth = np.zeros((4, 4), np.uint8), np.zeros((4, 4), bool)
    >>> print(check([(image, truth), (image, truth[:3])]))
    2 pairs
      sizes: 4 x 4
      images: 2 uint8, grey
      truths: 1 mask
      foreground: 0.0 % of the pixels
    Faults
      pair 1: the image is 4 x 4, its truth 3 x 4
    Remarks
      pair 0: nothing is marked in its truth
      pair 1: the same image as pair 0
    """
    report, seen = Report(len(pairs)), _Seen()
    for number in range(len(pairs)):
        paths = getattr(pairs, "images", None)
        name = str(paths[number]) if paths else f"pair {number}"
        try:
            image, truth = pairs[number]
            image, truth = as_image(image, "image"), np.asarray(truth)
            report.remarks += [(name, text) for text in seen.image(image, name)]
            if image.shape[:2] != truth.shape[:2]:
                sizes = " x ".join(map(str, image.shape[:2])), " x ".join(map(str, truth.shape[:2]))
                raise CvkitError("pair-size", came=f"the image is {sizes[0]}, its truth {sizes[1]}")
            report.remarks += [(name, text) for text in seen.truth(truth, name)]
        except (ValueError, TypeError, OSError) as fault:
            report.faults.append((name, str(fault).removeprefix(f"{name}: ").rstrip(".")))
    report.faults += seen.mixed()
    report.remarks += [("", text) for text in seen.odd(list(getattr(pairs, "classes", ())))]
    report.facts = seen.facts(list(getattr(pairs, "classes", ())))
    return report


class _Seen:
    """Counts over a set of pairs."""

    def __init__(self) -> None:
        self.sizes, self.depths = Counter(), Counter()
        self.pixels = np.zeros(VOID + 1, np.int64)
        self.objects: list[int] = []
        self.names: dict[bytes, str] = {}
        self.truths: list[tuple[str, str]] = []  # name and kind
        self.where: dict[int, int] = defaultdict(int)

    def image(self, image: np.ndarray, name: str) -> list[str]:
        self.sizes[f"{image.shape[0]} x {image.shape[1]}"] += 1
        self.depths[f"{image.dtype}, {'grey' if image.ndim == 2 else 'RGB'}"] += 1
        print_ = hashlib.sha256(np.ascontiguousarray(image)).digest()
        twin = self.names.setdefault(print_, name)
        remarks = [] if twin == name else [f"the same image as {twin}"]
        if image.dtype.kind == "f" and not np.isfinite(image).all():
            raise CvkitError("image-nan", came=f"{np.count_nonzero(~np.isfinite(image))} pixels are NaN or infinite")
        return remarks

    def truth(self, truth: np.ndarray, name: str) -> list[str]:
        if truth.dtype.kind in "iu" and truth.dtype.itemsize > 1:
            truth = as_labels(truth, "truth", void=True)
        kind = kind_of(truth)
        if kind not in ("mask", "labels", "classes"):
            raise CvkitError("truth-kind", "a mask, labels or classes", came=f"{truth.dtype} {truth.shape}")
        self.truths.append((name, kind))
        if kind == "labels":
            self.objects.append(np.count_nonzero(np.unique(truth) > 0))
            truth = np.where(is_void(truth), VOID, truth > 0)
        counts = np.bincount(truth.astype(np.uint8).ravel(), minlength=VOID + 1)
        self.pixels += counts
        for value in np.flatnonzero(counts):
            self.where[int(value)] += 1
        if counts[0] + counts[VOID] == truth.size:
            return ["nothing is marked in its truth"]
        return ["all of it is marked in its truth"] if counts[0] == 0 and kind != "classes" else []

    @property
    def kinds(self) -> Counter:
        """How many truths there are of each kind."""
        return Counter(kind for _, kind in self.truths)

    def mixed(self) -> list[tuple[str, str]]:
        """The truths that are of another kind than most."""
        kinds = self.kinds
        most = max(kinds, key=kinds.get, default="")
        text = f"its truth is of kind {{}}, most are {most}; {ALIKE}"
        return [(name, text.format(kind)) for name, kind in self.truths if kind != most]

    def odd(self, classes: list[str]) -> list[str]:
        remarks = [f"several depths and channels: {_listed(self.depths)}"] if len(self.depths) > 1 else []
        highest = int(np.flatnonzero(self.pixels[:VOID]).max(initial=0))
        if self.kinds["classes"]:
            count = max(len(classes), highest + 1)
            absent = [classes[n] if n < len(classes) else f"class {n}" for n in range(count) if not self.pixels[n]]
            if absent:
                remarks.append(f"never occurs: {', '.join(absent[:10])}" + " ..." * (len(absent) > 10))
            if highest == 1 and not classes:
                remarks.append('truths of 0 and 1 count as two classes; kind="mask" makes masks of them')
            if highest > 50 and len(absent) > highest / 2:
                remarks.append('values that high and sparse may be numbers of objects: kind="labels"')
        return remarks

    def facts(self, classes: list[str]) -> dict:
        facts = {
            "sizes": _listed(self.sizes, plain=True),
            "images": _listed(self.depths),
            "truths": _listed(self.kinds),
        }
        known = self.pixels[:VOID].sum()
        if self.kinds["classes"] and known:
            shares = [
                f"{classes[n] if n < len(classes) else n} {100 * self.pixels[n] / known:.1f} % in {self.where[n]}"
                for n in np.flatnonzero(self.pixels[:VOID])
            ]
            facts["classes"] = ", ".join(shares)
        elif known:
            facts["foreground"] = f"{100 * self.pixels[1:VOID].sum() / known:.1f} % of the pixels"
        if self.pixels[VOID]:
            facts["void"] = f"{100 * self.pixels[VOID] / self.pixels.sum():.1f} % of the pixels"
        if self.objects:
            facts["objects"] = f"{sum(self.objects)}, {min(self.objects)} to {max(self.objects)} an image"
        return facts


def _listed(counter: Counter, plain: bool = False) -> str:
    most = counter.most_common(4)
    shown = [name if plain and len(counter) == 1 else f"{count} {name}" for name, count in most]
    return ", ".join(shown) + f" and {len(counter) - 4} others" * (len(counter) > 4)
