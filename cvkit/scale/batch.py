"""Many files: one pipeline over thousands of images, where no file, crash or power cut costs more than its own work."""

import contextlib
import hashlib
import inspect
import os
import pickle
import time
from collections.abc import Iterable
from concurrent.futures import Executor, Future
from functools import lru_cache
from pathlib import Path

from cvkit import __version__
from cvkit.errors import CvkitError, FileFault, check_parameters, shown
from cvkit.io import read
from cvkit.pipeline import Pipeline
from cvkit.scale.answers import count, write_answer
from cvkit.scale.engine import TIMEOUT, check_script, executor, limits
from cvkit.scale.files import gather
from cvkit.scale.journal import Journal
from cvkit.scale.summary import Row, Summary

READING = ("gray", "page", "allow_truncated", "max_pixels", "max_bytes")
STOPS = ("disk-full", "disk-read-only")  # what would befall all other files too


def run(
    pipeline,
    files: str | os.PathLike | Iterable[str | os.PathLike],
    out: str | os.PathLike,
    *,
    workers: int | None = None,
    engine: str | Executor = "local",
    timeout: float | None = TIMEOUT,
    memory: int | None = None,
    progress: bool | None = None,
    **reading,
) -> Summary:
    """Run a pipeline over many files; what was stopped or killed goes on where it was when the same is called again.

    Every answer appears whole or not at all, and a line in ``OUT/journal.jsonl`` says so. What is there already, made
    by the same pipeline from the same file, is kept. A file that cannot be read, that crashes its process, hangs or
    takes too much memory costs that file alone: the summary names it with the reason. In a script, call it under
    ``if __name__ == "__main__":``, as workers look at the script.

    Parameters
    ----------
    pipeline : str, Pipeline, callable or list
        As `cvkit.Pipeline` takes it. Functions of yours stand at the top of a module.
    files : path, or an iterable of paths
        Folders (with all below), patterns such as ``"scans/**/*.tif"``, files.
    out : path
        A folder. Answers are called ``NAME-mask.png``, ``NAME-labels.png``, ``NAME-table.csv``, and lie as the images
        do in theirs.
    workers : int, optional
        Files at the same time; by default one on each core. The workers share the cores.
    engine : str or concurrent.futures.Executor
        ``"local"``: processes on this machine. ``"tcp://host:port"``: the scheduler of a Dask cluster whose workers see
        the files by the same paths. An executor of yours knows no `timeout`.
    timeout : float, optional
        Seconds that a file may take; None: any.
    memory : int, optional
        Bytes that a local worker may take, on Linux; by default any.
    progress : bool, optional
        Whether to show how far it is, how fast, and the time left; by default on a terminal.
    **reading
        As of `cvkit.read`: ``page``, ``max_pixels``, ``allow_truncated``...

    Returns
    -------
    summary : Summary
        ``rows``, one a file, and ``failed``, those of them that failed; printed, it says it in words.

    Raises
    ------
    CvkitError
        If a folder or a pattern holds no image, another process writes to `out`, or the disk is full: then make room
        and call it again.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as out:
    ...     summary = run("otsu | label", ["data/coins.png", "data/missing.png"], out, workers=1)
    >>> [(row.status, row.objects) for row in summary.rows]
    [('done', 96), ('failed', None)]
    >>> summary.failed[0].reason
    'there is no such file; check the path.'
    """
    check_script()
    began, out = time.monotonic(), Path(out)
    check_parameters("cvkit.read", reading, READING)
    workers, timeout, memory = limits(workers, timeout, memory)
    pipeline = pipeline if isinstance(pipeline, Pipeline) else Pipeline(pipeline)
    places, packed, failed = gather(files, out), _packed(pipeline), 0
    with Journal(out, _settings(pipeline, reading), [timeout, memory]) as journal:
        lines = {place: journal.known(place, _stamp(source)) for place, source in places.items()}
        kept = {place for place, line in lines.items() if line}
        new = (_begun(place, source) for place, source in places.items() if place not in kept)
        jobs = ((packed, reading, os.getcwd(), str(out), line) for line in new)
        with _bar(progress, lines, kept) as bar, executor(engine, workers, timeout=timeout, memory=memory) as pool:
            for (*_, line), future in pool.results(segment_file, jobs):
                lines[line["name"]] = line = line | _outcome(future)
                if line.get("code") in STOPS:
                    raise _stopped(line, lines, out)
                journal.write(line)
                failed += "reason" in line
                bar.set_postfix(failed=failed, refresh=False)
                bar.update()
        summary = Summary([_row(line, kept) for line in lines.values()], out, time.monotonic() - began)
        journal.write({"end": str(summary).splitlines()[0]})
    return summary


def segment_file(pipeline: bytes, reading: dict, home: str, out: str, line: dict) -> dict:
    """Run a pipeline on one file, in a worker.

    Parameters
    ----------
    pipeline : bytes
        A pickled `Pipeline`.
    reading : dict
        Arguments of `cvkit.read`.
    home : str
        The folder from which paths are meant: workers of Dask may have begun in another one.
    out : str
        The folder of all answers.
    line : dict
        Of the journal: ``file``, the image, and ``name``, its place in `out`.

    Returns
    -------
    outcome : dict
        What to add to the line: ``seconds``, and ``output`` and ``objects``, or a ``code`` and a ``reason``.
    """
    began, source, folder = time.perf_counter(), os.path.join(home, line["file"]), Path(home, out)
    try:
        answer = _unpacked(pipeline)(read(source, **reading))
        path = write_answer(folder / line["name"], answer)
        outcome = {"output": path.relative_to(folder).as_posix(), "objects": count(answer)}
    except (Exception, SystemExit) as fault:  # as text, since not every exception goes from process to process
        outcome = _reason(fault, source)
    return outcome | {"seconds": round(time.perf_counter() - began, 4)}


def _packed(pipeline: Pipeline) -> bytes:
    try:
        return pickle.dumps(pipeline)
    except (pickle.PicklingError, AttributeError, TypeError) as fault:
        came = f"{pipeline} cannot go to another process ({fault})"
        remedy = "put its functions at the top of a module, without lambdas"
        raise CvkitError("pipeline-function", came=came, remedy=remedy) from None


@lru_cache(maxsize=4)
def _unpacked(pipeline: bytes) -> Pipeline:
    """The pipeline again, once a worker: its models stay loaded."""
    return pickle.loads(pipeline)


def _settings(pipeline: Pipeline, reading: dict) -> dict:
    """What the answers depend on, besides the images: of models the checksum, of functions the source."""
    digest = hashlib.sha256()
    for step in pipeline.steps:
        if step.entry.model:
            digest.update((step.entry.model / "card.json").read_bytes())  # it holds the checksums of the others
        elif not step.entry.found:
            with contextlib.suppress(OSError, TypeError):  # what was typed at a prompt has no source
                digest.update(inspect.getsource(step.entry.call).encode())
    return {"pipeline": str(pipeline), "content": digest.hexdigest(), "reading": reading, "cvkit": __version__}


def _begun(place: str, source: Path) -> dict:
    """What a line of the journal begins with: nothing is known yet but the file."""
    return {"name": place, "file": str(source), "stamp": _stamp(source)}


def _stamp(source: Path) -> str:
    """Size and time of a file, by which it is known to be the same."""
    try:
        about = os.stat(source)
    except (OSError, ValueError):  # the worker says in words what is wrong
        return ""
    return f"{about.st_size}:{about.st_mtime_ns}"


def _stopped(line: dict, lines: dict, out: Path) -> FileFault:
    done = sum(known is not None for known in lines.values()) - 1
    came = f"{line['reason']} {done} of {len(lines)} files are settled"
    return FileFault(line["code"], came=came, remedy="then call it again: it goes on from there", file=out)


def _outcome(future: Future) -> dict:
    fault = future.exception()
    return _reason(fault) if fault else future.result()


def _reason(fault: BaseException, source: str = "") -> dict:
    """Put a fault into words, without the file's name, which stands beside it."""
    code = fault.code if isinstance(fault, CvkitError) else type(fault).__name__
    words = " ".join(str(fault).split()) or type(fault).__name__
    return {"code": code, "reason": shown(words.removeprefix(f"{shown(source)}: "))}


def _row(line: dict, kept: set[str]) -> Row:
    status = "failed" if "reason" in line else "kept" if line["name"] in kept else "done"
    return Row(line["file"], status, *(line.get(name) for name in ("seconds", "objects", "output", "reason")))


def _bar(progress: bool | None, lines: dict, kept: set[str]):
    from tqdm import tqdm

    hidden = None if progress is None else not progress  # None: where there is no terminal
    return tqdm(total=len(lines), initial=len(kept), unit="file", disable=hidden, dynamic_ncols=True)
