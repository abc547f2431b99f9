"""One of a few functions, chosen by a text as in a pipeline: ``"r1(gamma=0.1)"``."""

import difflib
import inspect
from collections.abc import Callable

from cvkit.errors import CvkitError
from cvkit.notation import parse


def choose(text: str, known: dict[str, Callable], what: str, *, more: tuple[str, ...] = ()) -> tuple[Callable, dict]:
    """Read a text and find what it names.

    Parameters
    ----------
    text : str
        A name, with arguments if wanted.
    known : dict
        Name -> function or class.
    what : str
        What they are, for the error.
    more : tuple of str
        Arguments that it may have besides its keyword-only ones.

    Returns
    -------
    function, arguments

    Raises
    ------
    CvkitError
        If there is none of this name, or it takes no such argument.

    Examples
    --------
    >>> choose("double(sise=3)", {"double": lambda x, *, size=2: size * x}, "function")
    Traceback (most recent call last):
    cvkit.errors.CvkitError: the function double takes `size`, got `sise`.
    """
    name, arguments = parse(text)
    if name not in known:
        near = difflib.get_close_matches(name[:100], known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
        raise CvkitError(f"{what.lower()}-unknown", f"no {what} is called {name[:100]!r}", remedy=hint)
    parameters = inspect.signature(known[name]).parameters.values()
    taken = [*(p.name for p in parameters if p.kind == p.KEYWORD_ONLY), *more]
    for key in arguments:
        if key not in taken:
            listed = ", ".join(f"`{one}`" for one in taken) or "no argument"
            raise CvkitError("parameter-unknown", f"the {what} {name} takes {listed}", came=f"`{key}`")
    return known[name], arguments
