"""Generative adversarial networks; a file is a GAN, its `build` gives an `Adversarial` ready to train."""

from cvkit import registry
from cvkit.deep.named import choose
from cvkit.errors import CvkitError
from cvkit.notation import parse


def build_gan(text: str, shape: tuple, classes: int):
    """Build a GAN from its text.

    Parameters
    ----------
    text : str
        A name of `cvkit.registry.gans` with arguments: ``"dcgan(preset='quality', width=48)"``.
    shape : (H, W, C)
        Of an image.
    classes : int
        Of the condition; 0 = none.

    Returns
    -------
    gan : cvkit.deep.adversarial.Adversarial

    Raises
    ------
    CvkitError
        If there is no such GAN or argument, or it does not make such images.
    """
    name = parse(text)[0]
    make, arguments = choose(text, {name: registry.gan(name)}, "GAN")
    try:
        return make(shape, classes, **arguments)
    except CvkitError:
        raise
    except Exception as fault:  # of Keras, for arguments of a wrong type or range
        said = " ".join(str(fault).split())[:300]
        raise CvkitError("gan-arguments", came=f"{text} cannot be built: {said}", remedy=f"cvkit list {name}") from None
