"""Compare methods on one image: ``cvkit.compare(image, methods, truth=None)``.

This package can be called. On many images use `cvkit.evaluate`; single metrics are in `cvkit.compare.metrics`.

Parameters
----------
image : (H, W) or (H, W, 3) array
    Grey or RGB, any real dtype.
methods : str, Pipeline, callable, a list of these, or a dict of label -> any of these
    Texts as `cvkit.segment` takes them. A method is labelled by the text of its pipeline, unless a dict gives labels.
truth : (H, W) array, optional
    A bool mask (or uint8 of 0 and 255), integer labels, or uint8 classes with 255 = void.

Returns
-------
comparison : cvkit.compare.comparison.Comparison
    Print it for a table with the winners, ``.plot()`` it for a figure, ``.rows`` and ``.summary()`` hold the numbers,
    ``.predictions[label][0]`` what each method gave. Without truth it says how far the methods agree.

Raises
------
ValueError, TypeError
    Before anything runs: if a pipeline is written wrong or ends in a table, two labels are equal, or image and truth
    do not fit. A method that fails on the image is recorded with its reason, and the others go on.

Notes
-----
Dice, IoU, precision and recall are those of the foreground. ``ap50`` matches objects at IoU 0.5, where the objects of
a mask are its 8-connected components. If truth and prediction both hold classes there is ``mean_iou`` instead.
The seconds are those of one call of the pipeline, after an untimed one that pays for loading models.

Examples
--------
>>> import numpy as np, cvkit
>>> image = np.zeros((8, 8), np.uint8)
>>> image[2:5, 2:5] = 200
>>> comparison = cvkit.compare(image, ["otsu", "otsu | label"], truth=image > 100)
>>> comparison.rows["dice"], comparison.rows["objects"]
(array([1., 1.]), array([1., 1.]))
"""

import importlib
import sys
from types import ModuleType

_MODULES = ("charts", "comparison", "curves", "documents", "evaluate", "generation", "metrics", "montage", "paint")
_MODULES += ("plot", "speed", "table")


class _CallablePackage(ModuleType):
    """`cvkit.compare` is both a folder of modules and the call that a user wants most."""

    def __call__(self, image, methods, truth=None):
        return importlib.import_module("cvkit.compare.evaluate").compare(image, methods, truth)

    def __getattr__(self, name: str):
        if name in _MODULES:
            return importlib.import_module(f"cvkit.compare.{name}")
        raise AttributeError(f"module 'cvkit.compare' has no attribute {name!r}")

    __call__.__doc__ = __doc__


sys.modules[__name__].__class__ = _CallablePackage
