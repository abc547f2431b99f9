"""U-Net++: between the way down and the way back of a U-Net lie more convolutions, each seeing all before it.

    X[i, 0] = conv(pool(X[i-1, 0]))    X[i, j] = conv(X[i, 0], ..., X[i, j-1], up(X[i+1, j-1]))

Z. Zhou et al., IEEE Transactions on Medical Imaging 39(6), 2020. doi:10.1109/TMI.2019.2959609
"""

import keras
from keras import layers

from cvkit.deep.blocks import Align, convolve, head, model


def build(
    input_shape: tuple = (None, None, 3),
    classes: int = 1,
    *,
    width: int = 16,
    depth: int = 4,
    widest: int = 256,
    supervision: bool = False,
) -> keras.Model:
    """Build a U-Net++ that takes images of any size.

    Parameters
    ----------
    input_shape : (H, W, C)
        H and W may be None.
    classes : int
        1 = foreground probability by a sigmoid; more = a softmax over so many.
    width : int
        Feature maps at full size, doubled at every smaller one.
    depth : int
        How often the size is halved.
    widest : int
        No level has more feature maps than this.
    supervision : bool
        Whether the shallower U-Nets within answer, too.

    Returns
    -------
    model : keras.Model
        (N, H, W, C) float32 -> (N, H, W, classes) float32; with `supervision` a list, the final answer first.
        2.3 million parameters by default.
    """
    image = keras.Input(input_shape)
    widths = [min(width * 2**level, widest) for level in range(depth + 1)]
    nodes = [[convolve(Align(2**depth)(image), width)]]  # (N, H, W, F)
    for filters in widths[1:]:
        nodes.append([convolve(layers.MaxPooling2D(2)(nodes[-1][0]), filters)])  # (N, H/2, W/2, 2F)
    for column in range(1, depth + 1):
        for row in range(depth + 1 - column):
            below = layers.UpSampling2D(2)(nodes[row + 1][column - 1])
            x = layers.Concatenate()([*nodes[row], below])
            nodes[row].append(convolve(x, widths[row]))  # (N, H/2^row, W/2^row, F 2^row)
    outputs = [head(nodes[0][depth], classes, like=image)]
    if supervision:
        shallower = enumerate(nodes[0][depth - 1 : 0 : -1], 1)
        outputs += [head(x, classes, like=image, name=f"probabilities_{number}") for number, x in shallower]
    return model(image, outputs, "unet_plus_plus")
