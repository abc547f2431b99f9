"""Losses on class maps, void pixels left out."""

from keras import ops

from cvkit.arrays import VOID


def one_hot(y_true, classes: int):
    """Class maps (N, H, W) to float32 (N, H, W, C) and validity (N, H, W, 1); void pixels are 0 in both."""
    y_true = ops.cast(y_true, "int32")
    valid = ops.cast(y_true != VOID, "float32")[..., None]
    return ops.one_hot(ops.where(y_true == VOID, 0, y_true), classes, dtype="float32") * valid, valid


def both_sides(y_pred):
    """Give the sigmoid of one class its background: (N, H, W, 1) to (N, H, W, 2); others pass."""
    return ops.concatenate([1 - y_pred, y_pred], axis=-1) if y_pred.shape[-1] == 1 else y_pred


def cross_entropy_dice(y_true, y_pred, smooth: float = 1.0):
    """Cross-entropy plus soft Dice, 1 : 1.

    F. Isensee et al., Nature Methods 18, 2021. doi:10.1038/s41592-020-01008-z

    Parameters
    ----------
    y_true : (N, H, W) integers
        Class of each pixel, 255 = void.
    y_pred : (N, H, W, C) floats
        Probabilities; C = 1 is the probability of class 1 against class 0.
    smooth : float
        Pixels added to both sides of the Dice fraction, so that absent classes pull nowhere.

    Returns
    -------
    loss : scalar
        Cross-entropy averaged over valid pixels, plus 1 - Dice averaged over classes, each over the whole batch.
    """
    y_pred = both_sides(y_pred)
    truth, valid = one_hot(y_true, y_pred.shape[-1])
    entropy = -ops.sum(truth * ops.log(ops.clip(y_pred, 1e-7, 1.0))) / ops.maximum(ops.sum(valid), 1.0)
    y_pred = y_pred * valid
    both = ops.sum(truth * y_pred, axis=(0, 1, 2))
    either = ops.sum(truth + y_pred, axis=(0, 1, 2))
    return entropy + 1 - ops.mean((2 * both + smooth) / (either + smooth))
