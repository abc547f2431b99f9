"""Penalties on the slope of a discriminator, which keep the game from running away.

A penalty is a function of ``slope``, the real and the generated images, a seed generator, and parameters;
``slope(images)`` gives the gradients of the discriminator's logits by the images, (N, H, W, C) float32.
"""

import contextlib

import keras
from keras import ops

from cvkit.arrays import number, whole
from cvkit.deep.named import choose
from cvkit.notation import split


def r1(slope, real, fake, seeds, *, gamma: float = 0.1):
    """Flat on real images: gamma / 2 times the squared slope.

    L. Mescheder, A. Geiger, S. Nowozin, ICML 2018. arXiv:1801.04406
    """
    return gamma / 2 * ops.mean(_squares(slope(real)))


def r2(slope, real, fake, seeds, *, gamma: float = 0.1):
    """Flat on generated images. arXiv:1801.04406"""
    return gamma / 2 * ops.mean(_squares(slope(fake)))


def gp(slope, real, fake, seeds, *, weight: float = 10.0):
    """Slope one on images between real and generated ones, uniformly between.

    I. Gulrajani et al., NeurIPS 2017. arXiv:1704.00028
    """
    between = keras.random.uniform((ops.shape(real)[0], 1, 1, 1), seed=seeds)
    norms = ops.sqrt(_squares(slope(real + between * (fake - real))) + 1e-12)
    return weight * ops.mean((norms - 1) ** 2)


def _squares(slopes):
    return ops.sum(slopes**2, axis=(1, 2, 3))


PENALTIES = {function.__name__: function for function in (r1, r2, gp)}


def find(text: str) -> list[tuple]:
    """Read penalties, such as ``"r1(gamma=0.1, every=4) | r2(gamma=0.1, every=4)"``.

    Parameters
    ----------
    text : str
        Names of `PENALTIES` with arguments, bars between; empty for none. ``every=4`` takes a penalty at every
        fourth step only, four times as heavy.

    Returns
    -------
    penalties : list of (function, every)
        Each function takes (slope, real, fake, seeds).

    Raises
    ------
    CvkitError
        If there is none of this name, or it takes no such argument.

    Examples
    --------
    >>> [every for _, every in find("r1(gamma=0.1, every=4) | r2")]
    [4, 1]
    """
    found = []
    for part in split(text) if text else []:
        function, arguments = choose(part, PENALTIES, "penalty", more=("every",))
        every = whole(arguments.pop("every", 1), "every")
        for key, value in arguments.items():
            number(value, key, 0)
        found.append((_bind(function, arguments), every))
    return found


@contextlib.contextmanager
def in_float32(model: keras.Model):
    """Let the layers of a model compute in float32."""
    kept = [(layer, layer.dtype_policy) for layer in model.layers]
    try:
        for layer, _ in kept:
            layer.dtype_policy = "float32"
        yield
    finally:
        for layer, policy in kept:
            layer.dtype_policy = policy


def _bind(function, arguments: dict):
    return lambda *given: function(*given, **arguments)


class SpectralConv2D(keras.layers.Conv2D):
    """A convolution whose kernel is divided by its largest singular value, known from one power iteration a step.

    T. Miyato et al., ICLR 2018. arXiv:1802.05957. Unlike Keras' wrapper it leaves the kernel itself alone, so that
    gradients pass through the division as in the paper.
    """

    def build(self, input_shape) -> None:
        """Make the kernel and the vector that the iteration keeps."""
        super().build(input_shape)
        self.direction = self.add_weight(
            name="direction", shape=(1, self.filters), initializer="random_normal", dtype="float32", trainable=False
        )

    def call(self, inputs, training=False):
        """Convolve (N, H, W, C) by the divided kernel."""
        matrix = ops.reshape(ops.cast(self._kernel, "float32"), (-1, self.filters))
        right = ops.stop_gradient(self.direction)
        left = _unit(ops.matmul(right, ops.transpose(ops.stop_gradient(matrix))))
        if training:
            right = _unit(ops.matmul(left, ops.stop_gradient(matrix)))
            self.direction.assign(right)
            left = _unit(ops.matmul(right, ops.transpose(ops.stop_gradient(matrix))))
        largest = ops.sum(ops.matmul(left, matrix) * _unit(right))
        kernel = ops.cast(self._kernel, self.compute_dtype) / ops.cast(largest, self.compute_dtype)
        outputs = ops.conv(inputs, kernel, self.strides, self.padding, dilation_rate=self.dilation_rate)
        return outputs + ops.cast(self.bias, self.compute_dtype) if self.use_bias else outputs


def _unit(vector):
    return vector / (ops.norm(vector) + 1e-12)
