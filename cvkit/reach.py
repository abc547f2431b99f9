"""How far an answer looks, said beside the function that gives it, so that a large image can be worked on in tiles."""

import inspect
from collections.abc import Callable
from typing import Any


def reach(far: int | str | Callable[..., int | str]) -> Callable[[Callable], Callable]:
    """Say of a function how far from a pixel it looks to answer there.

    A function that says nothing is not run on an image in tiles, for nobody would know whether tiles answer as the
    whole does.

    Parameters
    ----------
    far : int, str, or callable
        In pixels to each side, 0 if it looks at each pixel alone; or the reason why there is no such number, as the
        end of a sentence; or a function of some of the parameters, named as they are, that gives one of these.

    Returns
    -------
    decorator : callable
        Gives the function back as it was.

    Examples
    --------
    >>> @reach(lambda size: size // 2)
    ... def least(image, *, size=3): ...
    >>> reach_of(least, {}), reach_of(least, {"size": 9})
    (1, 4)
    """

    def say(function: Callable) -> Callable:
        function.reach = far
        return function

    return say


def counted(measure: Callable, apply: Callable) -> Callable[[Callable], Callable]:
    """Say of a function that counts of all values are what it takes from the whole, and each pixel alone the rest.

    Parameters
    ----------
    measure : callable
        (histogram, parameters of the function...) to a dict of constants.
    apply : callable
        (image, the constants...) to the answer, pixel by pixel.
    """

    def say(function: Callable) -> Callable:
        function.counted = (measure, apply)
        return function

    return say


def reach_of(function: Callable, arguments: dict[str, Any]) -> int | str:
    """Give what a function says of its reach when called with these arguments, or that it says nothing."""
    far = getattr(function, "reach", "it does not say how far it looks; say it with the decorator cvkit.reach.reach")
    if not callable(far):
        return far
    defaults = {name: one.default for name, one in inspect.signature(function).parameters.items()}
    return far(**{name: (defaults | arguments)[name] for name in inspect.signature(far).parameters})
