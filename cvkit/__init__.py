"""cvkit: classical and deep image segmentation, and image generation, behind one call.

>>> import cvkit
>>> image = cvkit.read("data/coins.png")
>>> mask = cvkit.segment(image, "otsu")
>>> labels = cvkit.segment(image, "median(size=5) | otsu | fill_holes | split")
"""

import importlib

__version__ = "0.1.0"

# Every name is imported when it is first used, so that `import cvkit` loads the standard library alone.
_NAMES = {
    "Pipeline": "cvkit.pipeline",
    "segment": "cvkit.pipeline",
    "methods": "cvkit.registry",
    "networks": "cvkit.registry",
    "steps": "cvkit.registry",
    "read": "cvkit.io",
    "read_truth": "cvkit.io",
    "write": "cvkit.io",
    "evaluate": "cvkit.compare.evaluate",
    "tune": "cvkit.compare.tuning",
    "train": "cvkit.deep.training",
    "gans": "cvkit.registry",
    "train_gan": "cvkit.deep.gan_training",
    "generate": "cvkit.deep.generation",
    "judge": "cvkit.compare.judgement",
    "synthesize": "cvkit.deep.synthesis",
    "cross_validate": "cvkit.deep.folds",
    "Plan": "cvkit.deep.plan",
    "run": "cvkit.scale.batch",
    "segment_large": "cvkit.scale.image",
    "try_all": "cvkit.compare.montage",
}
_ROOMS = ("arrays", "classic", "compare", "datasets", "deep", "io", "preprocess")

__all__ = sorted([*_NAMES, "compare"])  # `cvkit.compare` is a package that can be called


def __getattr__(name: str):
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"cvkit.{name}")
    raise AttributeError(f"module 'cvkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, *_ROOMS])
