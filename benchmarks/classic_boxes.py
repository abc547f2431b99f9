"""Outlines, run lengths, suppression of boxes, morphology, skeletons and hulls against their peers."""

import importlib
from collections.abc import Callable, Iterator

import cv2
import numpy as np

from cvkit.classic import components as ours

RADII = (1, 5, 15)
CROWDS = {"dense": 200, "medium": 2000, "sparse": 9000}


def cases(scenes: dict[str, np.ndarray]) -> Iterator[tuple]:
    """Operation, ours, peers, each without arguments; and of how many pixels or boxes, if not those of the scene."""
    mask = np.ascontiguousarray(scenes["blobs"])
    yield from morphology(mask)
    yield from lines(mask)
    yield from outlines(mask)
    if len(mask) == 2048:  # these do not depend on the size of the image
        yield from suppression()
        yield from objects("10,000 objects in 4096²", discs())


def peer(name: str):
    """A library, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def present(**calls) -> dict[str, Callable]:
    """Those calls whose library is there: of pairs of library and call."""
    return {name: call for name, (library, call) in calls.items() if library is not None}


def morphology(mask: np.ndarray) -> Iterator:
    """Opening and closing with discs and squares, reconstruction."""
    dip, sitk, small = peer("diplib"), peer("SimpleITK"), mask.view(np.uint8)
    for shape in ("disk", "square"):
        for radius in RADII:
            kernel = ours.morphology._kernel(radius, shape)
            for name, code in (("opening", cv2.MORPH_OPEN), ("closing", cv2.MORPH_CLOSE)):
                yield (
                    f"{name}, {shape} of radius {radius}",
                    lambda name=name, radius=radius, shape=shape: getattr(ours, name)(mask, radius=radius, shape=shape),
                    {"cv2": lambda code=code, kernel=kernel: cv2.morphologyEx(small, code, kernel)},
                )
    marker = ours.erosion(mask, radius=4)
    yield (
        "reconstruct",
        lambda: ours.reconstruct(marker, mask),
        present(
            diplib=(dip, lambda: dip.BinaryPropagation(dip.Image(marker), dip.Image(mask), 1, 0)),
            SimpleITK=(
                sitk,
                lambda: sitk.BinaryReconstructionByDilation(
                    sitk.GetImageFromArray(marker.view(np.uint8)), sitk.GetImageFromArray(small)
                ),
            ),
        ),
    )


def lines(mask: np.ndarray) -> Iterator:
    """Skeletons, hulls."""
    skimage, dip, contrib = peer("skimage.morphology"), peer("diplib"), getattr(cv2, "ximgproc", None)
    white = mask.view(np.uint8) * np.uint8(255)
    exact = {"skimage": (skimage, lambda: skimage.skeletonize(mask))}
    published = {"cv2.ximgproc": (contrib, lambda: contrib.thinning(white))}
    other = {"diplib Euclidean": (dip, lambda: dip.EuclideanSkeleton(dip.Image(mask)))}
    yield "skeleton", lambda: ours.skeleton(mask), present(**exact, **other)
    yield "skeleton as published", lambda: ours.skeleton(mask, compat="opencv"), present(**published)
    whole = {"skimage": (skimage, lambda: skimage.convex_hull_image(mask))}
    yield "convex hull of all", lambda: ours.convex_hull(mask, each=False), present(**whole)
    each = {"skimage": (skimage if len(mask) <= 512 else None, lambda: skimage.convex_hull_object(mask))}
    yield "convex hull of each", lambda: ours.convex_hull(mask), present(**each)


def outlines(mask: np.ndarray) -> Iterator:
    """Rings of a mask; polygons and run lengths of its components."""
    measure, small = peer("skimage.measure"), mask.view(np.uint8)
    rings = {"cv2": lambda: cv2.findContours(small, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)}
    if measure is not None and len(mask) <= 2048:
        rings["skimage"] = lambda: measure.find_contours(mask, 0.5)
    yield "contours of a mask", lambda: ours.contours(mask), rings
    yield from objects("labels", ours.label(mask))


def objects(name: str, labels: np.ndarray) -> Iterator:
    """Polygons and run lengths; what users write instead is a loop over the objects."""
    coco, table = peer("pycocotools.mask"), ours.regions(labels)
    boxes = np.stack([table[column] for column in ("row0", "col0", "row1", "col1")], axis=1).tolist()

    def outline_each():
        for number, (row0, col0, row1, col1) in enumerate(boxes, 1):
            inside = labels[row0:row1, col0:col1] == number
            cv2.findContours(inside.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)

    def encode_each():
        for number in range(1, len(boxes) + 1):
            coco.encode(np.asfortranarray(labels == number).view(np.uint8))

    yield f"polygons of {name}", lambda: ours.polygons(labels), {"cv2, cut out": outline_each}, labels.size
    few = coco is not None and len(boxes) * labels.size < 1 << 27  # the loop takes 25 minutes for 10,000 in 4096²
    peers = {"pycocotools": encode_each} if few else {}
    yield f"COCO RLE of {name}", lambda: ours.encode_rle(labels), peers, labels.size


def discs(across: int = 100, size: int = 4096) -> np.ndarray:
    """Labels of so many times so many discs of various sizes."""
    rng, labels, pitch = np.random.default_rng(0), np.zeros((size, size), np.int32), size // across
    for number in range(across * across):
        centre = np.array(divmod(number, across)) * pitch + pitch // 2 + rng.integers(-3, 4, 2)
        cv2.circle(labels, centre[::-1].tolist(), int(rng.integers(5, pitch // 2 - 3)), number + 1, -1)
    return labels


def crowd(clusters: int, count: int = 10_000) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (row0, col0, row1, col1) around so many places, and scores."""
    rng = np.random.default_rng(0)
    centres, sizes = rng.uniform(0, 4000, (clusters, 2)), rng.uniform(20, 60, (clusters, 2))
    of = rng.integers(0, clusters, count)
    centre, size = centres[of] + rng.normal(0, 4, (count, 2)), sizes[of] * rng.uniform(0.85, 1.15, (count, 2))
    return np.concatenate([centre - size / 2, centre + size / 2], axis=1), rng.random(count)


def suppression() -> Iterator:
    """10,000 boxes."""
    lsnms = peer("lsnms")
    for name, clusters in CROWDS.items():
        boxes, scores = crowd(clusters)
        wide = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1).astype(np.float32)
        single = scores.astype(np.float32)
        yield (
            f"nms of 10,000 boxes, {name}",
            lambda boxes=boxes, scores=scores: ours.nms(boxes, scores),
            {"cv2": lambda wide=wide, single=single: cv2.dnn.NMSBoxes(wide, single, 0.0, 0.5)}
            | present(lsnms=(lsnms, lambda boxes=boxes, scores=scores: lsnms.nms(boxes, scores, 0.5))),
            len(boxes),
        )
        entries, values = [tuple(map(int, row)) for row in wide], scores.tolist()
        yield (
            f"soft nms of 10,000 boxes, {name}",
            lambda boxes=boxes, scores=scores: ours.soft_nms(boxes, scores),
            {"cv2": lambda entries=entries, values=values: cv2.dnn.softNMSBoxes(entries, values, 0.001, 0.3)},
            len(boxes),
        )
