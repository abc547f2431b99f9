"""U2-Net: a U-Net each of whose steps is a small U-Net.

X. Qin et al., Pattern Recognition 106, 2020. doi:10.1016/j.patcog.2020.107404
By default as its small version: all steps of the same widths.
"""

import keras
from keras import layers

from cvkit.deep.blocks import Align, Grow, convolve, head, model

STEPS = (6, 5, 4, 3)  # how many sizes the small U-Nets of the upper levels have; the lowest two keep theirs


def build(
    input_shape: tuple = (None, None, 3),
    classes: int = 1,
    *,
    width: int = 16,
    widest: int = 64,
    supervision: bool = False,
) -> keras.Model:
    """Build a U2-Net that takes images of any size.

    Parameters
    ----------
    input_shape : (H, W, C)
        H and W may be None.
    classes : int
        1 = foreground probability by a sigmoid; more = a softmax over so many.
    width : int
        Feature maps within each step.
    widest : int
        Feature maps between the steps.
    supervision : bool
        Whether every level of the way back answers, too.

    Returns
    -------
    model : keras.Model
        (N, H, W, C) float32 -> (N, H, W, classes) float32; with `supervision` a list, the final answer first.
        1.1 million parameters by default.
    """
    image = keras.Input(input_shape)
    x, kept = Align(32)(image), []
    for sizes in STEPS:
        x = small_unet(x, sizes, width, widest)  # (N, H, W, W)
        kept.append(x)
        x = layers.MaxPooling2D(2)(x)  # (N, H/2, W/2, W)
    x = dilated(x, width, widest)  # (N, H/16, W/16, W)
    lowest = dilated(layers.MaxPooling2D(2)(x), width, widest)  # (N, H/32, W/32, W)
    x = dilated(layers.Concatenate()([Grow(2)(lowest), x]), width, widest)  # (N, H/16, W/16, W)
    sides = [(lowest, 32), (x, 16)]
    for level, sizes in reversed([*enumerate(STEPS)]):
        x = small_unet(layers.Concatenate()([Grow(2)(x), kept[level]]), sizes, width, widest)
        sides.append((x, 2**level))  # (N, H/2^level, W/2^level, W)
    return model(image, _answers(sides[::-1], classes, image, supervision), "u2net")


def _answers(sides: list, classes: int, image, supervision: bool) -> list:
    """Every level gives a map of each class; their mixture is the answer, and they themselves may answer, too."""
    maps = []
    for x, stride in sides:
        x = layers.Conv2D(classes, 3, padding="same")(x)
        maps.append(Grow(stride)(x) if stride > 1 else x)  # (N, H, W, classes)
    outputs = [head(layers.Concatenate()(maps), classes, like=image)]
    if supervision:
        for number, x in enumerate(maps, 1):
            outputs.append(head(x, classes, like=image, name=f"probabilities_{number}"))
    return outputs


def small_unet(x, sizes: int, width: int, out: int):
    """A U-Net of so many sizes, added to what it began with."""
    begin = x = convolve(x, out, 1)
    kept = []
    for size in range(sizes):
        x = convolve(layers.MaxPooling2D(2)(x) if size else x, width, 1)
        kept.append(x)
    x = convolve(x, width, 1, dilation=2)
    for size in reversed(range(sizes)):
        x = convolve(layers.Concatenate()([x, kept[size]]), width if size else out, 1)
        if size:
            x = Grow(2)(x)
    return layers.Add()([x, begin])


def dilated(x, width: int, out: int):
    """The same where the map is small: gaps in the kernels stand for halving."""
    begin = x = convolve(x, out, 1)
    kept = []
    for gap in (1, 2, 4):
        x = convolve(x, width, 1, dilation=gap)
        kept.append(x)
    x = convolve(x, width, 1, dilation=8)
    for gap, filters in ((4, width), (2, width), (1, out)):
        x = convolve(layers.Concatenate()([x, kept.pop()]), filters, 1, dilation=gap)
    return layers.Add()([x, begin])
