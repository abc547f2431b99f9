"""StarDist: every pixel says how likely an object is centred near it, and how far its border is in all directions.

U. Schmidt, M. Weigert, C. Broaddus, G. Myers, MICCAI 2018. doi:10.1007/978-3-030-00934-2_30
The trunk is a U-Net. At full size the network says which pixels are background, object, or contact of two; at half the
size it sees stars, and these part the objects that pixels alone leave together. Otherwise than in the paper the outline
of an object is thus that of its pixels, not that of its star.
"""

import keras
import numpy as np
from keras import layers, ops

from cvkit.deep.blocks import Fit, convolve, head
from cvkit.deep.losses import cross_entropy, dice
from cvkit.deep.stars import GRID, RAYS, UNIT, depths, star_distances
from cvkit.deep.target import CONTACT, part

ANSWER = "labels"
CLASSES = ("background", "object", "contact")
PIXEL = 0.2  # what an error of one pixel in a distance weighs beside the cross-entropies


def build(
    input_shape: tuple = (None, None, 3), classes: int = 3, *, width: int = 16, depth: int = 4, widest: int = 96
) -> keras.Model:
    """Build a network that takes images of any size.

    Parameters
    ----------
    input_shape : (H, W, C)
        H and W may be None.
    classes : int
        Of pixels; 3 to learn from labels.
    width : int
        Feature maps at full size, doubled at every smaller one.
    depth : int
        How often the size is halved, at least once.
    widest : int
        No level has more feature maps than this.

    Returns
    -------
    model : keras.Model
        (N, H, W, C) float32 -> (N, H, W, classes + 1 + 32) float32: the probability of each class, that of a star
        being centred here, and its distances in units of 32 pixels. 0.8 million parameters by default.
    """
    x = image = keras.Input(input_shape)
    widths = [min(width * 2**level, widest) for level in range(depth + 1)]
    kept = []
    for filters in widths[:-1]:
        x = convolve(x, filters)  # (N, H, W, F)
        kept.append(x)
        x = layers.MaxPooling2D(2, padding="same")(x)  # (N, H/2, W/2, F), rounded up
    x = half = convolve(x, widths[-1])
    for level, filters in reversed(list(enumerate(widths[:-1]))):
        x = Fit()(layers.UpSampling2D(2)(x), kept[level])  # (N, H, W, 2F)
        x = convolve(layers.Concatenate()([x, kept[level]]), filters)  # (N, H, W, F)
        half = x if level == 1 else half
    star = convolve(half, 2 * widths[1], repeats=1)  # (N, H/2, W/2, 4F)
    chance = layers.Conv2D(1, 1)(star)
    chance = layers.Activation("sigmoid", dtype="float32")(chance)
    distances = layers.Conv2D(RAYS, 1)(star)
    distances = layers.Activation("softplus", dtype="float32", name="distances")(distances)
    pixels = head(x, classes)  # (N, H, W, classes)
    stars = layers.UpSampling2D(2)(layers.Concatenate(dtype="float32")([chance, distances]))
    stars = Fit()(stars, pixels)  # (N, H, W, 1 + 32)
    return keras.Model(image, layers.Concatenate(dtype="float32")([pixels, stars]), name="stardist")


def targets(labels: np.ndarray) -> np.ndarray:
    """Turn labels into what the network is to say.

    Parameters
    ----------
    labels : (H, W) int32 array
        0 = background, -1 = void.

    Returns
    -------
    targets : (H, W, 2 + 32) float32 array
        The class, 255 = void; then, on the grid and 0 elsewhere, the probability of a star, which is how deep in its
        object the pixel lies, and its distances in pixels, -1 = unknown.
    """
    found = np.zeros((*labels.shape, 2 + RAYS), np.float32)
    classes = part(labels)
    classes[(classes == CONTACT) & (labels == 0)] = 0  # the borders of objects come from here: they are to be exact
    found[:, :, 0] = classes
    found[:, :, 1] = depths(labels)
    found[::GRID, ::GRID, 2:] = star_distances(labels)
    return found


def loss(y_true, y_pred):
    """Cross-entropy + Dice of the classes, cross-entropy of stars, error of distances where stars are probable.

    Parameters
    ----------
    y_true : (N, H, W, 2 + 32)
        As of `targets`; void pixels and unknown distances are left out.
    y_pred : (N, H, W, classes + 1 + 32)
        As the network's: the same star in each of 2 x 2 pixels.

    Returns
    -------
    loss : scalar
    """
    probabilities, stars = ops.split(y_pred, [len(CLASSES)], axis=-1)
    pixels = y_true[..., 0], probabilities
    stars = ops.average_pool(stars, GRID, GRID, padding="same")  # of equal values; cheaper than [::2]
    truth = y_true[:, ::GRID, ::GRID]
    known = ops.cast(truth[..., 0] != 255, "float32")
    depth, chance = truth[..., 1], ops.clip(stars[..., 0], 1e-7, 1 - 1e-7)
    entropy = depth * ops.log(chance) + (1 - depth) * ops.log(1 - chance)
    entropy = -ops.sum(entropy * known) / ops.maximum(ops.sum(known), 1.0)
    distance = truth[..., 2:]
    weight = ops.cast(distance >= 0, "float32") * depth[..., None]
    error = ops.sum(weight * ops.abs(stars[..., 1:] * UNIT - distance)) / ops.maximum(ops.sum(weight), 1.0)
    return cross_entropy(*pixels) + dice(*pixels) + entropy + PIXEL * error
