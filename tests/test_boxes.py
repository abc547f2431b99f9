"""Suppression and fusion of boxes and masks against slow twins and OpenCV."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvkit.classic.components import encode_rle, fuse_boxes, mask_nms, nms, soft_nms


def overlap(one, other):
    height = min(one[2], other[2]) - max(one[0], other[0])
    width = min(one[3], other[3]) - max(one[1], other[1])
    inside = max(height, 0) * max(width, 0)
    union = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - inside
    return inside / union if union else 0


def greedy(boxes, scores, iou, classes=None):
    kept = []
    classes = np.zeros(len(boxes)) if classes is None else classes
    for index in sorted(range(len(boxes)), key=lambda index: (-scores[index], index)):
        if all(classes[k] != classes[index] or not overlap(boxes[k], boxes[index]) > iou for k in kept):
            kept.append(index)
    return kept


def crowd(seed, count=120, size=60, spread=0.6, whole=False):
    """Boxes around few places, of sizes that differ by `spread` (standard deviation of the logarithm)."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, size, (count, 2))
    sizes = np.exp(rng.normal(2, spread, (count, 2)))
    boxes = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)
    return (np.rint(boxes) if whole else boxes), np.round(rng.random(count), 2 if seed % 2 else 9)


@pytest.mark.parametrize("iou", [0, 0.05, 0.3, 0.5, 0.75, 1])
@pytest.mark.parametrize("spread", [0.1, 0.6, 1.5])
@pytest.mark.parametrize("whole", [True, False])
def test_nms_is_greedy_suppression(iou, spread, whole):
    for seed in range(6):
        boxes, scores = crowd(seed, spread=spread, whole=whole)
        assert nms(boxes, scores, iou=iou).tolist() == greedy(boxes, scores, iou)


number = st.integers(-20, 20) | st.floats(-1e4, 1e4, width=32)
box = st.tuples(number, number, st.integers(0, 20), st.integers(0, 20)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


@given(st.lists(st.tuples(box, st.integers(0, 4), st.integers(0, 2)), max_size=25), st.floats(0, 1))
@settings(deadline=None, max_examples=150)
def test_nms_is_greedy_suppression_for_any_boxes(entries, iou):
    boxes, scores, classes = ([entry[part] for entry in entries] for part in range(3))
    assert nms(boxes, scores, iou=iou).tolist() == greedy(boxes, scores, iou)
    assert nms(boxes, scores, iou=iou, classes=classes).tolist() == greedy(boxes, scores, iou, classes)


def test_nms_of_many_boxes_in_blocks():
    for seed, (size, spread) in enumerate([(60, 0.2), (500, 0.2), (500, 1.5), (5, 0.01)]):
        boxes, scores = crowd(seed, 1000, size, spread)
        assert nms(boxes, scores).tolist() == greedy(boxes, scores, 0.5)


def test_nms_is_that_of_opencv():
    boxes, scores = crowd(4, 400, whole=True)
    wide = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1).astype(np.float32)
    theirs = cv2.dnn.NMSBoxes(wide, scores.astype(np.float32), 0.0, 0.45)
    assert nms(boxes, scores, iou=0.45).tolist() == np.ravel(theirs).tolist()


def test_a_chain_of_boxes_keeps_every_second():
    start = np.arange(3000) * 0.3
    boxes = np.stack([start, 0 * start, start + 1, 0 * start + 1], axis=1)
    assert nms(boxes, -start).tolist() == list(range(0, 3000, 2))


def test_mass_duplicates_and_one_far_away():
    boxes = np.tile([[3.0, 4, 13, 24]], (5000, 1))
    boxes[77] += 1e9
    assert nms(boxes, np.zeros(5000)).tolist() == [0, 77]
    assert nms(boxes, np.zeros(5000), iou=1)[:3].tolist() == [0, 1, 2]


def test_equal_scores_keep_their_order_and_an_overlap_of_just_so_much_stays():
    boxes = [[0, 0, 2, 2], [0, 1, 2, 3], [0, 0, 2, 2], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert nms(boxes, [1, 1, 1, 1, 1], iou=1 / 3).tolist() == [0, 1, 3, 4]
    assert nms(boxes, [1, 1, 1, 1, 1], iou=0.33).tolist() == [0, 3, 4]


def test_no_boxes():
    assert nms([], []).tolist() == [] and nms(np.zeros((0, 4)), [], classes=[]).dtype.kind == "i"
    assert [len(part) for part in soft_nms([], [])] == [0, 0]
    assert [len(part) for part in fuse_boxes([[], []], [[], []])] == [0, 0, 0]
    assert [len(part) for part in fuse_boxes([], [])] == [0, 0, 0]
    assert mask_nms([], []).tolist() == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([[0, 0, 1]], [1]), r"shape \(N, 4\)"),
        (([[0, 0, 1, 1]], [1, 2]), "one for each box"),
        (([[0, 0, -1, 1]], [1]), "row0 <= row1"),
        (([[0, 0, np.nan, 1]], [1]), "finite"),
        (([[0, 0, 1, 1]], [np.inf]), "finite"),
        (([["a", 0, 1, 1]], [1]), "real numbers"),
    ],
)
def test_what_are_no_boxes_is_refused(arguments, words):
    for function in (nms, soft_nms):
        with pytest.raises((ValueError, TypeError), match=words):
            function(*arguments)


def test_senseless_parameters_are_refused():
    for call in (
        lambda: nms([[0, 0, 1, 1]], [1], iou=1.5),
        lambda: soft_nms([[0, 0, 1, 1]], [1], method="cubic"),
        lambda: soft_nms([[0, 0, 1, 1]], [1], sigma=0),
        lambda: soft_nms([[0, 0, 1, 1]], [-1]),
        lambda: fuse_boxes([[[0, 0, 1, 1]]], [[0]]),
        lambda: fuse_boxes([[[0, 0, 1, 1]]], [[1], [1]]),
        lambda: fuse_boxes([[[0, 0, 1, 1]]], [[1]], weights=[0]),
        lambda: mask_nms([np.ones((2, 2), bool), np.ones((2, 3), bool)], [1, 2]),
    ):
        with pytest.raises(ValueError, match="must"):
            call()


def soft(boxes, scores, weigh, least):
    """One by one: the best of what is left lowers all the others."""
    scores, left, found = np.array(scores, float), list(range(len(scores))), []
    while left:
        best = max(left, key=lambda index: (scores[index], -index))
        if scores[best] < least:
            break
        left.remove(best)
        found.append(best)
        for other in left:
            scores[other] *= weigh(overlap(boxes[best], boxes[other]))
    return found, scores[found]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("least", [0.0, 0.001, 0.2])
def test_soft_nms_is_one_by_one(seed, least):
    boxes, scores = crowd(2 * seed, 60, 30)
    for method, weigh in (
        ("gaussian", lambda o: np.exp(-o * o / 0.4)),
        ("linear", lambda o: 1 - o if o > 0.3 else 1),
    ):
        kept, lowered = soft_nms(boxes, scores, method=method, sigma=0.4, iou=0.3, least=least)
        expected, values = soft(boxes, scores, weigh, least)
        assert np.allclose(lowered, values, rtol=1e-9, atol=1e-12)
        assert kept.tolist() == expected or (np.diff(values) > -1e-12).any()


def test_soft_nms_is_that_of_opencv():
    boxes, scores = crowd(8, 200, 60, whole=True)
    wide = [(int(b[1]), int(b[0]), int(b[3] - b[1]), int(b[2] - b[0])) for b in boxes]
    for name, code in (
        ("linear", cv2.dnn.SOFT_NMSMETHOD_SOFTNMS_LINEAR),
        ("gaussian", cv2.dnn.SOFT_NMSMETHOD_SOFTNMS_GAUSSIAN),
    ):
        values, indices = cv2.dnn.softNMSBoxes(wide, scores.tolist(), 0.05, 0.3, sigma=0.5, method=code)
        kept, lowered = soft_nms(boxes, scores, method=name, sigma=0.5, iou=0.3, least=0.05)
        assert kept.tolist() == indices.tolist() and np.allclose(lowered, values, rtol=1e-4)


def test_soft_nms_leaves_other_classes_alone():
    kept, scores = soft_nms([[0, 0, 9, 9]] * 3, [0.9, 0.8, 0.7], classes=[1, 2, 1], method="linear", least=0.1)
    assert kept.tolist() == [0, 1] and scores.tolist() == [0.9, 0.8]


def fuse(boxes, scores, weights, iou):
    """The algorithm of the paper, with lists."""
    entries = [
        (score * weight, np.array(box, float))
        for model, weight in enumerate(weights)
        for box, score in zip(boxes[model], scores[model], strict=True)
    ]
    clusters, fused = [], []
    for score, box_ in sorted(entries, key=lambda entry: -entry[0]):
        overlaps = [overlap(box_, other) for other in fused]
        if overlaps and max(overlaps) > iou:
            chosen = int(np.argmax(overlaps))
            clusters[chosen].append((score, box_))
            total = sum(s for s, _ in clusters[chosen])
            fused[chosen] = sum(s * b for s, b in clusters[chosen]) / total
        else:
            clusters.append([(score, box_)])
            fused.append(box_)
    values = [np.mean([s for s, _ in c]) * min(len(c), sum(weights)) / sum(weights) for c in clusters]
    order = np.argsort([-value for value in values], kind="stable")
    return np.array(fused)[order], np.array(values)[order]


@pytest.mark.parametrize("weights", [None, [1, 2, 0.5]])
def test_fusion_is_that_of_the_paper(weights):
    rng = np.random.default_rng(3)
    truth, _ = crowd(10, 30, 100, 0.4)
    boxes = [truth + rng.normal(0, 0.4, truth.shape) for _ in range(3)]
    scores = [rng.uniform(0.05, 1, len(truth)) for _ in range(3)]
    found, values, classes = fuse_boxes(boxes, scores, weights=weights)
    expected, expected_values = fuse(boxes, scores, weights or [1, 1, 1], 0.55)
    assert np.allclose(found, expected) and np.allclose(values, expected_values) and not classes.any()


def test_fusion_keeps_classes_apart_and_leaves_out_the_low():
    boxes, scores = [[[0, 0, 4, 4], [0, 0, 4, 4], [9, 9, 12, 12]]], [[0.8, 0.6, 0.1]]
    found, values, classes = fuse_boxes(boxes, scores, classes=[[5, 3, 3]], least=0.2)
    assert found.tolist() == [[0, 0, 4, 4]] * 2 and values.tolist() == [0.8, 0.6] and classes.tolist() == [5, 3]


@pytest.mark.parametrize("seed", range(4))
def test_mask_nms_is_greedy_on_pixels(seed):
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:30, :40]
    masks = np.array(
        [
            (np.hypot(rows - rng.uniform(0, 30), cols - rng.uniform(0, 40)) < rng.uniform(2, 9)) & (cols % 7 > seed)
            for _ in range(40)
        ]
    )
    scores, classes = np.round(rng.random(40), 1), rng.integers(0, 2, 40)
    for groups in (None, classes):
        kept = []
        for index in sorted(range(40), key=lambda index: (-scores[index], index)):
            rivals = [k for k in kept if groups is None or groups[k] == groups[index]]
            both = [(masks[k] & masks[index]).sum() / max(1, (masks[k] | masks[index]).sum()) for k in rivals]
            if not any(value > 0.4 for value in both):
                kept.append(index)
        assert mask_nms(masks, scores, iou=0.4, classes=groups).tolist() == kept
        assert mask_nms([encode_rle(mask)[0] for mask in masks], scores, iou=0.4, classes=groups).tolist() == kept
