"""Workers of a Dask cluster. This file alone knows of Dask."""

import contextlib
import importlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future

from cvkit.errors import CvkitError, FileFault, LibraryMissing

PATIENCE = 10  # seconds for the scheduler to answer, and for a first worker
AHEAD = 256  # tasks that wait at the scheduler at least, for workers that join later


class Cluster:
    """What submits to the cluster, and bounds the time that a task takes there.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        Of a client of Dask.
    timeout : float, optional
        Seconds after which a task ends its worker process, which its nanny starts anew. Dask tries a task that ended
        its worker on three others, then gives it up.
    """

    def __init__(self, executor: Executor, timeout: float | None) -> None:
        self.executor, self.timeout = executor, timeout

    def submit(self, function: Callable, /, *args) -> Future:
        """Queue a task. Its future raises a CvkitError with the code ``worker-lost`` where it ended its workers."""
        promised, future = self.executor.submit(_work, self.timeout, _place(), function, *args), Future()
        promised.add_done_callback(lambda done: self._settle(done, future))
        return future

    def _settle(self, done: Future, future: Future) -> None:
        if done.cancelled():
            future.cancel()
        if not future.set_running_or_notify_cancel():
            return
        fault = done.exception()
        if type(fault).__name__ == "KilledWorker":  # Dask's
            limit = "" if self.timeout is None else f", as they do where a file takes longer than {self.timeout:g} s"
            came = f"the workers that had it ended{limit}"
            fault = CvkitError("worker-lost", came=came, remedy="their logs may tell why")
        if fault:
            future.set_exception(fault)
        else:
            future.set_result(done.result())


@contextlib.contextmanager
def connect(address: str, timeout: float | None) -> Iterator[tuple[Cluster, int]]:
    """Connect to a scheduler: give what submits, and how many tasks to have ready."""
    try:
        from distributed import Client
    except ImportError:
        came, remedy = "Dask is not installed", "pip install 'cvkit[scale]'"
        raise LibraryMissing("library-missing", came=came, remedy=remedy) from None
    try:
        client = Client(address, set_as_default=False, timeout=PATIENCE)
    except (OSError, ValueError) as fault:
        remedy = "start one with `dask scheduler`, and workers with `dask worker ADDRESS`"
        came = f"no scheduler of Dask answers at {address} ({fault})"
        raise FileFault("cluster-address", came=came, remedy=remedy) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            came, remedy = f"the scheduler at {address} has no workers", "start some with `dask worker ADDRESS`"
            raise CvkitError("cluster-empty", came=came, remedy=remedy) from None
        yield Cluster(client.get_executor(pure=False), timeout), max(AHEAD, sum(client.nthreads().values()))


def _place() -> tuple[str, int]:
    return socket.gethostname(), os.getpid()


def _work(timeout: float | None, home: tuple[str, int], function: Callable, *args):
    """Run a task on a worker: a process of its own, whose end the scheduler takes note of."""
    importlib.import_module("cvkit.classic.share").bound_threads()
    if timeout is None or home == _place():
        return function(*args)
    clock = threading.Timer(timeout, os._exit, [1])
    clock.daemon = True
    clock.start()
    try:
        return function(*args)
    finally:
        clock.cancel()
