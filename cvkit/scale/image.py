"""One image larger than memory: any pipeline on its tiles, with the answer that the whole would get."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cvkit.arrays import Table, kind_of, whole
from cvkit.errors import CvkitError
from cvkit.io import write
from cvkit.pipeline import Pipeline
from cvkit.scale import sinks, sources
from cvkit.scale.engine import executor
from cvkit.scale.objects import Objects
from cvkit.scale.passes import Work
from cvkit.scale.rasters import GRID, Tiles
from cvkit.scale.stages import stages

TILE = 2048


def segment_large(
    source: Any,
    pipeline: str | Pipeline | Callable,
    out: str | os.PathLike | None = None,
    *,
    tile: int = TILE,
    workers: int | None = None,
    engine: Any = "local",
    page: int | None = None,
) -> Path | Table:
    """Segment an image that is larger than memory, tile by tile; the answer is that of the whole.

    Every step says how far it looks, and tiles overlap by that. Thresholds and percentiles come from counts of all
    tiles: exact for 8 and 16 bits, floats are counted in 65,536 levels. Objects are joined across seams, numbered,
    chosen and measured as those of the whole. The image is read once for what has to be counted and once for the mask;
    from there on its runs are used, which wait in a folder beside `out`.

    Parameters
    ----------
    source : path or array
        A .npy file; a TIFF, tiled, striped or pyramidal, also larger than 4 GB; a zarr array or an OME-Zarr image,
        whose finest level is taken. (H, W) or (H, W, 3).
    pipeline : str, Pipeline or callable
        As of `cvkit.segment`. A function of yours says how far it looks by `cvkit.reach.reach`.
    out : path, optional
        Where the answer goes: .npy, .tif (BigTIFF), .zarr or .ome.zarr; .csv for a table, which needs none on one
        machine. What is found on the way waits beside it; workers of Dask must see that folder.
    tile : int
        Side of a tile, a multiple of 64. A worker takes some 20 bytes for each pixel of it, 100 with a network.
    workers : int, optional
        Tiles at the same time; by default one on each core.
    engine : str or concurrent.futures.Executor
        ``"local"`` for processes on this machine, the address of a Dask scheduler, whose workers see the same files,
        or any executor.
    page : int, optional
        Of a TIFF that holds several images, from 0.

    Returns
    -------
    answer : Path or dict
        `out`; or the table, if the pipeline ends in one.

    Raises
    ------
    FileNotFoundError, OSError, ValueError
        As `cvkit.read`; or, before any work is done, ``tiles-step`` if a step of the pipeline cannot work on tiles,
        with the reason.

    Examples
    --------
    >>> import numpy as np
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> image = np.zeros((200, 300), np.uint8)
    >>> image[50:150, 40:260] = 9
    >>> with ThreadPoolExecutor(1) as engine:
    ...     table = segment_large(image, "otsu | regions(columns='area')", tile=64, engine=engine)
    >>> table
    {'area': array([22000])}
    """
    pipeline = pipeline if isinstance(pipeline, Pipeline) else Pipeline(pipeline)
    if whole(tile, "tile", GRID) % GRID:
        raise CvkitError("parameter-range", f"`tile` must be a multiple of {GRID}", came=str(tile))
    target = _target(out, pipeline.gives)
    _keep_apart(source, target)
    with tempfile.TemporaryDirectory(prefix=".cvkit-", dir=target.parent if target else None) as scratch:
        image = sources.find(source, page, Path(scratch))
        plan = stages(pipeline, image.dtype, image.shape[2:])
        tiles = Tiles(tuple(image.shape[:2]), tile)
        with executor(engine, workers, timeout=None) as pool:
            work = Work(pool, tiles, Path(scratch))
            answer = work.follow(image, plan)
            if isinstance(answer, dict):
                if target:
                    write(target, answer)
                return answer
            _write(work, answer, target)
    return target


def _target(out: str | os.PathLike | None, kind: str | None) -> Path | None:
    if out is None and kind != "table":
        raise CvkitError("output-missing", came="`out` is to say where the answer goes", remedy="such as 'labels.zarr'")
    target = None if out is None else Path(os.path.abspath(os.fsdecode(out)))
    if target is not None:
        sinks.check(target, kind)
    return target


def _keep_apart(source: Any, target: Path | None) -> None:
    """Refuse an answer that would replace the image, or a folder that it lies in."""
    read = getattr(source, "filename", source)  # of a memory map
    if target is None or not isinstance(read, (str, os.PathLike)):
        return
    read, written = (Path(os.path.realpath(os.fsdecode(path))) for path in (read, target))
    if read.is_relative_to(written) or written.is_relative_to(read):
        came = "the answer would replace the image that is read"
        raise CvkitError("output-is-input", came=came, remedy="choose another name", file=target)


def _write(work: Work, answer: Any, target: Path) -> None:
    """Write the answer tile by tile."""
    image = answer.painted() if isinstance(answer, Objects) else answer
    sample = image.read(slice(0, 1), slice(0, 1))
    kind_of(sample)
    with sinks.made(target, work.scratch, image.shape[:2], sample.dtype, work.tiles.side) as sink:
        for _ in work.each(_copy, image, sink, work.tiles):
            pass


def _copy(image: Any, sink: Any, tiles: Tiles, number: int) -> None:
    place = tiles.place(number)
    sink.write(*place, image.read(*place))
