"""Worker processes on this machine: one that dies or hangs costs the one task that it had.

Each worker is a process pool of the standard library with a single process, so that nothing is shared which a dying
process could leave locked, and it is certain whose fault it was. (`multiprocessing.Pool` waits for ever for a process
that died; `ProcessPoolExecutor` gives up all tasks of its processes; pebble 5.2 takes no notice of ``os._exit(0)``.)
"""

import importlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from cvkit.cores import cores
from cvkit.errors import CvkitError


class Workers(ThreadPoolExecutor):
    """An executor of which every thread minds a process of its own, and starts another one when that is lost.

    Parameters
    ----------
    many : int
        Processes; they share the cores, so that there are not more threads than cores.
    timeout : float, optional
        Seconds that a task may take; then its process is ended.
    memory : int, optional
        Bytes that a process may take (on Linux; elsewhere the system does not bound it).
    """

    def __init__(self, many: int, timeout: float | None = None, memory: int | None = None) -> None:
        super().__init__(many, "cvkit-worker")
        self.timeout, self.start = timeout, (max(1, cores() // many), memory)
        self.mine, self.processes, self.stopped = threading.local(), set(), False

    def submit(self, function: Callable, /, *args) -> Future:
        """Queue a task. Its future raises a CvkitError with the code ``worker-...`` where its process is lost."""
        return super().submit(self._mind, function, *args)

    def stop(self) -> None:
        """End all processes at once, whatever they are doing."""
        self.stopped = True
        super().shutdown(wait=False, cancel_futures=True)
        for _, process in tuple(self.processes):
            process.kill()
        self.shutdown()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the tasks end, then the processes."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        while wait and self.processes:
            self.processes.pop()[0].shutdown()

    def _mind(self, function: Callable, *args):
        """Run a task in this thread's process."""
        pool, process = worker = self.mine.worker = self._living(getattr(self.mine, "worker", None))
        began = time.monotonic()
        try:
            task = pool.submit(function, *args)
            return task.result(self.timeout)
        except TimeoutError:
            if task.done():
                return task.result()  # its own TimeoutError, or it was done at the last moment
            self._end(worker)
            remedy = "give `timeout` more, or leave the file out"
            raise CvkitError("worker-timeout", came=f"it took longer than {self.timeout:g} s", remedy=remedy) from None
        except BrokenProcessPool:
            self._end(worker)
            seconds = time.monotonic() - began
            came = f"its process {_fate(process.exitcode)} after {seconds:.1f} s"
            raise CvkitError("worker-lost", came=came) from None

    def _living(self, worker: tuple | None) -> tuple:
        """Give the worker, or another one if it was lost, be it that the system ended it while it was idle."""
        if worker in self.processes and worker[1].is_alive():
            return worker
        if worker:
            self._end(worker)
        return self._begin()

    def _begin(self) -> tuple:
        pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _prepare, self.start)
        try:
            number = pool.submit(os.getpid).result()
        except BrokenProcessPool:
            pool.shutdown()
            came = "a worker process ended before it had anything to do; what it said is above"
            remedy = "a script that starts workers does so under `if __name__ == '__main__':`"
            raise CvkitError("worker-start", came=came, remedy=remedy) from None
        (process,) = (child for child in multiprocessing.active_children() if child.pid == number)
        self.processes.add(worker := (pool, process))
        if self.stopped:
            process.kill()
        return worker

    def _end(self, worker: tuple) -> None:
        self.processes.discard(worker)
        worker[1].kill()
        worker[0].shutdown()


def _prepare(threads: int, memory: int | None) -> None:
    """Make a process ready: it leaves Ctrl-C to its parent, ends with it, and keeps to its share of the machine."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(multiprocessing.parent_process(),), daemon=True).start()
    os.environ["OMP_NUM_THREADS"] = str(threads)
    importlib.import_module("cvkit.classic.share").bound_threads()
    if memory is not None:
        bound_memory(memory)


def _follow(parent) -> None:
    """End this process with its parent, even if that is killed."""
    parent.join()
    os._exit(1)


def bound_memory(most: int) -> None:
    """Let an allocation fail that would bring the memory of this process above `most` bytes."""
    try:
        import resource
    except ImportError:  # Windows
        return
    # Not RLIMIT_AS: address space that is only reserved, and files mapped into it, are no memory.
    resource.setrlimit(resource.RLIMIT_DATA, (most, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def _fate(code: int | None) -> str:
    """Say how a process ended."""
    if code is None or code >= 0:
        return f"ended with status {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else "unknown"
    why = ", perhaps as the machine ran out of memory," if name == "SIGKILL" else ""
    return f"was ended by signal {-code} ({name}){why}"
