"""How unsure a model is, pixel by pixel."""

from pathlib import Path

import numpy as np

from cvkit.arrays import Image, one_of
from cvkit.deep.predict import load_model, looks, probabilities


def uncertainty(image: Image, model: str | Path, *, kind: str = "entropy") -> np.ndarray:
    """Tell how unsure a model is at each pixel.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    model : path
        A model folder.
    kind : {"entropy", "disagreement"}
        "entropy": how evenly the probabilities are shared among the classes. "disagreement": how much the answers to
        eight views of the image, turned and mirrored, differ: the entropy of their mean less the mean of their
        entropies (N. Houlsby et al., 2011, arXiv:1112.5745). An image that is truly in doubt has a high entropy,
        and one unlike the training images a high disagreement.

    Returns
    -------
    uncertainty : (H, W) float32 array
        0 = sure, 1 = all classes are as probable, or the views contradict each other.

    Raises
    ------
    ValueError
        If `kind` is none of the two; else as `cvkit.deep.segment`.

    Examples
    --------
    ``cvkit.deep.uncertainty(image, "runs/cells/model").max()``
    """
    one_of(kind, "kind", ("entropy", "disagreement"))
    if kind == "entropy":
        return entropy(probabilities(image, model))
    count = len(load_model(model)[0]["classes"])
    mean, each = 0, 0
    for number, values in enumerate(looks(image, model, augment=True)):
        mean = mean + (values[:, :, :count] - mean) / np.float32(number + 1)
        each = each + (entropy(values[:, :, :count]) - each) / np.float32(number + 1)
    return np.maximum(entropy(mean) - each, 0)


def entropy(probabilities: np.ndarray) -> np.ndarray:
    """Give the entropy of probabilities (..., C), in units of its greatest value, log C.

    Examples
    --------
    >>> entropy(np.array([[0.5, 0.5], [1.0, 0.0]], np.float32))
    array([1., 0.], dtype=float32)
    """
    logs = np.log(np.maximum(probabilities, np.float32(1e-12)))
    return (probabilities * -logs).sum(axis=-1) / np.float32(np.log(probabilities.shape[-1]))
