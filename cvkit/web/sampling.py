"""Generators: the images of a seed, and the way between two of them."""

from pathlib import Path
from typing import Any

import numpy as np

from cvkit import registry
from cvkit.checks import whole
from cvkit.compare import paint
from cvkit.deep.generation import generate, grid, interpolate
from cvkit.deep.generator_card import generator_folder, read_generator_card
from cvkit.encode import encode
from cvkit.errors import CvkitError
from cvkit.web.recipe import quoted

FRAMES = 24  # from one image to the other
MOST = 64


def carried() -> dict[str, Path]:
    """List the generators that cvkit carries."""
    return {name: generator_folder(name) for name in registry.generators()}


def describe(folders: dict[str, str]) -> list[dict[str, Any]]:
    """Tell a browser of each generator what it makes, without those that paint class maps."""
    found = []
    for name, folder in folders.items():
        card = read_generator_card(folder)
        if card["condition"] != "map":
            about = {key: card[key] for key in ("summary", "shape", "classes")}
            found.append({"name": name, **about})
    return found


def sample(folder: str, name: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Make images of one seed, or the way from the first image of one seed to that of another.

    Parameters
    ----------
    folder : str
        Of the generator.
    name : str
        What it is called in the command.
    asked : dict
        ``seeds``: a list of one or two; ``condition``: the class to make, or None; ``truncation``, ``count``: of the
        images of one seed.

    Returns
    -------
    made : dict
        ``picture``: a PNG, the way below each other in `FRAMES` and one more; ``command`` and ``python`` of the images.
    """
    seeds, condition = asked.get("seeds"), asked.get("condition")
    if not isinstance(seeds, list) or len(seeds) not in (1, 2):
        raise CvkitError("parameter-seeds", "one seed or two were expected", came=str(seeds)[:80])
    if len(seeds) == 2:
        images = interpolate(folder, seeds, frames=FRAMES, condition=condition)
        python = f"cvkit.deep.generation.interpolate({name!r}, {seeds}, frames={FRAMES}, condition={condition})"
        return {"picture": _picture(grid(images, columns=1, margin=0)), "frames": len(images), "python": python}
    count, truncation = whole(asked.get("count", 16), "count", 1, MOST), asked.get("truncation", 1.0)
    images = generate(folder, count, condition=condition, truncation=truncation, seed=seeds[0])
    more = {"condition": condition, "truncation": truncation, "seed": seeds[0]}
    arguments = ", ".join(f"{key}={value!r}" for key, value in more.items())
    command = f"cvkit generate {quoted(name)} -n {count} -s {seeds[0]} -t {truncation}"
    return {
        "picture": _picture(grid(images)),
        "frames": 0,
        "command": command if condition is None else f"{command} -c {condition}",
        "python": f"cvkit.generate({name!r}, {count}, {arguments})",
    }


def _picture(image: np.ndarray) -> bytes:
    return encode(paint.as_rgb(image), ".png", False)
