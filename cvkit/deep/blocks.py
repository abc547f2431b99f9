"""Pieces that several networks share. All keep to the grid: a map of stride s has its pixel (0, 0) at the image's."""

import keras
from keras import layers, ops

MOMENTUM = 0.9  # Keras' .99 leaves the statistics of a short training far behind the weights


class BatchNorm(layers.BatchNormalization):
    """Batch normalisation of maps (N, H, W, C) that trains by TensorFlow's fused operation, as Keras 3 does not.

    A training step of a U-Net takes .7 to .85 of the time by it. The variance that it keeps is the unbiased one.
    Encoders of keras.applications have Keras' own.

    Parameters
    ----------
    momentum : float
        How much of the kept mean and variance remains after a batch.
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether an offset, and a factor, of each feature are learnt.
    **names
        ``name`` and ``dtype`` of the layer.
    """

    def __init__(
        self, momentum: float = MOMENTUM, epsilon: float = 1e-3, center: bool = True, scale: bool = True, **names
    ) -> None:
        super().__init__(momentum=momentum, epsilon=epsilon, center=center, scale=scale, **names)

    def get_config(self) -> dict:
        """What it is made anew from."""
        names = ("name", "trainable", "dtype", "momentum", "epsilon", "center", "scale")
        return {name: value for name, value in super().get_config().items() if name in names}

    def call(self, maps, training=None, mask=None):
        """Normalise by the batch in training, and by what is kept of all batches otherwise."""
        if not (training and self.trainable):
            return super().call(maps, training=training, mask=mask)
        import tensorflow as tf

        scale = ops.cast(self.gamma, "float32") if self.scale else ops.ones(maps.shape[-1])
        offset = ops.cast(self.beta, "float32") if self.center else ops.zeros(maps.shape[-1])
        maps, mean, variance = tf.compat.v1.nn.fused_batch_norm(maps, scale, offset, epsilon=self.epsilon)
        for kept, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
            kept.assign(self.momentum * kept + (1 - self.momentum) * new)
        return maps


def normalize(x):
    """Batch normalisation."""
    return BatchNorm()(x)


def convolve(x, filters: int, repeats: int = 2, *, size: int = 3, strides: int = 1, dilation: int = 1):
    """Convolution, batch normalisation and ReLU, `repeats` times, the first with `strides`."""
    for step in [strides, *[1] * (repeats - 1)]:
        x = layers.Conv2D(
            filters,
            size,
            step,
            padding="same",
            dilation_rate=dilation,
            use_bias=False,
            kernel_initializer="he_normal",
        )(x)
        x = layers.ReLU()(normalize(x))
    return x


def separate(x, filters: int, *, strides: int = 1, dilation: int = 1):
    """As `convolve` once, in two steps: 3x3 within each feature, then 1x1 across them."""
    x = layers.DepthwiseConv2D(
        3,
        strides,
        padding="same",
        dilation_rate=dilation,
        use_bias=False,
        depthwise_initializer="he_normal",
    )(x)
    return convolve(layers.ReLU()(normalize(x)), filters, 1, size=1)


def shortcut(x, filters: int, strides: int = 1):
    """What went into a residual block, brought to the shape of what comes out.

    Means are taken before the 1x1 convolution, not pixels left out by its strides: those lose what the others know,
    and TensorFlow 2.21 corrupts the memory in the gradient of such a convolution.
    """
    if strides > 1:
        x = layers.AveragePooling2D(strides)(x)
    return x if x.shape[-1] == filters else normalize(layers.Conv2D(filters, 1, use_bias=False)(x))


class Fit(layers.Layer):
    """Cut a feature map at its lower and right edge to the size of another: lets a network take odd sizes."""

    def call(self, features, like):
        """Take maps (N, H, W, C) and `like` (N, h, w, D), h <= H and w <= W; give (N, h, w, C)."""
        if None not in features.shape[1:3] and features.shape[1:3] == like.shape[1:3]:
            return features  # a slice of all, and its slope, would cost a copy each
        shape = ops.shape(like)
        return features[:, : shape[1], : shape[2], :]


class Align(layers.Layer):
    """Repeat the last row and column until the size is a multiple of a stride: no later halving then rounds."""

    def __init__(self, stride: int, **names) -> None:
        super().__init__(**names)
        self.stride = stride

    def call(self, image):
        """Take (N, H, W, C), give (N, H rounded up, W rounded up, C)."""
        for axis in (1, 2):
            size = ops.shape(image)[axis]
            whole = (size + self.stride - 1) // self.stride * self.stride
            image = ops.take(image, ops.minimum(ops.arange(whole), size - 1), axis=axis)
        return image

    def compute_output_shape(self, image_shape) -> tuple:
        """Round height and width up where they are known."""
        sizes = (None if n is None else -(-n // self.stride) * self.stride for n in image_shape[1:3])
        return (image_shape[0], *sizes, image_shape[3])


class Grow(layers.Layer):
    """Enlarge a map by a whole factor, bilinearly, the edge repeated."""

    def __init__(self, factor: int, **names) -> None:
        super().__init__(**names)
        self.factor = factor

    def call(self, features):
        """Take (N, H, W, C), give (N, factor H, factor W, C)."""
        shape = ops.shape(features)
        return _resize(features, shape[1] * self.factor, shape[2] * self.factor)

    def compute_output_shape(self, features_shape) -> tuple:
        """Multiply height and width where they are known."""
        sizes = (None if n is None else n * self.factor for n in features_shape[1:3])
        return (features_shape[0], *sizes, features_shape[3])


def _resize(x, height, width):
    """Bilinear; Keras' own function refuses a size that is known only when the network runs."""
    import tensorflow as tf

    return tf.cast(tf.image.resize(x, (height, width)), x.dtype)


class Pool(layers.Layer):
    """Mean of a map over each of `bins` x `bins` equal parts; pixels that lie in two are shared out by area."""

    def __init__(self, bins: int, **names) -> None:
        super().__init__(**names)
        self.bins = bins

    def call(self, features):
        """Take (N, H, W, C), give (N, bins, bins, C)."""
        if self.bins == 1:
            return ops.mean(features, axis=(1, 2), keepdims=True)
        shape = ops.shape(features)
        rows, cols = self._shares(shape[1], features.dtype), self._shares(shape[2], features.dtype)
        return ops.einsum("bw,nawc->nabc", cols, ops.einsum("ah,nhwc->nawc", rows, features))

    def _shares(self, size, dtype):
        """Of each part, how much of it each pixel is: (bins, size)."""
        length = ops.cast(size, "float32") / self.bins
        start = ops.arange(self.bins, dtype="float32")[:, None] * length
        pixel = ops.cast(ops.arange(size), "float32")[None]
        overlap = ops.minimum(start + length, pixel + 1) - ops.maximum(start, pixel)
        return ops.cast(ops.maximum(overlap, 0) / length, dtype)

    def compute_output_shape(self, features_shape) -> tuple:
        """Height and width are `bins`."""
        return (features_shape[0], self.bins, self.bins, features_shape[3])


class Spread(layers.Layer):
    """Enlarge the few cells of a `Pool` to the size of another map, bilinearly."""

    def call(self, cells, like):
        """Take (N, bins, bins, C) and `like` (N, H, W, D), give (N, H, W, C)."""
        shape = ops.shape(like)
        return _resize(cells, shape[1], shape[2])

    def compute_output_shape(self, cells_shape, like_shape) -> tuple:
        """Height and width of `like`."""
        return (*like_shape[:3], cells_shape[3])


def join(maps: dict, stride: int, filters: int):
    """Bring maps of several strides to one, those of larger stride enlarged, side by side and convolved.

    It stands for the dilated last stages of the papers, which pretrained encoders do not have.
    """
    parts = []
    for other in sorted(maps):
        if other >= stride:
            part = convolve(maps[other], filters, 1, size=1)  # (N, H/other, W/other, F)
            parts.append(part if other == stride else Grow(other // stride)(part))
    return convolve(layers.Concatenate()(parts), filters, 1)  # (N, H/stride, W/stride, F)


def pyramid_pooling(x, bins: tuple = (1, 2, 3, 6)):
    """A map beside its means over 1, 4, 9 and 36 parts of the image: each pixel is told where it is.

    H. Zhao et al., CVPR 2017. arXiv:1612.01105
    """
    filters = x.shape[-1] // len(bins)
    means = [Spread()(convolve(Pool(count)(x), filters, 1, size=1), x) for count in bins]
    return layers.Concatenate()([x, *means])  # (N, H, W, 2C)


def head(x, classes: int, scale: int = 1, like=None, name: str = "probabilities"):
    """Probabilities of each class, in float32 whatever the precision of the network.

    One class means foreground or not, by a sigmoid; more are told apart by a softmax. A map of stride `scale` is
    enlarged before, and cut to the size of `like`.
    """
    x = layers.Conv2D(classes, 1)(x)
    if scale > 1:
        x = Grow(scale)(x)
    if like is not None:
        x = Fit()(x, like)
    return layers.Activation("softmax" if classes > 1 else "sigmoid", dtype="float32", name=name)(x)


def model(image, outputs: list, name: str) -> keras.Model:
    """A network of one output, or of a list: the answer, then the auxiliary ones of deep supervision."""
    return keras.Model(image, outputs if len(outputs) > 1 else outputs[0], name=name)
