"""Who does the work: processes on this machine, the workers of a Dask cluster, or any executor."""

import contextlib
import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from itertools import islice
from queue import SimpleQueue
from typing import Any

from cvkit.arrays import number, whole
from cvkit.cores import cores
from cvkit.errors import CvkitError, WrongType

TIMEOUT = 600.0  # seconds that a task may take, where nothing else is said


class Pool:
    """What tasks are given to.

    Parameters
    ----------
    submit : function
        `(function, *args)` to a `concurrent.futures.Future`. Function, arguments and result go from process to
        process: a function stands at the top of a module.
    width : int
        How many tasks to count on running at the same time.
    """

    def __init__(self, submit: Callable[..., Future], width: int) -> None:
        self.submit, self.width = submit, width

    def results(self, function: Callable, jobs: Iterable[tuple]) -> Iterator[tuple[tuple, Future]]:
        """Call a function for every tuple of arguments; give each with its future as soon as that is done.

        Of a million jobs no more are looked at than keep the workers busy. What a task raises is in its future, but
        for what would befall all others too: no worker starts, or the executor is broken.

        Examples
        --------
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> with ThreadPoolExecutor(2) as threads:
        ...     sorted(done.result() for _, done in Pool(threads.submit, 2).results(pow, [(2, 3), (3, 2)]))
        [8, 9]
        """
        jobs, waiting, done = iter(jobs), {}, SimpleQueue()
        with _held_back(lambda: done.put(None)):
            try:
                while True:
                    for job in islice(jobs, 2 * self.width - len(waiting)):
                        future = self._submit(function, job)
                        waiting[future] = job
                        future.add_done_callback(done.put)
                    if not waiting:
                        return
                    if (future := done.get()) is None:
                        raise KeyboardInterrupt
                    _check(future)
                    yield waiting.pop(future), future
            finally:
                for future in waiting:
                    future.cancel()

    def _submit(self, function: Callable, job: tuple) -> Future:
        try:
            return self.submit(function, *job)
        except BrokenExecutor as fault:
            raise _broken(fault) from None


@contextlib.contextmanager
def _held_back(tell: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C call `tell`, and break nothing off: a lock that is just being taken would stay taken for ever."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: tell())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def check_script() -> None:
    """Refuse to begin within a worker that only looks at the script which started it.

    Raises
    ------
    CvkitError
        With the code ``worker-script``.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        came = "a worker process runs the script that started it, and would start workers itself"
        remedy = "put what the script does under `if __name__ == '__main__':`"
        raise CvkitError("worker-script", came=came, remedy=remedy)


def limits(workers: int | None, timeout: float | None, memory: int | None) -> tuple:
    """Accept how many tasks run at the same time, and how many seconds and bytes each may take; None: any."""
    return (
        None if workers is None else whole(workers, "workers"),
        None if timeout is None else float(number(timeout, "timeout", 0.001)),
        None if memory is None else whole(memory, "memory", high=sys.maxsize),
    )


@contextlib.contextmanager
def executor(
    engine: Any = "local", workers: int | None = None, *, timeout: float | None = TIMEOUT, memory: int | None = None
) -> Iterator[Pool]:
    """Open what tasks are given to; at its end there are no tasks left, after a fault or Ctrl-C at once.

    Parameters
    ----------
    engine : str or concurrent.futures.Executor
        ``"local"``: processes on this machine. ``"tcp://host:port"``: the scheduler of a Dask cluster, whose workers
        see the same files by the same paths. An executor is used as it is, and stays open.
    workers : int, optional
        How many tasks run at the same time; by default one on each core, or as many as the cluster can.
    timeout : float, optional
        Seconds that a task may take before it is given up; an executor of yours takes none.
    memory : int, optional
        Bytes that a local worker may take.

    Yields
    ------
    pool : Pool

    Examples
    --------
    >>> with executor(workers=1) as pool:
    ...     pool.submit(pow, 2, 10).result()
    1024
    """
    check_script()
    workers, timeout, memory = limits(workers, timeout, memory)
    if engine == "local":
        yield from _local(workers or cores(), timeout, memory)
    elif memory is not None:
        came, remedy = "`memory` bounds local workers", "start those of Dask with --memory-limit"
        raise CvkitError("engine-memory", came=came, remedy=remedy)
    elif isinstance(engine, Executor):
        yield Pool(engine.submit, workers or cores())
    elif isinstance(engine, str) and "://" in engine:
        from cvkit.scale.cluster import connect

        with connect(engine, timeout) as (cluster, width):
            yield Pool(cluster.submit, workers or width)
    else:
        expected = "`engine` must be 'local', the address of a Dask scheduler or an Executor"
        raise WrongType("engine-unknown", expected, came=repr(engine), remedy="for example 'tcp://10.0.0.1:8786'")


def _local(workers: int, timeout: float | None, memory: int | None) -> Iterator[Pool]:
    from cvkit.scale.workers import Workers

    pool = Workers(workers, timeout, memory)
    try:
        yield Pool(pool.submit, workers)
        pool.shutdown()
    finally:
        pool.stop()


def _check(future: Future) -> None:
    """Raise what is not the fault of this one task."""
    if future.cancelled():
        raise _broken(CancelledError("its tasks were cancelled"))
    fault = future.exception()
    if isinstance(fault, BrokenExecutor):
        raise _broken(fault)
    if isinstance(fault, CvkitError) and fault.code == "worker-start":
        raise fault


def _broken(fault: BaseException) -> CvkitError:
    return CvkitError("engine-lost", came=f"the executor is broken ({fault})", remedy="run again")
