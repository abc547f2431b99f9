"""The methods of a comparison, by the labels under which they stand in its rows."""

import os
from collections.abc import Iterable, Mapping

from cvkit.errors import CvkitError, WrongType
from cvkit.pipeline import Pipeline


def named_pipelines(methods) -> dict[str, Pipeline]:
    """Turn what a user may write into label -> pipeline."""
    if isinstance(methods, Mapping):
        named = {label: Pipeline(method) for label, method in methods.items()}
        if wrong := [label for label in named if not isinstance(label, str) or not label.strip()]:
            raise CvkitError(
                "methods-label", "the labels of methods must be texts", came=repr(wrong[0]), remedy="name it by a text"
            )
    else:
        single = isinstance(methods, (str, Pipeline, os.PathLike)) or callable(methods)
        if not single and not isinstance(methods, Iterable):
            raise WrongType(
                "methods-type",
                "`methods` must be a text, a list of texts or a dict",
                came=type(methods).__name__,
                remedy="such as ['otsu', 'nuclei']",
            )
        named = {}
        for pipeline in map(Pipeline, [methods] if single else methods):
            if str(pipeline) in named:
                raise CvkitError(
                    "methods-label",
                    came=f"two methods are called {str(pipeline)!r}",
                    remedy="tell them apart by a dict label -> method",
                )
            named[str(pipeline)] = pipeline
    if not named:
        raise CvkitError("methods-empty", came="`methods` is empty", remedy="give at least one, such as 'otsu'")
    for label, pipeline in named.items():
        if pipeline.gives == "table":
            raise CvkitError(
                "methods-table",
                came=f"{label!r} ends in a table, which cannot be compared",
                remedy="end it before `regions`",
            )
    return named
