"""Components against their peers: label, clean, measure, split, expand."""

from collections.abc import Callable, Iterator

import numpy as np

from cvkit.classic import components
from cvkit.classic.components import clean

try:
    import cv2
except ImportError:
    cv2 = None
try:
    from skimage import feature, measure, morphology, segmentation
except ImportError:
    measure = None
try:
    from scipy import ndimage
except ImportError:
    ndimage = None
try:
    import SimpleITK as sitk
except ImportError:
    sitk = None
try:
    import mahotas
except ImportError:
    mahotas = None
try:
    import cc3d
except ImportError:
    cc3d = None
try:
    import diplib
except ImportError:
    diplib = None
try:
    import fill_voids
except ImportError:
    fill_voids = None

AREA = 64
Case = tuple  # operation, ours, peers; of how many pixels, and a call that says what was found


def cases(scenes: dict[str, np.ndarray]) -> Iterator[Case]:
    """Our operation and those of the peers that are installed, on masks of blobs and of text.

    Of 8192 x 8192 only what is done to blobs: tables and splits take as long for each object as at 2048, but minutes.
    """
    side = len(scenes["blobs"])
    for scene in ("blobs", "text")[: 1 if side > 4096 else 2]:
        mask = scenes[scene]
        peers = _Peers(mask)
        for name, ours in {
            "label": lambda mask=mask: components.label(mask),
            "remove_small": lambda mask=mask: components.remove_small(mask, area=AREA),
            "remove_small, 4-connected": lambda mask=mask: components.remove_small(mask, area=AREA, connectivity=4),
            "fill_holes": lambda mask=mask: components.fill_holes(mask),
            "fill_holes up to an area": lambda mask=mask: components.fill_holes(mask, area=AREA),
            "clear_border": lambda mask=mask: components.clear_border(mask),
            "largest": lambda mask=mask: components.largest(mask),
            "hysteresis": lambda low=mask, high=peers.high: clean.hysteresis(low, high),
        }.items():
            yield f"{name}, {scene}", ours, peers.of(name)
    if side > 4096:
        return
    yield from _tables(discs(side), "")
    if side == 2048:
        yield from _tables(discs(4096), ", 10,000 objects in 4096²")
    yield from _splits(scenes["blobs"])


def discs(side: int, spacing: int = 41) -> np.ndarray:
    """Labels of discs and ellipses that do not touch: 10,000 on 4096 x 4096."""
    rng = np.random.default_rng(0)
    rows, cols = np.mgrid[:spacing, :spacing] - spacing // 2
    mask = np.zeros((side, side), bool)
    for row in range(0, side - spacing + 1, spacing):
        for col in range(0, side - spacing + 1, spacing):
            tall, wide = rng.uniform(5, 19, 2)
            mask[row : row + spacing, col : col + spacing] = (rows / tall) ** 2 + (cols / wide) ** 2 < 1
    return mask


class _Peers:
    """The same operations of other libraries, on what each needs."""

    def __init__(self, mask: np.ndarray) -> None:
        self.mask, self.bytes = mask, mask.view(np.uint8)
        self.high = mask & (np.random.default_rng(0).random(mask.shape) < 0.01)
        self.floats = mask + self.high.astype(np.float32)  # 1 = low, 2 = high
        if sitk:
            self.sitk = sitk.GetImageFromArray(self.bytes)
            self.sitk_floats = sitk.GetImageFromArray(self.floats)
        if diplib:
            self.dip, self.dip_floats = diplib.Image(mask), diplib.Image(self.floats)

    def of(self, name: str) -> dict[str, Callable]:
        """The peers of one operation."""
        method = "_" + name.replace(",", "").replace("-", "_").replace(" ", "_")
        return dict(getattr(self, method)())

    def _label(self):
        if cv2:
            yield "cv2", lambda: cv2.connectedComponents(self.bytes, connectivity=8)
        if measure:
            yield "scikit-image", lambda: measure.label(self.mask, connectivity=2)
        if ndimage:
            yield "scipy", lambda: ndimage.label(self.mask, np.ones((3, 3)))
        if cc3d:
            yield "cc3d", lambda: cc3d.connected_components(self.mask, connectivity=8)
        if sitk:
            yield "SimpleITK", lambda: sitk.GetArrayFromImage(sitk.ConnectedComponent(self.sitk, True))
        if diplib:
            yield "DIPlib", lambda: diplib.Label(self.dip, connectivity=2)
        if mahotas and self.mask.size <= 1 << 24:  # as long as all others together
            yield "mahotas", lambda: mahotas.label(self.mask, np.ones((3, 3)))

    def _remove_small(self, connectivity=8):
        if measure:
            ranks = connectivity // 4
            yield (
                "scikit-image",
                lambda: morphology.remove_small_objects(self.mask, max_size=AREA - 1, connectivity=ranks),
            )
        if cc3d:
            yield "cc3d", lambda: cc3d.dust(self.mask, threshold=AREA, connectivity=connectivity)
        if diplib:
            yield "DIPlib", lambda: diplib.BinaryAreaOpening(self.dip, filterSize=AREA, connectivity=connectivity // 4)
        if sitk:
            yield "SimpleITK", self._sitk_small(connectivity == 8)

    def _sitk_small(self, full):
        def remove():
            labels = sitk.RelabelComponent(sitk.ConnectedComponent(self.sitk, full), AREA)
            return sitk.GetArrayFromImage(labels > 0)

        return remove

    def _remove_small_4_connected(self):
        return self._remove_small(4)

    def _fill_holes(self):
        if ndimage:
            yield "scipy", lambda: ndimage.binary_fill_holes(self.mask)
        if fill_voids:
            yield "fill_voids", lambda: fill_voids.fill(self.mask)
        if diplib:
            yield "DIPlib", lambda: diplib.FillHoles(self.dip, connectivity=1)
        if sitk:
            yield "SimpleITK", lambda: sitk.GetArrayFromImage(sitk.BinaryFillhole(self.sitk))
        if mahotas and self.mask.size <= 1 << 24:
            yield "mahotas", lambda: mahotas.close_holes(self.mask)

    def _fill_holes_up_to_an_area(self):
        if measure:
            yield "scikit-image", lambda: morphology.remove_small_holes(self.mask, max_size=AREA)

    def _clear_border(self):
        if measure:
            yield "scikit-image", lambda: segmentation.clear_border(self.mask)
        if diplib:
            yield "DIPlib", lambda: diplib.EdgeObjectsRemove(self.dip, connectivity=2)

    def _largest(self):
        if cc3d:
            yield "cc3d", lambda: cc3d.largest_k(self.mask, k=1, connectivity=8)
        if measure:

            def by_bincount():
                labels = measure.label(self.mask, connectivity=2)
                return labels == np.bincount(labels.ravel())[1:].argmax() + 1

            yield "scikit-image", by_bincount

    def _hysteresis(self):
        if measure:
            from skimage import filters

            yield "scikit-image", lambda: filters.apply_hysteresis_threshold(self.floats, 0.5, 1.5)
        if diplib:
            yield "DIPlib", lambda: diplib.HysteresisThreshold(self.dip_floats, 0.5, 1.5)
        if sitk:
            yield (
                "SimpleITK",
                lambda: sitk.GetArrayFromImage(sitk.DoubleThreshold(self.sitk_floats, 0.5, 1.5, 9, 9, 1, 0, True)),
            )


def _tables(mask: np.ndarray, of: str) -> Iterator[Case]:
    """Tables of objects, labelling included but for DIPlib, mahotas and SimpleITK, which are given labels."""
    image = np.random.default_rng(1).integers(0, 255, mask.shape, np.uint8)
    plain = ("label", "area", "bbox", "centroid", "eccentricity", "intensity_mean")
    ours = ("label", "area", "row0", "col0", "row1", "col1", "row", "col", "eccentricity", "mean")
    dips = ["Size", "Minimum", "Maximum", "Center", "Mean", "Inertia"]
    for name, more, his, dip in (
        ("", (), (), []),
        (" with perimeter", ("perimeter",), ("perimeter",), ["Perimeter"]),
        (" with solidity", ("solidity",), ("solidity",), ["Solidity"]),
    ):
        peers = {}
        if measure:
            peers["scikit-image"] = lambda his=his: measure.regionprops_table(
                measure.label(mask), image, properties=plain + his
            )
        if diplib:
            labels, values = diplib.Label(diplib.Image(mask)), diplib.Image(image)
            peers["DIPlib, labels given"] = lambda labels=labels, values=values, dip=dip: (
                diplib.MeasurementTool.Measure(labels, values, dips + dip)
            )
        name = f"regions{name}{of}"
        yield name, lambda more=more: components.regions(mask, image, columns=ours + more), peers, mask.size


def _splits(mask: np.ndarray) -> Iterator[Case]:
    """Touching objects parted; and the flood alone, from the same markers, one in each object that `split` finds."""
    if not (measure and ndimage):
        yield "split", lambda: components.split(mask), {}
        return
    distance = ndimage.distance_transform_edt(mask)
    labels = components.split(mask)
    table = ndimage.maximum_position(distance, labels, np.arange(1, labels.max() + 1))
    markers = np.zeros(mask.shape, np.int32)
    markers[tuple(np.transpose(table))] = np.arange(1, len(table) + 1)

    def usual():
        found = ndimage.distance_transform_edt(mask)
        peaks = feature.peak_local_max(found, min_distance=5, labels=measure.label(mask))
        marks = np.zeros(mask.shape, np.int32)
        marks[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
        return segmentation.watershed(-found, marks, mask=mask)

    def flooded():
        return segmentation.watershed(-distance, markers, mask=mask)

    def agreement(ours):
        theirs = flooded()
        return (
            f"{100 * (ours() == theirs)[mask].mean():.1f} % of the pixels of objects as scikit-image's flood has them"
        )

    yield "split", lambda: components.split(mask), {"scikit-image": usual}, mask.size, lambda: agreement(lambda: labels)
    given = lambda: components.watershed(-distance, markers, mask)  # noqa: E731
    yield "watershed of the distance", given, {"scikit-image": flooded}, mask.size, lambda: agreement(given)
