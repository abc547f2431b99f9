"""SegFormer: a pyramid of transformers that attend to a shrunken map, and a decoder of single-pixel layers.

E. Xie et al., NeurIPS 2021. arXiv:2105.15203
"""

import keras
from keras import layers, ops

from cvkit.deep.blocks import Align, Grow, convolve, head

REDUCTIONS = (8, 4, 2, 1)  # how far each stage shrinks what is attended to: all attend to a map of stride 32
STRIDES = (4, 8, 16, 32)


def build(
    input_shape: tuple = (None, None, 3),
    classes: int = 1,
    *,
    width: int = 32,
    depth: int = 2,
    decoder_width: int = 256,
) -> keras.Model:
    """Build a SegFormer, the size of B0 by default, that takes images of any size.

    Parameters
    ----------
    input_shape : (H, W, C)
        H and W may be None.
    classes : int
        1 = foreground probability by a sigmoid; more = a softmax over so many.
    width : int
        Features of one attention head, of which the stages have 1, 2, 5 and 8.
    depth : int
        Transformer blocks of each stage.
    decoder_width : int
        Feature maps of the decoder.

    Returns
    -------
    model : keras.Model
        (N, H, W, C) float32 -> (N, H, W, classes) float32. 3.7 million parameters by default.
    """
    image = keras.Input(input_shape)
    x, votes = Align(32)(image), []
    for heads, reduction, stride in zip((1, 2, 5, 8), REDUCTIONS, STRIDES, strict=True):
        first = stride == 4
        x = layers.Conv2D(heads * width, 7 if first else 3, 4 if first else 2, padding="same")(x)
        x = _normalize(x)  # (N, H/stride, W/stride, C)
        for _ in range(depth):
            x = layers.Add()([x, Attention(heads, reduction)(_normalize(x))])
            x = layers.Add()([x, mix(_normalize(x))])
        x = _normalize(x)
        vote = layers.Conv2D(decoder_width, 1)(x)
        votes.append(Grow(stride // 4)(vote) if stride > 4 else vote)  # (N, H/4, W/4, D)
    x = convolve(layers.Concatenate()(votes[::-1]), decoder_width, 1, size=1)
    return keras.Model(image, head(x, classes, 4, image), name="segformer")


def mix(x):
    """Two layers on each pixel, four times as wide between; a 3x3 convolution there tells where the pixel is."""
    filters = x.shape[-1]
    x = layers.DepthwiseConv2D(3, padding="same")(layers.Conv2D(4 * filters, 1)(x))
    x = layers.Activation(gelu)(x)
    return layers.Conv2D(filters, 1)(x)


def gelu(x):
    """GELU by the hyperbolic tangent, since ONNX lacks what Keras' exact one is made of."""
    return keras.activations.gelu(x, approximate=True)


def _normalize(x):
    return layers.LayerNormalization(epsilon=1e-6)(x)


class Attention(layers.Layer):
    """Every pixel asks every cell of the map shrunken by `reduction`.

    softmax(Q K' / sqrt(d)) V, in `heads` parts of d features
    """

    def __init__(self, heads: int, reduction: int, **names) -> None:
        super().__init__(**names)
        self.heads, self.reduction = heads, reduction

    def build(self, features_shape) -> None:
        """Make the layers for so many features."""
        filters = features_shape[-1]
        self.query, self.answer = layers.Dense(filters, name="query"), layers.Dense(filters, name="answer")
        self.key, self.value = layers.Dense(filters, name="key"), layers.Dense(filters, name="value")
        for layer in (self.query, self.key, self.value, self.answer):
            layer.build(features_shape)
        if self.reduction > 1:
            self.shrink = layers.Conv2D(filters, self.reduction, self.reduction, name="shrink")
            self.norm = layers.LayerNormalization(epsilon=1e-6, name="norm")
            self.shrink.build(features_shape)
            self.norm.build(features_shape)

    def call(self, features):
        """Take (N, H, W, C), give the same shape."""
        seen = self.norm(self.shrink(features)) if self.reduction > 1 else features
        query = self._split(self.query(features))  # (N, heads, H W, d)
        key, value = self._split(self.key(seen)), self._split(self.value(seen))
        scores = ops.matmul(query, ops.swapaxes(key, 2, 3)) * (query.shape[-1] ** -0.5)
        # The exponential of the logarithm: a softmax over one cell is meant where the image is small, and no warning.
        found = ops.transpose(ops.matmul(ops.exp(ops.log_softmax(scores)), value), (0, 2, 1, 3))  # (N, H W, heads, d)
        return self.answer(ops.reshape(found, ops.shape(features)))

    def _split(self, x):
        shape = (ops.shape(x)[0], -1, self.heads, x.shape[-1] // self.heads)
        return ops.transpose(ops.reshape(x, shape), (0, 2, 1, 3))

    def compute_output_shape(self, features_shape) -> tuple:
        """As it came."""
        return features_shape
