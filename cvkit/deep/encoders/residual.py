"""A small residual encoder, trained from scratch: ResNet's basic blocks, a fourth as wide.

K. He, X. Zhang, S. Ren, J. Sun, CVPR 2016. doi:10.1109/CVPR.2016.90
"""

from keras import layers

from cvkit.deep.blocks import convolve, normalize, shortcut

STRIDES = (2, 4, 8, 16, 32)


def pyramid(image, width: int = 16, repeats: int = 2) -> dict:
    """Give the maps at strides 2 to 32, of `width` features at stride 2, twice as many at each further one."""
    maps = {2: convolve(image, width, strides=2)}  # (N, H/2, W/2, F)
    for level, stride in enumerate(STRIDES[1:], 1):
        x = maps[stride // 2]
        for step in [2, *[1] * (repeats - 1)]:
            x = basic(x, width * 2**level, step)
        maps[stride] = x  # (N, H/stride, W/stride, F stride/2)
    return maps


def basic(x, filters: int, strides: int = 1):
    """Two convolutions whose answer is added to what went in."""
    way = convolve(x, filters, 1, strides=strides)
    way = normalize(layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(way))
    return layers.ReLU()(layers.Add()([way, shortcut(x, filters, strides)]))
