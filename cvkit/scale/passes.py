"""Follow the stages of a pipeline over the tiles of an image: what must be known of the whole is found pass by pass."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cvkit.arrays import Table, as_gray, as_image
from cvkit.classic import counted
from cvkit.classic.components.regions import NEIGHBOURS
from cvkit.classic.histogram import Extent, Histogram
from cvkit.classic.runs import runs
from cvkit.errors import CvkitError
from cvkit.scale.crops import crops, measure_objects, ordered, split_objects
from cvkit.scale.engine import Pool
from cvkit.scale.objects import WANTED, Objects, columns_of, filters
from cvkit.scale.rasters import Apart, Made, Painted, Store, Tiles
from cvkit.scale.seams import find_objects, stitch
from cvkit.scale.stages import Stage

LOST = "worker-lost"  # for which a tile is tried once more


class Work:
    """The passes over one image.

    Parameters
    ----------
    pool : Pool
        Who works on tiles.
    tiles : Tiles
    scratch : Path
        A folder that all workers see.
    """

    def __init__(self, pool: Pool, tiles: Tiles, scratch: Path) -> None:
        self.pool, self.tiles, self.scratch, self.stores = pool, tiles, scratch, 0

    def follow(self, image: Any, plan: list[Stage]) -> "Any | Objects | Table":
        """Follow all stages; give an image that can be read in parts, objects or a table."""
        for number, stage in enumerate(plan):
            wanted = {name for later in plan[number:] for name in _wanted(later)}
            image = getattr(self, f"_{stage.way}")(image, stage, frozenset(wanted))
        return image

    def each(self, function: Callable, *given: Any) -> Iterator[tuple[int, Any]]:
        """Call a function for every tile, (*given, number of the tile); give the results as they come."""
        every, again = ((*given, number) for number in range(len(self.tiles))), []
        for jobs in (every, again):
            for job, done in self.pool.results(function, jobs):
                fault = done.exception()
                if isinstance(fault, CvkitError) and fault.code == LOST and jobs is not again:
                    again.append(job)
                    continue
                yield job[-1], done.result()

    def _look(self, image: Any, stage: Stage, wanted: frozenset) -> Made:
        return Made(_raster(image), stage.function, stage.reach)

    def _count(self, image: Any, stage: Stage, wanted: frozenset) -> Made:
        measure, apply = stage.function.counted
        found = measure(self._histogram(_raster(image)), **_defaults(stage, measure))
        return Made(_raster(image), partial(apply, **found))

    def _threshold(self, image: Any, stage: Stage, wanted: frozenset) -> Made:
        own, image = dict(stage.arguments), Made(_raster(image), as_gray)
        foreground, nan = own.pop("foreground", "bright"), own.pop("nan", "raise")
        own.pop("exact", None)
        histogram, found = self._histogram(image, nan), None
        if not counted.is_constant(histogram):
            found = counted.decide(stage.name, histogram, _dtype(image), own)
        elif counted.is_several(stage.name):
            found = []
        if foreground == "auto":
            foreground = self._side(image, histogram, nan)
        return Made(image, partial(counted.compare, threshold=found, foreground=foreground, nan=nan))

    def _around(self, image: Any, stage: Stage, wanted: frozenset) -> Made:
        how, image = dict(stage.arguments), Made(_raster(image), as_gray)
        how.pop("exact", None)
        if not self._varies(image):
            return Made(image, partial(counted.compare, threshold=None))
        if how.get("foreground") == "auto":
            how["foreground"] = self._side(image, self._histogram(image), "raise")
        return Made(image, partial(counted.around, method=stage.name, **how), stage.reach)

    def _network(self, image: Any, stage: Stage, wanted: frozenset) -> Any:
        card, codes = stage.arguments["card"], Made(_raster(image), stage.function, stage.reach)
        if card["answer"] == "classes":
            return codes
        if not card["contact"]:
            mask = Made(codes, _is_some)
            return self._objects(mask, 8, wanted, labels=True) if card["answer"] == "labels" else mask
        store = self._store()
        for _ in self.each(_keep, codes, store):
            pass
        codes = Painted(store, None, None, 0, np.dtype(np.uint8))
        return Apart(codes, self._objects(Made(codes, _is_core), 8, frozenset(), labels=True).painted())

    def _choose(self, image: Any, stage: Stage, wanted: frozenset) -> Objects:
        how = dict(stage.arguments)
        connectivity = how.pop("connectivity", 8)
        if not (isinstance(image, Objects) and (image.labels or image.connectivity == connectivity)):
            image = self._objects(_raster(image), connectivity, wanted)
        image = self._seen_whole(image, columns_of(stage.name, stage.arguments))
        among = filters()[stage.name](**how)
        image = image if among is None else image.chosen(among)
        return image.numbered() if stage.name == "label" else image

    def _table(self, image: Any, stage: Stage, wanted: frozenset) -> Table:
        objects = self._choose(image, Stage("relabel", "choose", stage.function, _connectivity(stage)), wanted)
        names = columns_of("regions", stage.arguments)
        return self._seen_whole(objects, names).table(names)

    def _split(self, image: Any, stage: Stage, wanted: frozenset) -> Objects:
        whole = self._choose(image, Stage("relabel", "choose", stage.function, _connectivity(stage)), wanted)
        store = crops(whole, self._folder(), "split")
        parts = [None] * len(self.tiles)
        for number, columns in self.each(split_objects, whole.numbered().painted(), store, stage.arguments, wanted):
            parts[number] = columns
        starts, columns, index = ordered(parts)
        return replace(whole, store=store, starts=starts, columns=columns, index=index, labels=True,
                       keep=np.ones(len(index), bool))  # fmt: skip

    def _seen_whole(self, objects: Objects, names: list[str]) -> Objects:
        """Measure what does not add up, each object being seen as a whole."""
        names = [name for name in NEIGHBOURS if name in names and name not in objects.columns]
        if not names:
            return objects
        store, labels = crops(objects, self._folder(), names[0]), objects.numbered().painted()
        kept, columns = np.flatnonzero(objects.keep), {}
        for _, (label, found) in self.each(measure_objects, labels, store, names):
            for name, values in found.items():
                columns.setdefault(name, np.zeros(len(objects.keep), values.dtype))[kept[label - 1]] = values
        return replace(objects, columns=objects.columns | columns)

    def _fill(self, image: Any, stage: Stage, wanted: frozenset) -> Painted:
        background, most = Made(_raster(image), np.logical_not), stage.arguments.get("area")
        around = self._objects(background, 12 - stage.arguments.get("connectivity", 8), frozenset())
        most = np.inf if most is None else most
        return around.chosen(lambda columns: columns["cut"] | (columns["area"] > most)).painted(ground=True)

    def _objects(self, mask: Any, connectivity: int, wanted: frozenset, *, labels: bool = False) -> Objects:
        """Find the objects of a mask, in one pass."""
        store, parts = self._store(), [None] * len(self.tiles)
        for number, columns in self.each(find_objects, mask, store, connectivity, wanted):
            parts[number] = columns
        starts = np.cumsum([0, *(len(part["first"]) for part in parts)])[:-1]
        index, columns = stitch(store, parts, connectivity)
        return Objects(store, starts, index, columns, np.ones(len(columns["first"]), bool), labels, connectivity)

    def _store(self) -> Store:
        return Store(self._folder(), self.tiles)

    def _folder(self) -> Path:
        self.stores += 1
        folder = self.scratch / str(self.stores)
        folder.mkdir()
        return folder

    def _histogram(self, image: Any, nan: str = "raise") -> Histogram:
        """Count all values: in one pass those of 8 and 16 bits, else in two."""
        whole = None
        if _dtype(image).name not in ("uint8", "uint16"):
            for _, found in self.each(_extent, image, self.tiles, nan):
                whole = found if whole is None else whole | (found or whole)
            if whole is None:
                raise CvkitError("image-empty", came="all values of the image are NaN", remedy="replace them")
        total = None
        for _, found in self.each(_count, image, self.tiles, nan, whole):
            total = found if total is None else total if found is None else total + found
        return total

    def _side(self, image: Any, histogram: Histogram, nan: str) -> str:
        height, width = image.shape[:2]
        rows, cols = sorted({0, height - 1}), sorted({0, width - 1})
        lines = [(slice(row, row + 1), slice(0, width)) for row in rows]
        lines += [(slice(1, height - 1), slice(col, col + 1)) for col in cols if height > 2]
        border = [as_gray(image.read(*line)).reshape(1, -1) for line in lines]
        return counted.side(np.concatenate(border, axis=1), histogram, nan)

    def _varies(self, image: Any) -> bool:
        """Whether not all values are equal; the first tile mostly tells."""
        seen = (as_gray(image.read(*self.tiles.place(number))) for number in range(len(self.tiles)))
        first = next(seen)
        return bool((first != first[0, 0]).any()) or any((part != first[0, 0]).any() for part in seen)


def _raster(image: Any) -> Any:
    return image.painted() if isinstance(image, Objects) else image


def _connectivity(stage: Stage) -> dict:
    return {key: value for key, value in stage.arguments.items() if key == "connectivity"}


def _wanted(stage: Stage) -> set[str]:
    """What must be measured of objects for a stage."""
    if stage.way == "split":
        return {"box"}
    names = set(columns_of("regions" if stage.way == "table" else stage.name, stage.arguments))
    return {kind for kind, columns in WANTED.items() if columns & names}


def _defaults(stage: Stage, measure: Callable) -> dict:
    from cvkit.registry import of_callable

    known = {name: one.default for name, one in of_callable(stage.function).parameters.items()}
    return known | stage.arguments


def _dtype(image: Any) -> np.dtype:
    dtype = as_image(image.read(slice(0, 1), slice(0, 1))).dtype
    return np.dtype(np.float32) if dtype == np.float16 else dtype


def _is_some(codes: np.ndarray) -> np.ndarray:
    return codes > 0


def _is_core(codes: np.ndarray) -> np.ndarray:
    from cvkit.deep.decode import CORE

    return codes == CORE


def _extent(image: Any, tiles: Tiles, nan: str, number: int) -> Extent | None:
    return counted.extent(_values(image, tiles, number), nan)


def _count(image: Any, tiles: Tiles, nan: str, whole: Extent | None, number: int) -> Histogram | None:
    return counted.count(_values(image, tiles, number), whole, nan)


def _values(image: Any, tiles: Tiles, number: int) -> np.ndarray:
    """A tile with its channels beside each other, so that all are counted."""
    part = image.read(*tiles.place(number))
    return part.reshape(len(part), -1)


def _keep(image: Any, store: Store, number: int) -> None:
    store.keep(number, runs(image.read(*store.tiles.place(number))))
