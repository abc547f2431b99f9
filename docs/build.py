"""Write docs/methods.md, the page of all methods, steps and networks, from what they say of themselves.

python docs/build.py        the page and its small pictures
python docs/build.py html   these, and all pages with the gallery as HTML: pip install -e '.[docs]'
"""

import importlib
import inspect
import re
import sys
from functools import cache
from pathlib import Path

import numpy as np

import cvkit
from cvkit import registry
from cvkit.classic import components, segment_each
from cvkit.compare import paint
from cvkit.deep import read_card
from cvkit.deep.generator_card import read_generator_card

HERE = Path(__file__).parent
PAGE, THUMBS = HERE / "methods.md", HERE / "thumbs"
HEAD = """# Methods, steps and networks

Written by `python docs/build.py` from the code; do not edit. The same, one at a time: `cvkit list NAME`.
"""


THRESHOLDS = """## Thresholds: image to mask

A pixel is foreground if it exceeds the threshold. All take also

- `foreground='bright'`: `'dark'` turns this round, `'auto'` takes the side of Otsu's threshold which fewer pixels of
  the image's border are on;
- `nan='raise'`: `'ignore'` leaves NaN out of all counts and windows, and out of the foreground;
- `exact=False`, global ones only: `True` counts every float on its own. Otherwise floats are rounded to 65,536 levels
  from the least to the greatest value, and the threshold is halfway between two of them;
- in Python `mask=`, where to look: the rest is treated like ignored NaN.

RGB is turned to grey by 0.299 R + 0.587 G + 0.114 B. If all values are equal there is nothing to tell apart: the mask
is empty whatever the method. `compat` gives, where conventions differ, the mask of the library named, bit for bit; what
it does for a dtype that the library does not take is said with the method.

The small pictures show what each makes, with its defaults, of part of `data/page.png`, as dark ink, and of
`data/nuclei.png`; grey where it gives a third class, or finds that it cannot be used:

![the two images](thumbs/images.png)
"""


def page() -> str:
    """The whole page."""
    before = [name for name in cvkit.steps() if registry.find(name).takes == ("image",)]
    after = [name for name in cvkit.steps() if name not in before]
    parts = [
        HEAD,
        THRESHOLDS,
        *map(threshold, registry.thresholds()),
        "## Trained models: image to mask\n",
        *map(model, models()),
        "## Steps before a method: image to image\n",
        *(function(name, registry.find(name).call) for name in before),
        "## Steps after a method\n",
        *(function(name, registry.find(name).call) for name in after),
        "## More on objects: in Python, from cvkit.classic.components\n",
        *(more(name) for name in components.__all__ if name not in cvkit.steps()),
        "## Networks to train\n",
        *(function(name, registry.network(name)) for name in cvkit.networks()),
        "## GANs to train, for making images\n",
        *map(gan, registry.gans()),
        "## Trained generators\n",
        *map(generator, registry.generators()),
    ]
    return "\n".join(parts)


def threshold(name: str) -> str:
    """Formula, source and parameters of a threshold."""
    module = importlib.import_module(f"cvkit.classic.thresholds.{name}")
    first, *rest = re.split(r"\n\n", inspect.getdoc(module))
    formula = "\n\n".join(f"```\n{inspect.cleandoc(part)}\n```" if part.startswith(" ") else part for part in rest)
    return f"### {name}\n\n{first}\n\n{picture(name)}\n\n{formula}\n\n{parameters(registry.decision(module))}"


def picture(name: str) -> str:
    """The line that shows a small picture."""
    return f"![{name} on both images](thumbs/{name}.png)"


@cache
def scenes() -> dict[str, np.ndarray]:
    """What the small pictures show: the foreground of a threshold, and the image."""
    page, nuclei = (cvkit.read(HERE.parent / "data" / f"{name}.png") for name in ("page", "nuclei"))
    return {"dark": page[20:116, 150:310], "bright": nuclei[100:292:2, 20:340:2]}


@cache
def thumbs() -> dict[str, np.ndarray]:
    """The small pictures of all methods: (96, 328) uint8, the answers to both images beside each other."""
    found = {side: segment_each(image, registry.thresholds(), foreground=side) for side, image in scenes().items()}
    pictures = {name: [gray(found[side][name]) for side in found] for name in registry.thresholds()}
    pictures |= {name: [gray(cvkit.segment(image, name)) for image in scenes().values()] for name in models()}
    between = np.full((96, 8), 128, np.uint8)
    pictures["images"] = [paint.as_rgb(image)[:, :, 0] for image in scenes().values()]
    return {name: np.hstack([left, between, right]) for name, (left, right) in pictures.items()}


def gray(answer: np.ndarray | str) -> np.ndarray:
    """A mask in black and white, classes from black to white, a reason to have failed in grey."""
    if isinstance(answer, str):
        return np.full((96, 160), 128, np.uint8)
    return (answer.astype(np.float64) * (255 / max(answer.max(), 1))).astype(np.uint8)


def models() -> list[str]:
    """The trained models that cvkit carries."""
    return [name for name in cvkit.methods() if name not in registry.thresholds()]


def function(name: str, call) -> str:
    """What a step or a network does, with its parameters."""
    entry = inspect.getdoc(call).split("\nParameters\n")[0].split("\nExamples\n")[0].strip()
    kinds = ""
    if name in cvkit.steps():
        found = registry.find(name)
        gives = "the same" if found.gives == "same" else found.gives
        kinds = f" ({' or '.join(found.takes)} to {gives})"
    return f"### {name}\n\n{entry}{kinds and chr(10) * 2 + 'Kinds' + kinds + '.'}\n\n{parameters(call)}"


def gan(name: str) -> str:
    """What a GAN is, and what may be set."""
    build = registry.gan(name)
    return f"### {name}\n\n{inspect.getdoc(importlib.import_module(build.__module__))}\n\n{parameters(build)}"


def generator(name: str) -> str:
    """The card of a trained generator in words."""
    card = read_generator_card(registry.GENERATORS / name)
    told = f" Told a class: {', '.join(card['classes'])}." if card["classes"] else ""
    figures = "\n".join(
        f"- {images}: {', '.join(f'{measure} {value}' for measure, value in values.items())}"
        for images, values in card["figures"].items()
    )
    lines = [
        f"### {name}",
        card["summary"],
        f"`{card['gan']}`, {' x '.join(map(str, card['shape']))} {card['dtype']}.{told}",
        f"Trained on: {card['data']} {card['steps']} steps, seed {card['seed']}, {card['seconds'] / 60:.0f} minutes. "
        f"Licence of the weights: {card['licence']}.",
        figures + "\n",
    ]
    return "\n\n".join(lines)


def more(name: str) -> str:
    """What a function that is no step does, and how it is called."""
    call = getattr(components, name)
    plain = [p.replace(annotation=p.empty) for p in inspect.signature(call).parameters.values()]
    return function(name, call).replace("\n\n", f"\n\n`{name}{inspect.Signature(plain)}`\n\n", 1)


def parameters(call) -> str:
    """A list of the parameters that may be set, with their defaults and what the docstring says of each."""
    said = dict(re.findall(r"^(\w[\w, ]*?) : ([^\n]*(?:\n    [^\n]+)*)", inspect.getdoc(call), re.MULTILINE))
    said = {name.strip(): text for names, text in said.items() for name in names.split(",")}
    lines = []
    for name, parameter in registry.of_callable(call).parameters.items():
        kind, _, text = said.get(name, "").partition("\n")
        value = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
        lines.append(
            f"- `{name}{value}` ({kind}): {' '.join(text.split())}" if text else f"- `{name}{value}` {kind}".rstrip()
        )
    return "\n".join(lines) + "\n" if lines else "No parameters.\n"


def training(card: dict) -> str:
    """How long a model was trained: on a GPU, by `benchmarks/long_training.py`, or by `cvkit.train`, or both."""
    parts = []
    if long := card.get("long"):
        parts.append(f"{long['steps']} steps, {long['seconds'] / 60:.0f} minutes of one {long['device']}")
    if "epochs" in card:
        parts.append(f"{card['epochs']} epochs, seed {card['seed']}, {card['seconds'] / 60:.0f} minutes")
    return "; then ".join(parts) or "Nobody wrote down for how long"


def model(name: str) -> str:
    """The card of a trained model in words."""
    card = read_card(registry.TRAINED / name)
    around = [card["preprocess"], card["network"], card["postprocess"]]
    names = list(next(iter(card["figures"].values())))
    rows = [["images", *names], ["---"] * (1 + len(names))]
    rows += [[kind, *(f"{scores[name]:.3f}" for name in names)] for kind, scores in card["figures"].items()]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    lines = [
        f"### {name}",
        card["summary"],
        picture(name),
        f"`{' | '.join(part for part in around if part)}`, classes {', '.join(card['classes'])}.",
        f"Trained on: {card['data'].rstrip('.')}. {training(card)}. Licence of the weights: {card['licence']}.",
        table,
        "- `threshold=0.5` (float, 0..1): Probability above which a pixel is foreground.\n",
    ]
    return "\n\n".join(lines)


def html() -> int:
    """Build all pages; a warning is a fault."""
    try:
        from sphinx.cmd.build import main
    except ImportError:
        sys.exit("Sphinx is missing: pip install -e '.[docs]'")
    return main(["-W", "--keep-going", "-q", "-b", "html", str(HERE), str(HERE / "_build" / "html")])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    for name, picture_of in thumbs().items():
        cvkit.write(THUMBS / f"{name}.png", picture_of)
    print(f"{PAGE} is written.")
    if sys.argv[1:] == ["html"]:
        sys.exit(html())
