"""Objects of an image larger than memory: chosen, numbered and tabled by what their tiles have measured together."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cvkit.arrays import Table
from cvkit.classic.components.keep import condition_of
from cvkit.classic.components.moments import ellipses_about
from cvkit.classic.components.regions import BOX, ELLIPSE, NEIGHBOURS, column_names
from cvkit.scale.rasters import Painted, Store

WANTED = {"box": {*BOX, "extent", *NEIGHBOURS}, "moments": {*ELLIPSE}}  # what must be measured for which columns


@dataclass(frozen=True)
class Objects:
    """The objects of an image, some of them kept.

    Parameters
    ----------
    store : Store
        Their runs.
    starts : (tiles,) int64 array
        Where the objects of each tile begin in `index`.
    index : (n,) int32 array
        The object of the image that each object of each tile is a part of.
    columns : dict of arrays
        What is measured of the objects, which are in the order in which rows meet them.
    keep : bool array
        Which of them are still there.
    labels : bool
        Whether they are labels by now, or a mask.
    connectivity : {4, 8}
    """

    store: Store
    starts: np.ndarray
    index: np.ndarray
    columns: dict[str, np.ndarray]
    keep: np.ndarray
    labels: bool
    connectivity: int

    def chosen(self, among: Callable[[dict], np.ndarray]) -> "Objects":
        """Keep those for which a function of the columns of all that are there holds."""
        keep = self.keep.copy()
        keep[keep] = among({name: values[keep] for name, values in self.columns.items()})
        return replace(self, keep=keep)

    def numbered(self) -> "Objects":
        """The same as labels."""
        return replace(self, labels=True)

    def painted(self, *, ground: bool = False) -> Painted:
        """The labels or the mask of them; or on a ground of True the mask of which they are the background."""
        if self.labels:
            values, dtype = np.cumsum(self.keep, dtype=np.int32) * self.keep, np.int32
        else:
            values, dtype = self.keep ^ ground, bool
        path = Path(self.store.folder) / "values.npy"
        np.save(path, values[self.index].astype(dtype))
        return Painted(self.store, path, self.starts, int(ground), np.dtype(dtype))

    def table(self, names: list[str]) -> Table:
        """What `cvkit.classic.components.regions` measures of them."""
        return measured({name: values[self.keep] for name, values in self.columns.items()}, names)


def measured(columns: dict[str, np.ndarray], names: list[str]) -> Table:
    """Make the columns of a table from what adds up, as `cvkit.classic.components.regions.measure` does from runs."""
    area = columns["area"]
    table = {"label": np.arange(1, len(area) + 1, dtype=np.int32), "area": area, "diameter": np.sqrt(4 * area / np.pi)}
    table |= {name: columns[name] for name in NEIGHBOURS if name in names}
    if {*BOX, "extent"} & {*names}:
        table |= {name: columns[name] for name in BOX}
        table["extent"] = area / ((table["row1"] - table["row0"]) * (table["col1"] - table["col0"]))
    if WANTED["moments"] & {*names}:
        y, x, yy, xx, yx = (columns[name] for name in ("y", "x", "yy", "xx", "yx"))
        down, along = (np.rint(2 * of / (2 * area)).astype(np.int64) for of in (y, x))
        yy, xx = yy - 2 * down * y + down * down * area, xx - 2 * along * x + along * along * area
        yx = yx - down * x - along * y + down * along * area
        table |= ellipses_about([down, along], area, y - down * area, x - along * area, yy, xx, yx)
    return {name: table[name] for name in names}


def filters() -> dict[str, Callable[..., Callable[[dict], np.ndarray]]]:
    """The steps that choose among objects by name: each gives, for its parameters, a function of the columns."""

    def largest(count=1):
        def among(columns):
            keep = np.zeros(len(columns["area"]), bool)
            keep[np.argsort(-columns["area"], kind="stable")[:count]] = True
            return keep

        return among

    return {
        "remove_small": lambda area=64: lambda columns: columns["area"] >= area,
        "remove_large": lambda area=4096: lambda columns: columns["area"] <= area,
        "clear_border": lambda: lambda columns: ~columns["cut"],
        "largest": largest,
        "keep_if": lambda condition="area >= 64": _fulfils(condition),
        "label": lambda: None,
        "relabel": lambda: None,
    }


def columns_of(name: str, arguments: dict) -> list[str]:
    """The columns of a table that a step asks for."""
    if name == "regions":
        return column_names(arguments.get("columns"), False)
    return column_names(condition_of(arguments.get("condition", "area >= 64"))[1], False) if name == "keep_if" else []


def _fulfils(condition: str) -> Callable[[dict], np.ndarray]:
    holds, names = condition_of(condition)

    def among(columns):
        with np.errstate(all="ignore"):  # a division by zero is infinite, and compares as such
            return np.broadcast_to(holds(measured(columns, names)), len(columns["area"]))

    return among
