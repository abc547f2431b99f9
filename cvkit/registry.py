"""What there is, by name: a file is a method, a folder of files is the list of them.

Listing reads file names only; a method's libraries are imported when it is found, and a model's when it runs.
"""

import ast
import importlib
import inspect
import json
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from cvkit.errors import WrongType, unknown
from cvkit.notation import parse as parse
from cvkit.notation import split as split

HERE = Path(__file__).parent
THRESHOLDS = HERE / "classic" / "thresholds"
ROOMS_OF_STEPS = ("cvkit.preprocess", "cvkit.classic.hints", "cvkit.classic.components")
TRAINED = HERE / "deep" / "trained"
NETWORKS = HERE / "deep" / "networks"
GANS = HERE / "deep" / "gans"
GENERATORS = HERE / "deep" / "generators"


@dataclass(frozen=True)
class Entry:
    """Something that a pipeline can hold: what it is called, what it takes and what it gives."""

    name: str
    call: Callable
    takes: tuple[str, ...]  # kinds of arrays, see cvkit.arrays
    gives: str | None  # a kind, "same" as taken, or None where only the answer will tell
    parameters: dict[str, inspect.Parameter] = field(repr=False)
    takes_mask: bool = False  # whether it may be told where to look
    found: str | None = None  # what `find` finds it by from any folder; a function of the user's is not found
    model: Path | None = None  # the folder, if it is a trained model

    def __reduce__(self) -> tuple:
        """Go from process to process by name, or as the function."""
        return (find, (self.found,)) if self.found else (of_callable, (self.call,))

    @property
    def is_method(self) -> bool:
        """Whether this turns an image into something else."""
        return self.takes == ("image",) and self.gives not in ("image", "same")


def methods() -> list[str]:
    """List the methods that `segment` knows: every threshold, then every trained model that cvkit carries.

    Returns
    -------
    names : list of str

    Examples
    --------
    >>> methods()  # doctest: +ELLIPSIS
    ['adaptive_gaussian', 'adaptive_mean', ..., 'yen', 'documents', 'nuclei', 'nuclei_stardist']
    """
    return thresholds() + trained()


def trained() -> list[str]:
    """List the trained models that cvkit carries."""
    return sorted(card.parent.name for card in TRAINED.glob("*/card.json"))


def generators() -> list[str]:
    """List the trained generators that cvkit carries."""
    return sorted(card.parent.name for card in GENERATORS.glob("*/card.json"))


def thresholds() -> list[str]:
    """List the classical methods."""
    return _files(THRESHOLDS)


def networks() -> list[str]:
    """List the networks that `train` knows.

    Examples
    --------
    >>> "unet" in networks() and "stardist" in networks()
    True
    """
    return _files(NETWORKS)


def gans() -> list[str]:
    """List the generative adversarial networks that `train_gan` knows.

    Examples
    --------
    >>> "dcgan" in gans()
    True
    """
    return _files(GANS)


def steps() -> list[str]:
    """List the steps that may stand before a method (image to image) or after it (mask or labels to more).

    Examples
    --------
    >>> "median" in steps() and "remove_small" in steps()
    True
    """
    return sorted(_step_functions())


def summary(name: str) -> str:
    """Give the first line of what a method, network or step says of itself."""
    for folder in (THRESHOLDS, NETWORKS, GANS):
        if name in _files(folder):
            return (ast.get_docstring(ast.parse((folder / f"{name}.py").read_text("utf-8"))) or "").split("\n")[0]
    for folder in (TRAINED, GENERATORS):
        if name.isidentifier() and len(name) < 100 and (folder / name / "card.json").is_file():
            return json.loads((folder / name / "card.json").read_text("utf-8"))["summary"]
    return (inspect.getdoc(find(name).call) or "").split("\n")[0]


def explain(name: str) -> str:
    """Give all that a method, network, step or function on objects says of itself: formula, source, parameters.

    Examples
    --------
    >>> print(explain("otsu").splitlines()[0])
    Otsu's threshold: the two classes lie as far apart as they can.
    """
    if name in thresholds():
        module = importlib.import_module(f"cvkit.classic.thresholds.{name}")
        return f"{inspect.getdoc(module)}\n\n{inspect.getdoc(decision(module))}"
    if name in networks():
        return inspect.getdoc(network(name))
    if name in gans():
        return inspect.getdoc(gan(name))
    if name in generators():
        return (GENERATORS / name / "card.json").read_text("utf-8")
    components = importlib.import_module("cvkit.classic.components")
    if name in components.__all__ and not _step_function(name):
        return f"In Python: cvkit.classic.components.{name}\n\n{inspect.getdoc(getattr(components, name))}"
    entry = find(name)
    if _step_function(name):
        return inspect.getdoc(entry.call)
    card = importlib.import_module("cvkit.deep").read_card(model_folder(name))
    return json.dumps(card, indent=2, ensure_ascii=False)


def find(name: str) -> Entry:
    """Find a method or a step by its name, or a trained model by the path of its folder.

    Parameters
    ----------
    name : str
        One of `methods()` or `steps()`, or a path such as ``"runs/cells/model"``.

    Returns
    -------
    entry : Entry

    Raises
    ------
    ValueError
        If there is nothing of that name; the nearest name is given.

    Examples
    --------
    >>> find("otsu").gives
    'mask'
    >>> find("otzu")
    Traceback (most recent call last):
    cvkit.errors.CvkitError: no method or step is called 'otzu'; did you mean 'otsu'? `cvkit list` shows all.
    """
    if name in thresholds():
        return _threshold_entry(name)
    if folder := model_folder(name):
        return _model_entry(name, folder)
    if function := _step_function(name):
        return of_callable(function)
    raise unknown("method or step", name, methods() + steps())


def network(name: str) -> Callable:
    """Find the `build` function of a network by its name."""
    if name not in networks():
        raise unknown("network", name, networks())
    importlib.import_module("cvkit.deep.quiet").import_keras()
    return importlib.import_module(f"cvkit.deep.networks.{name}").build


def gan(name: str) -> Callable:
    """Find the `build` function of a generative adversarial network by its name."""
    if name not in gans():
        raise unknown("GAN", name, gans())
    importlib.import_module("cvkit.deep.quiet").import_keras()
    return importlib.import_module(f"cvkit.deep.gans.{name}").build


def of_callable(function: Callable) -> Entry:
    """Make an entry of any function; the kinds come from its annotations, see `cvkit.arrays`."""
    name = getattr(function, "__name__", None) or getattr(
        getattr(function, "func", None), "__name__", type(function).__name__
    )
    signature = inspect.signature(function, eval_str=True)
    given = list(signature.parameters.values())
    if not given:
        raise WrongType(
            "pipeline-function",
            came=f"{name}() takes no array, so it cannot stand in a pipeline",
            remedy="give it an argument for the image",
        )
    takes, gives = _kinds(given[0].annotation), _kinds(signature.return_annotation)
    same = bool(gives) and given[0].annotation is signature.return_annotation and len(takes) > 1
    return Entry(name, function, takes or ("image",), "same" if same else (gives or (None,))[0], _tuning(signature))


def _files(folder: Path) -> list[str]:
    return sorted(file.stem for file in folder.glob("[!_]*.py"))


def _step_functions() -> dict[str, Callable]:
    """The public functions of the rooms of steps that turn one kind of array into one."""
    named = ((name, _step_function(name)) for room in _rooms() for name in room.__all__)
    return {name: function for name, function in named if function}


def _step_function(name: str) -> Callable | None:
    function = next((getattr(room, name) for room in _rooms() if name in room.__all__), None)
    if function is None:
        return None
    signature = inspect.signature(function, eval_str=True)
    first = next(iter(signature.parameters.values()))
    return function if _kinds(first.annotation) and _kinds(signature.return_annotation) else None


def _rooms() -> tuple[ModuleType, ...]:
    return tuple(map(importlib.import_module, ROOMS_OF_STEPS))


def _threshold_entry(name: str) -> Entry:
    classic = importlib.import_module("cvkit.classic")
    decide = decision(importlib.import_module(f"cvkit.classic.thresholds.{name}"))
    several = decide.__annotations__["return"] == list[float]  # thresholds: as many classes and one more
    frame = _tuning(inspect.signature(classic.segment))
    shared = {"foreground": not several, "nan": True, "exact": "histogram" in decide.__annotations__}
    parameters = _tuning(inspect.signature(decide)) | {name: frame[name] for name, wanted in shared.items() if wanted}

    def call(image, **arguments):
        return classic.segment(image, name, **arguments)

    return Entry(name, call, ("image",), "classes" if several else "mask", parameters, takes_mask=True, found=name)


def decision(module: ModuleType) -> Callable:
    """What a method's file defines: its threshold or, where none expresses it, the segmentation."""
    return getattr(module, "threshold", None) or module.segment


def model_folder(name: str) -> Path | None:
    """Where the model lies that a name or a path stands for."""
    if name.isidentifier() and len(name) < 100 and (TRAINED / name / "card.json").is_file():
        return TRAINED / name
    try:
        known = "/" in name or "\\" in name or Path(name).is_dir()
    except OSError:  # such as a name that is too long for the system
        known = False
    return Path(name) if known else None


def _model_entry(name: str, folder: Path) -> Entry:
    deep = importlib.import_module("cvkit.deep")
    card = deep.read_card(folder)
    answer = importlib.import_module("cvkit.deep.card").check_steps(card)

    def call(image, **arguments):
        return deep.segment(image, folder, **arguments)

    found = name if folder.parent == TRAINED else str(folder.absolute())
    parameters = _tuning(inspect.signature(deep.segment))
    return Entry(name, call, ("image",), answer, parameters, found=found, model=folder)


def _tuning(signature: inspect.Signature) -> dict[str, inspect.Parameter]:
    """The parameters a pipeline's text may set: those with a default, and all keyword-only ones."""
    chosen = [p for p in list(signature.parameters.values())[1:] if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return {p.name: p for p in chosen if p.kind == p.KEYWORD_ONLY or p.default is not p.empty}


def _kinds(annotation) -> tuple[str, ...]:
    """The kinds that an annotation stands for: one of an Annotated, several of a TypeVar or a union, else none."""
    if isinstance(annotation, typing.TypeVar):
        return tuple(kind for choice in annotation.__constraints__ for kind in _kinds(choice))
    if typing.get_origin(annotation) is typing.Annotated:
        return (annotation.__metadata__[0],)
    return tuple(kind for choice in typing.get_args(annotation) for kind in _kinds(choice))
