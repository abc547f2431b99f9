"""Objectives of adversarial training: what the discriminator and the generator each make small.

An objective is a function of the discriminator's logits on real and on generated images, (N, ...) each, that gives
the two losses: ``discriminator, generator = objective(real, fake)``. Real is high, generated is low.
"""

from keras import ops

from cvkit.arrays import number
from cvkit.deep.named import choose


def minimax(real, fake, *, smoothing: float = 0.0):
    """The game as first stated: the generator lowers what the discriminator raises, log(1 - D(fake)).

    I. Goodfellow et al., NeurIPS 2014. arXiv:1406.2661
    """
    discriminator = _cross_entropy(real, _real(smoothing)) + _cross_entropy(fake, 0)
    return discriminator, -_cross_entropy(fake, 0)


def non_saturating(real, fake, *, smoothing: float = 0.0):
    """The same game with a generator that raises log D(fake), whose gradient is strong where minimax's fades.

    I. Goodfellow et al., NeurIPS 2014, section 3. arXiv:1406.2661
    """
    discriminator = _cross_entropy(real, _real(smoothing)) + _cross_entropy(fake, 0)
    return discriminator, _cross_entropy(fake, 1)


def least_squares(real, fake, *, smoothing: float = 0.0):
    """Logits are drawn to 1 and 0 by squares.

    X. Mao et al., ICCV 2017. doi:10.1109/ICCV.2017.304
    """
    discriminator = (ops.mean((real - _real(smoothing)) ** 2) + ops.mean(fake**2)) / 2
    return discriminator, ops.mean((fake - 1) ** 2) / 2


def hinge(real, fake):
    """Logits beyond the margin of one count no more.

    J. H. Lim, J. C. Ye, 2017. arXiv:1705.02894
    """
    return ops.mean(ops.relu(1 - real)) + ops.mean(ops.relu(1 + fake)), -ops.mean(fake)


def wasserstein(real, fake):
    """The distance of two means; needs a penalty, or spectral normalisation, that bounds the slope.

    M. Arjovsky, S. Chintala, L. Bottou, ICML 2017. arXiv:1701.07875
    """
    return ops.mean(fake) - ops.mean(real), -ops.mean(fake)


def relativistic(real, fake):
    """Each generated image against a real one: the one is to exceed the other.

    A. Jolicoeur-Martineau, ICLR 2019. arXiv:1807.00734; with R1 and R2 it converges, N. Huang et al., NeurIPS 2024.
    arXiv:2501.05441
    """
    return ops.mean(ops.softplus(fake - real)), ops.mean(ops.softplus(real - fake))


def regions(real, fake):
    """Pixels by a discriminator that segments: the first logit, of the class that is wanted, high on real images and
    for the generator; the second, high where a pixel does not look made, low on generated ones.

    E. Schönfeld et al., ICLR 2021. arXiv:2012.04781; see `cvkit.deep.regions`
    """
    return ops.mean(fake[..., 1]) - ops.mean(real[..., 0]), -ops.mean(fake[..., 0])


def told_apart(real, fake):
    """The share of pairs of a real and a generated image, or pixel, whose real one has the higher logit."""
    return ops.mean(ops.cast(real > fake, "float32"))


def _real(smoothing: float) -> float:
    """What real images are drawn to, 1 but for the smoothing."""
    return 1 - number(smoothing, "smoothing", 0, 0.5)


def _cross_entropy(logits, target: float):
    return ops.mean(ops.softplus(logits) - target * logits)


OBJECTIVES = {
    function.__name__: function
    for function in (minimax, non_saturating, least_squares, hinge, wasserstein, relativistic, regions)
}
COMPARES = (relativistic,)  # the generator's loss looks at real images too


def find(text: str):
    """Read an objective, such as ``"non_saturating(smoothing=0.1)"``.

    Parameters
    ----------
    text : str
        A name of `OBJECTIVES`, with arguments if wanted.

    Returns
    -------
    objective : function
        Of real and generated logits, giving the losses of discriminator and generator.
    compares : bool
        Whether the generator's loss needs the logits of real images.

    Raises
    ------
    CvkitError
        If there is none of this name, or it takes no such argument.

    Examples
    --------
    >>> objective, compares = find("hinge")
    >>> [float(loss) for loss in objective(ops.ones((2, 1)), -ops.ones((2, 1)))], compares
    ([0.0, 1.0], False)
    """
    function, arguments = choose(text, OBJECTIVES, "objective")
    return (lambda real, fake: function(real, fake, **arguments)), function in COMPARES
