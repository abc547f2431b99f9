"""One line of text, or a list, that turns an image into an answer: steps, one method, more steps."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cvkit import registry
from cvkit.errors import CvkitError, WrongType, check_parameters


@dataclass(frozen=True)
class Step:
    """One part of a pipeline: an entry of the registry and the arguments it is called with."""

    entry: registry.Entry
    arguments: dict[str, Any]

    def __post_init__(self) -> None:
        known = self.entry.parameters
        check_parameters(self.entry.name, self.arguments, known)
        for name, parameter in known.items():
            if parameter.default is parameter.empty and name not in self.arguments:
                raise CvkitError(
                    "parameter-missing",
                    f"{self.entry.name} needs `{name}`",
                    remedy=f"write {self.entry.name}({name}=...)",
                )

    def __call__(self, array, **more):
        return self.entry.call(array, **self.arguments, **more)

    def __str__(self) -> str:
        name = self.entry.name
        if any(sign in name for sign in "|()'\"") or name != name.strip():
            name = repr(name)
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.arguments.items())
        return f"{name}({arguments})" if arguments else name


class Pipeline:
    """A chain of steps around exactly one method, checked when it is built.

    Parameters
    ----------
    steps : str, callable, Pipeline, or a list of these and of ``(name, arguments)`` pairs
        As text: names from `cvkit.methods` and `cvkit.registry.steps` or paths of trained models, each with its
        arguments if any, and bars between them: ``"median(size=3) | otsu | remove_small(area=64)"``.
        A callable whose argument and result carry no kind of `cvkit.arrays` counts as the method.

    Raises
    ------
    ValueError
        If a name or a parameter is not known, two neighbours do not fit, or there is not exactly one method.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((9, 9), np.uint8)
    >>> image[2:7, 2:7] = 200
    >>> pipeline = Pipeline("median(size=3) | otsu | label")
    >>> pipeline(image).max()
    np.int32(1)
    >>> str(pipeline)
    'median(size=3) | otsu | label'
    >>> Pipeline("otsu | gaussian")
    Traceback (most recent call last):
    cvkit.errors.CvkitError: gaussian takes an image, but otsu gives a mask: 'otsu | gaussian'; see `cvkit list`.
    """

    def __init__(self, steps: "str | Callable | Pipeline | Iterable") -> None:
        try:
            self.steps: tuple[Step, ...] = tuple(_read(steps))
        except RecursionError:
            raise CvkitError(
                "pipeline-nested", came="a list that holds itself", remedy="give a flat list of steps"
            ) from None
        self.gives = self._check()

    def __call__(self, image, *, mask=None):
        """Run every step and give the last answer; `mask` as in `trace`."""
        return self.trace(image, mask=mask)[-1][1]

    def trace(self, image, *, mask=None) -> list[tuple[str, Any]]:
        """Run every step and keep what each gives.

        Parameters
        ----------
        image : (H, W) or (H, W, 3) array
        mask : (H, W) array, optional
            Where the method is to look; thresholds take it, networks do not.

        Returns
        -------
        results : list of (text, array)
            The image itself first, then every step's text with its result.
        """
        if mask is not None and not self.method.entry.takes_mask:
            raise CvkitError(
                "parameter-unknown",
                f"{self.method.entry.name} takes no `mask`: it looks at the whole image",
                remedy="a threshold takes one, or cut the image",
            )
        results = [("image", arrays().as_image(image))]
        for step in self.steps:
            more = {"mask": mask} if step is self.method and mask is not None else {}
            results.append((str(step), step(results[-1][1], **more)))
            if step is self.method and step.entry.gives is None:
                arrays().kind_of(results[-1][1])
        return results

    @cached_property
    def method(self) -> Step:
        """The one step that turns the image into a mask, labels or classes."""
        return next(step for step in self.steps if step.entry.is_method)

    def __str__(self) -> str:
        return " | ".join(map(str, self.steps))

    def __repr__(self) -> str:
        return f"Pipeline({str(self)!r})"

    def _check(self) -> str | None:
        """Follow the kind of the data through the steps; give the last."""
        kind, before = "image", "the start"
        for step in self.steps:
            takes = step.entry.takes
            if kind is not None and kind not in takes:
                raise CvkitError(
                    "pipeline-kinds",
                    f"{step.entry.name} takes {' or '.join(map(_a, takes))}, "
                    f"but {before} gives {_a(kind)}: {str(self)!r}",
                    remedy="see `cvkit list`",
                )
            kind = kind if step.entry.gives == "same" else step.entry.gives
            before = step.entry.name
        chosen = [step.entry.name for step in self.steps if step.entry.is_method]
        if len(chosen) != 1:
            raise CvkitError(
                "pipeline-method",
                f"a pipeline holds exactly one method, {str(self)!r} has {', '.join(chosen) or 'none'}",
                remedy="`cvkit list` shows the methods. A function without kinds of cvkit.arrays counts as one",
            )
        return kind


def segment(image, method, *, mask=None, **arguments):
    """Segment an image by any method: a threshold, a trained model, a pipeline or a function of yours.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
        Grey or RGB, any real dtype; values are used as they are.
    method : str, Pipeline or callable
        A name from `cvkit.methods`, the path of a trained model, the text of a pipeline, or a function that
        takes an image and gives a mask, labels or classes.
    mask : (H, W) array, optional
        Where to look: a threshold counts nothing else, and finds nothing there.
    **arguments
        Parameters of the method, where it is a single one: ``segment(image, "sauvola", window=25)``.

    Returns
    -------
    answer : ndarray or dict
        What the last step gives: a bool mask (H, W) from a threshold, int32 labels after `label` or `split`,
        uint8 classes from several thresholds or a network of several classes, a table after `regions`.

    Raises
    ------
    ValueError
        If the method is not known, an argument is not, the image has no pixels or a shape of no image, or a method
        that takes no `mask` is given one.
    TypeError
        If the image is not an array of real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> segment(np.array([[10, 200]], np.uint8), "otsu")
    array([[False,  True]])
    >>> segment(np.array([[10, 200]], np.uint8), "otsu", foreground="dark")
    array([[ True, False]])
    """
    if not arguments:
        return (method if isinstance(method, Pipeline) else Pipeline(method))(image, mask=mask)
    if isinstance(method, Pipeline) or (isinstance(method, str) and len(registry.split(method)) > 1):
        names = ", ".join(arguments)
        raise CvkitError(
            "pipeline-arguments",
            came=f"it is not clear which step {names} is for",
            remedy=f"write {names} into the pipeline's text",
        )
    return Pipeline([(method, arguments)])(image, mask=mask)


def _read(given) -> Iterable[Step]:
    """Turn what a user may write into steps."""
    if isinstance(given, Pipeline):
        yield from given.steps
    elif isinstance(given, str):
        for text in registry.split(given):
            name, arguments = registry.parse(text)
            yield Step(registry.find(name), arguments)
    elif hasattr(given, "__fspath__"):
        yield Step(registry.find(given.__fspath__()), {})
    elif callable(given):
        yield Step(registry.of_callable(given), {})
    elif isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], dict):
        (step,) = _read(given[0])
        yield Step(step.entry, step.arguments | given[1]) if not isinstance(given[0], str) else _named(*given)
    elif isinstance(given, Iterable):
        for part in given:
            yield from _read(part)
    else:
        raise WrongType(
            "pipeline-type",
            "a pipeline is a text, a function or a list of these",
            came=type(given).__name__,
            remedy="write for example 'median(size=3) | otsu'",
        )


def _named(text: str, arguments: dict) -> Step:
    name, written = registry.parse(text)
    return Step(registry.find(name), written | arguments)


def _a(kind: str) -> str:
    return {"image": "an image", "mask": "a mask", "table": "a table"}.get(kind, kind)


def arrays():
    """The kinds of arrays, imported on use: building and printing a pipeline needs no numpy."""
    from cvkit import arrays

    return arrays
