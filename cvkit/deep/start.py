"""A training begins with what another model has learnt, as far as its layers are those of the new network."""

from difflib import SequenceMatcher
from pathlib import Path

import keras

from cvkit import registry
from cvkit.deep.card import WEIGHTS, check_file, read_card
from cvkit.errors import CvkitError

LEAST = 0.5  # of the network's numbers that must be found in the model, or nothing is gained


def begin_with(network: keras.Model, model: str | Path) -> float:
    """Give a network the weights of a trained model wherever both have the same layers in the same order.

    A network for other classes keeps its own last layer; `stardist` takes the trunk of a `unet`.

    Parameters
    ----------
    network : keras.Model
    model : str or path
        A model's name or folder.

    Returns
    -------
    share : float
        Of the network's numbers that were taken, 0.5 to 1.

    Raises
    ------
    CvkitError
        If there is no such model, it is damaged, or less than half of the network is found in it.
    """
    import safetensors.numpy

    folder = registry.model_folder(str(model))
    if folder is None:
        raise registry.unknown("model", str(model), registry.trained())
    card = read_card(folder)
    tensors = safetensors.numpy.load_file(check_file(folder, card, WEIGHTS))
    theirs = sorted(tensors.items(), key=lambda item: int(item[0].split()[0]))
    known = [(name.rpartition("/")[2], values.shape) for name, values in theirs]
    wanted = [(weight.path.rpartition("/")[2], tuple(weight.shape)) for weight in network.weights]
    blocks = SequenceMatcher(None, known, wanted, autojunk=False).get_matching_blocks()
    pairs = [(theirs[block.a + n][1], network.weights[block.b + n]) for block in blocks for n in range(block.size)]
    share = sum(values.size for values, _ in pairs) / network.count_params()
    if share < LEAST:
        raise CvkitError(
            "start-other",
            f"expected a model like the network, {card['network']}",
            came=f"only {share:.0%} of its weights are found there",
            remedy="train that network, with its width and depth, or start from nothing",
            file=folder,
        )
    for values, weight in pairs:
        weight.assign(values)
    return share
