"""Every network: shapes, any size, learning, export, how far it looks; and the encoders."""

import numpy as np
import pytest
import safetensors.numpy
from scenes import blobs

import cvkit
from cvkit import registry

SMALL = {  # arguments that make each network quick to test
    "attention_unet": {"width": 4, "depth": 2},
    "deeplab_v3_plus": {"width": 4, "pyramid_width": 8},
    "fast_scnn": {"width": 8, "depth": 1, "expansion": 2},
    "fpn": {"width": 4, "pyramid_width": 8},
    "linknet": {"width": 4},
    "pspnet": {"width": 4, "pyramid_width": 8},
    "resunet": {"width": 4, "depth": 2},
    "segformer": {"width": 4, "depth": 1, "decoder_width": 16},
    "u2net": {"width": 4, "widest": 8},
    "unet": {"width": 4, "depth": 2},
    "unet_plus_plus": {"width": 4, "depth": 2},
}
MILLIONS = {  # of parameters, as the docstrings say
    "attention_unet": 2.0,
    "deeplab_v3_plus": 3.1,
    "fast_scnn": 1.2,
    "fpn": 3.1,
    "linknet": 2.9,
    "pspnet": 3.3,
    "resunet": 2.1,
    "segformer": 3.7,
    "u2net": 1.1,
    "unet": 2.0,
    "unet_plus_plus": 2.3,
}
