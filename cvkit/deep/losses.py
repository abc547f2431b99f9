"""Losses on class maps. Void pixels are left out everywhere; sums are written as text, "dice + 0.5*focal(gamma=3)".

Every loss takes `y_true`, (N, H, W) integers, the class of each pixel, 255 = void; `y_pred`, (N, H, W, C) floats, the
probabilities, where C = 1 is the probability of class 1 against class 0; and `weights`, C numbers, how much each class
counts, all alike if None. It gives a scalar. What is a share of pixels is taken over the whole batch.
"""

import ast
import difflib
from collections.abc import Callable, Sequence

from keras import ops

from cvkit.arrays import VOID
from cvkit.errors import CvkitError

__all__ = ["boundary", "cldice", "cross_entropy", "dice", "find_loss", "focal", "focal_tversky", "lovasz", "tversky"]

TINY = 1e-7


def cross_entropy(y_true, y_pred, weights=None):
    """Minus the logarithm of the probability of the true class, averaged over pixels."""
    return focal(y_true, y_pred, weights, gamma=0)


def focal(y_true, y_pred, weights=None, *, gamma: float = 2.0):
    """Cross-entropy in which pixels count the less, the better they are known: times ``(1 - p) ** gamma``.

    T.-Y. Lin et al., ICCV 2017. doi:10.1109/ICCV.2017.324
    """
    truth, y_pred, _ = _sides(y_true, y_pred)
    most = 1.0 if gamma == 0 or gamma >= 1 else 1 - TINY  # a root has no slope at 0
    known = ops.clip(ops.sum(truth * y_pred, axis=-1), TINY, most)
    counts = ops.sum(truth * _weights(weights, truth), axis=-1)
    each = -ops.log(known) if gamma == 0 else -ops.log(known) * ops.power(1 - known, gamma)
    return ops.sum(each * counts) / ops.maximum(ops.sum(counts), TINY)


def dice(y_true, y_pred, weights=None, *, smooth: float = 1.0):
    """One minus soft Dice, ``2 TP / (2 TP + FP + FN)``, averaged over classes.

    F. Milletari, N. Navab, S.-A. Ahmadi, 3DV 2016. doi:10.1109/3DV.2016.79. `smooth` pixels are added to both sides of
    the fraction, so that a class that is neither there nor predicted costs nothing.
    """
    return _mean(1 - _overlap(y_true, y_pred, 0.5, 0.5, smooth / 2), weights)


def tversky(y_true, y_pred, weights=None, *, alpha: float = 0.3, beta: float = 0.7, smooth: float = 1.0):
    """Soft Dice that weighs false alarms and misses apart: ``TP / (TP + alpha FP + beta FN)``.

    S. S. M. Salehi, D. Erdogmus, A. Gholipour, MLMI 2017. doi:10.1007/978-3-319-67389-9_44
    """
    return _mean(1 - _overlap(y_true, y_pred, alpha, beta, smooth), weights)


def focal_tversky(
    y_true, y_pred, weights=None, *, alpha: float = 0.3, beta: float = 0.7, gamma: float = 4 / 3, smooth: float = 1.0
):
    """Tversky's loss of each class to the power ``1 / gamma``: classes that are hard to find pull more.

    N. Abraham, N. M. Khan, ISBI 2019. doi:10.1109/ISBI.2019.8759329
    """
    missing = ops.maximum(1 - _overlap(y_true, y_pred, alpha, beta, smooth), 1e-6)  # the root has no slope at 0
    return _mean(ops.power(missing, 1 / gamma), weights)


def lovasz(y_true, y_pred, weights=None):
    """The convex extension of one minus IoU (Lovász-softmax), averaged over the classes that are there.

    M. Berman, A. R. Triki, M. B. Blaschko, CVPR 2018. doi:10.1109/CVPR.2018.00464
    """
    truth, y_pred, valid = _sides(y_true, y_pred)
    classes = truth.shape[-1]
    truth, valid = ops.reshape(truth, (-1, classes)), ops.reshape(valid, (-1, 1))
    errors = ops.where(valid > 0, ops.abs(truth - ops.reshape(y_pred, (-1, classes))), -1.0)  # void comes last
    order = ops.argsort(-errors, axis=0)
    errors = ops.maximum(ops.take_along_axis(errors, order, axis=0), 0.0)
    truth = ops.take_along_axis(truth, order, axis=0)
    count = ops.sum(truth, axis=0)
    # One minus the IoU if the pixels up to each were wrong; a pixel's weight is what it adds to that.
    jaccard = 1 - (count - ops.cumsum(truth, axis=0)) / ops.maximum(count + ops.cumsum(1 - truth, axis=0), 1.0)
    rise = ops.concatenate([jaccard[:1], jaccard[1:] - jaccard[:-1]], axis=0)
    present = ops.cast(count > 0, "float32") * _weights(weights, truth)
    return ops.sum(ops.sum(errors * rise, axis=0) * present) / ops.maximum(ops.sum(present), TINY)


def boundary(y_true, y_pred, weights=None, *, reach: int = 12):
    """How far predicted foreground lies beyond the true outline, less how far within: -1..1, to be added to another.

    H. Kervadec et al., Medical Image Analysis 67, 2021. doi:10.1016/j.media.2020.101851. Each class but the first has
    its signed distance to the outline in pixels, here cut at `reach` and divided by it; its mean over pixels, weighted
    by the probability, is the loss.
    """
    truth, y_pred, valid = _sides(y_true, y_pred)
    truth, y_pred = truth[..., 1:], y_pred[..., 1:]
    outside = _distance(truth > 0, reach)
    inside = _distance((valid > 0) & (truth == 0), reach)
    signed = ops.where(truth > 0, 1 - inside, outside) / reach
    each = ops.sum(signed * y_pred * valid, axis=(0, 1, 2)) / ops.maximum(ops.sum(valid), 1.0)
    return _mean(each, None if weights is None else weights[1:])


def cldice(y_true, y_pred, weights=None, *, iterations: int = 5, smooth: float = 1.0):
    """One minus the Dice of centre lines: vessels and roads that stay connected.

    S. Shit et al., CVPR 2021. doi:10.1109/CVPR46437.2021.01629. Of each class but the first: the share of the
    predicted skeleton that lies in the truth, and of the true skeleton that is predicted. Skeletons of what is up to
    ``2 * iterations`` pixels wide.
    """
    truth, y_pred, valid = _sides(y_true, y_pred)
    truth, y_pred = truth[..., 1:], y_pred[..., 1:] * valid

    def share(part, of):
        line = soft_skeleton(part, iterations) * valid
        return (ops.sum(line * of, axis=(0, 1, 2)) + smooth) / (ops.sum(line, axis=(0, 1, 2)) + smooth)

    precision, recall = share(y_pred, truth), share(truth, y_pred)
    each = 1 - 2 * precision * recall / (precision + recall)
    return _mean(each, None if weights is None else weights[1:])


def soft_skeleton(maps, iterations: int):
    """The skeleton of maps (N, H, W, C) of 0..1: what openings lose, while the maps are worn away."""

    def erode(x):
        rows, cols = (ops.max_pool(-x, size, strides=1, padding="same") for size in ((3, 1), (1, 3)))
        return -ops.maximum(rows, cols)

    def ridge(x, worn):
        return ops.relu(x - ops.max_pool(worn, 3, strides=1, padding="same"))

    worn = erode(maps)
    skeleton = ridge(maps, worn)
    for _ in range(iterations):
        maps, worn = worn, erode(worn)
        skeleton = skeleton + (1 - skeleton) * ridge(maps, worn)
    return skeleton


def find_loss(text: str, weights: Sequence[float] | None = None) -> Callable:
    """Give the loss that a text names.

    Parameters
    ----------
    text : str
        Losses, with arguments if wanted, and factors: ``"cross_entropy + 0.5*tversky(beta=0.8)"``.
    weights : sequence of float, optional
        How much each class counts.

    Returns
    -------
    loss : function
        ``loss(y_true, y_pred)``.

    Raises
    ------
    ValueError
        If a loss or an argument is not known, or the text is no such sum.

    Examples
    --------
    >>> import numpy as np
    >>> truth, p = np.zeros((1, 1, 2), np.uint8), np.full((1, 1, 2, 2), 0.5, np.float32)
    >>> round(float(find_loss("2*cross_entropy + dice(smooth=0)")(truth, p)), 4)
    2.053
    """
    try:
        terms = list(_terms(ast.parse(text.strip(), mode="eval").body))
    except SyntaxError:
        raise CvkitError(
            "loss-text", came=f"the loss {text!r} is no sum of losses", remedy="write for example 'dice + 0.5*focal'"
        ) from None

    def loss(y_true, y_pred):
        return sum(factor * term(y_true, y_pred, weights, **arguments) for factor, term, arguments in terms)

    return loss


def _terms(node: ast.expr):
    """Give the factor, the loss and the arguments of each term of a sum."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _terms(node.left)
        yield from _terms(node.right)
        return
    factor = 1.0
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and isinstance(node.left, ast.Constant):
        factor, node = node.left.value, node.right
    call = node if isinstance(node, ast.Call) else ast.Call(node, [], [])
    arguments = {word.arg: getattr(word.value, "value", None) for word in call.keywords}
    numbers = all(type(value) in (int, float) for value in [factor, *arguments.values()])
    if not isinstance(call.func, ast.Name) or call.args or not numbers:
        raise CvkitError(
            "loss-text",
            came=f"in the loss {ast.unparse(node)!r}",
            remedy="write 'NAME', '0.5*NAME' or 'NAME(argument=number)'",
        )
    yield factor, _named(call.func.id, arguments), arguments


def _named(name: str, arguments: dict) -> Callable:
    """Find a loss that takes these arguments."""
    known = [other for other in __all__ if other != "find_loss"]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}" if near else f"known: {', '.join(known)}."
        raise CvkitError("loss-unknown", came=f"no loss is called {name!r}", remedy=hint)
    loss = globals()[name]
    takes = loss.__kwdefaults__ or {}
    if unknown := set(arguments) - set(takes):
        raise CvkitError(
            "loss-argument",
            f"the loss {name} takes {', '.join(takes) or 'none'}",
            came=f"{', '.join(map(str, unknown))}",
            remedy="use these names alone",
        )
    return loss


def one_hot(y_true, classes: int):
    """Class maps (N, H, W) to float32 (N, H, W, C) and validity (N, H, W, 1); void pixels are 0 in both."""
    y_true = ops.cast(y_true, "int32")
    valid = ops.cast(y_true != VOID, "float32")[..., None]
    return ops.one_hot(ops.where(y_true == VOID, 0, y_true), classes, dtype="float32") * valid, valid


def both_sides(y_pred):
    """Give the sigmoid of one class its background: (N, H, W, 1) to (N, H, W, 2); others pass."""
    return ops.concatenate([1 - y_pred, y_pred], axis=-1) if y_pred.shape[-1] == 1 else y_pred


def _sides(y_true, y_pred) -> tuple:
    """Truth, prediction and validity, the first two of equal shape."""
    y_pred = both_sides(ops.convert_to_tensor(y_pred, "float32"))
    truth, valid = one_hot(y_true, y_pred.shape[-1])
    return truth, y_pred, valid


def _overlap(y_true, y_pred, alpha: float, beta: float, smooth: float):
    """Tversky's index of each class, (C,), over the batch."""
    truth, y_pred, valid = _sides(y_true, y_pred)
    y_pred = y_pred * valid
    hit, said, there = (ops.sum(x, axis=(0, 1, 2)) for x in (truth * y_pred, y_pred, truth))
    return (hit + smooth) / ops.maximum(hit + alpha * (said - hit) + beta * (there - hit) + smooth, TINY)


def _mean(each, weights):
    """The mean over classes."""
    weights = _weights(weights, each)
    return ops.sum(each * weights) / ops.maximum(ops.sum(weights), TINY)


def _weights(weights, like):
    return ops.ones(like.shape[-1]) if weights is None else ops.convert_to_tensor(weights, "float32")


def _distance(mask, reach: int):
    """The distance of each pixel to the nearest of the mask (N, H, W, C), at most `reach`: parabolas along two axes."""
    squares = ops.where(mask, 0.0, float(reach**2))
    for axis in (1, 2):
        size, wide = ops.shape(squares)[axis], [[0, 0] if n != axis else [reach, reach] for n in range(4)]
        padded = ops.pad(squares, wide, constant_values=float(reach**2))
        for step in range(-reach + 1, reach):
            start = [0 if n != axis else reach + step for n in range(4)]
            shape = [ops.shape(squares)[n] if n != axis else size for n in range(4)]
            squares = ops.minimum(squares, ops.slice(padded, start, shape) + float(step**2))
    return ops.sqrt(squares)
