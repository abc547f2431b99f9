"""What a network learns: from a truth of some kind to what its loss compares with, and to the kind of its answer.

A network learns classes: those of the truth, or, from labels, background, object and contact. A network that learns
something else says so in its file, beside `build`:

    ANSWER = "labels"                            # the kind of answer that its outputs are decoded to
    CLASSES = ("background", "object")           # what its first outputs tell apart; optional
    def targets(labels): ...                     # int32 (H, W), -1 = void -> float32 (H, W, K)
    def loss(y_true, y_pred): ...                # (N, H, W, K) and the outputs of the network -> scalar
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from cvkit import registry
from cvkit.arrays import VOID, as_labels, kind_of
from cvkit.errors import CvkitError

CONTACT = 2  # the class of the pixels that lie between touching objects


@dataclass(frozen=True)
class Target:
    """What a network learns from truths of one kind.

    Parameters
    ----------
    kind : str
        Of the truths: "mask", "labels" or "classes".
    classes : list of str
        The names of what the network tells apart; as many as `build` is asked for.
    answer : str
        The kind of the model's answer, as in its card.
    encode : function
        A truth, cut and warped, as `ready` gives it, to what the loss takes: uint8 (H, W) classes, or float32
        (H, W, K). Where the truth is void, -1 in labels and 255 elsewhere, so must be what comes out.
    loss : function, optional
        The network's own; None where any loss on classes will do.
    """

    kind: str
    classes: list[str]
    answer: str
    encode: Callable[[np.ndarray], np.ndarray]
    loss: Callable | None = None

    def fields(self) -> dict:
        """What a card says of it."""
        foreground = range(1, len(self.classes) if self.kind == "classes" else min(2, len(self.classes)))
        return {
            "classes": self.classes,
            "answer": self.answer,
            "foreground": list(foreground),
            "contact": [CONTACT] if self.classes[CONTACT:] == ["contact"] else [],
        }

    def ready(self, truth: np.ndarray) -> np.ndarray:
        """Give a truth in the dtype that is warped: int32 for labels, uint8 for masks and classes."""
        kind = kind_of_truth(truth)
        if kind != self.kind:
            raise CvkitError(
                "truth-kind",
                "truths must be of one kind",
                came=f"{self.kind} before and now {kind}",
                remedy='make them all alike, or read them all with kind="classes", "labels" or "mask"',
            )
        if kind == "labels":
            return np.ascontiguousarray(as_labels(truth, "truth", void=True))
        if kind == "classes" and (largest := int(truth[truth != VOID].max(initial=0))) >= len(self.classes):
            raise CvkitError(
                "truth-class",
                came=f"the truth holds class {largest}, those learnt are 0..{len(self.classes) - 1}",
                remedy="give pixels that are not to count 255, void, and learn from pairs that show the class",
            )
        return np.ascontiguousarray(truth, np.uint8)


def find_target(network: str, truths: Sequence[np.ndarray], names: Sequence[str] = ()) -> Target:
    """Find out what a network learns from these truths.

    Parameters
    ----------
    network : str
        The name of a network.
    truths : sequence of (H, W) arrays
        bool masks; integer labels, wider than 8 bits, -1 = void; or uint8 classes, 255 = void.
    names : sequence of str
        Of all classes, where they are known: also of those that no truth shows.

    Returns
    -------
    target : Target

    Raises
    ------
    ValueError, TypeError
        If a truth is none, there is nothing to find in any, their values are no classes, or the network learns from
        labels alone and these are none.
    """
    module = inspect.getmodule(registry.network(network))
    kind = kind_of_truth(truths[0])
    if not any((truth > 0).any() for truth in truths):
        raise CvkitError(
            "truth-empty",
            came=(f"nothing to learn: every truth is empty, {len(truths)} in all; expected some foreground"),
            remedy="check that images and truths are read as they are meant",
        )
    if hasattr(module, "targets"):
        if kind != "labels":
            raise CvkitError(
                "truth-kind",
                f"{network} learns from labels (int32, one number an object)",
                came=f"a truth of kind {kind}",
                remedy="number the objects by cvkit.classic.components.label",
            )
        return Target(kind, list(getattr(module, "CLASSES", ["object"])), module.ANSWER, module.targets, module.loss)
    if kind == "labels":
        return Target(kind, ["background", "object", "contact"], "mask", part)
    if kind == "mask":
        return Target(kind, ["background", "foreground"], "mask", np.asarray)
    present = sorted(set().union(*(np.unique(truth).tolist() for truth in truths)) - {VOID})
    count = len(names) or max([2, *(value + 1 for value in present)])
    if len(present) < 2 or (count > 2 * len(present) and not names):
        raise CvkitError(
            "truth-values",
            came=(
                f"the truths hold the values {', '.join(map(str, present))} besides 255, void; "
                "expected classes numbered from 0"
            ),
            remedy="number them without gaps, or name all in `classes` of the pairs; a mask is of bool: truth > 0",
        )
    return Target(kind, list(names) or [f"class {number}" for number in range(count)], "classes", np.asarray)


def kind_of_truth(truth: np.ndarray) -> str:
    """Tell the kind of a truth; integers wider than 8 bits are labels."""
    if truth.dtype.kind in "ui" and truth.dtype.itemsize > 1:
        return "labels"
    kind = kind_of(truth)
    if kind not in ("mask", "labels", "classes"):
        raise CvkitError(
            "truth-kind",
            "a truth must be a mask, labels or classes",
            came=str(kind),
            remedy="read it by cvkit.read_truth",
        )
    return kind


def part(labels: np.ndarray) -> np.ndarray:
    """Turn labels into classes that let a network keep touching objects apart.

    Parameters
    ----------
    labels : (H, W) int32 array
        -1 = void.

    Returns
    -------
    classes : (H, W) uint8 array
        0 = background, 1 = object, 2 = contact: a disc of radius 2 sees two objects. 255 = void.
    """
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    values = labels.astype(np.float32 if labels.max(initial=0) < 2**24 else np.float64)  # exact; no int32 here
    largest = cv2.dilate(values, disc)
    smallest = cv2.erode(np.where(values <= 0, np.inf, values), disc)
    contact = (largest > 0) & np.isfinite(smallest) & (largest != smallest)
    classes = np.where(contact, CONTACT, labels > 0)
    return np.where(labels < 0, VOID, classes).astype(np.uint8)
