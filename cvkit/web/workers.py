"""Processes that compute and may die: of a fault of a library, of want of memory, or because they took too long."""

import asyncio
import contextlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections import OrderedDict, deque
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from cvkit.errors import CvkitError
from cvkit.web.settings import MB, Settings

WAITING = 200  # tasks of one visitor
START = 300  # seconds that a new process may take on a busy machine


class Worker:
    """A process that does one task at a time; begun anew when it is gone."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self.settings = folder, settings
        self.process: multiprocessing.process.BaseProcess | None = None
        self.lock = threading.Lock()  # between a task and the end of the server

    def run(self, task: str, arguments: dict[str, Any], seconds: float) -> Any:
        """Do a task of `cvkit.web.tasks`, in this thread's time.

        Raises
        ------
        CvkitError
            What the task raised; or that it took too long, or was the end of its process.
        """
        with self.lock:
            try:
                if self.process is None or not self.process.is_alive():
                    self._begin()
                self.pipe.send((task, arguments))
                if not self.pipe.poll(seconds):
                    self._end()
                    remedy = "use a smaller picture, or the command line, which has no limit"
                    raise CvkitError("task-time", came=f"it took longer than {seconds:g} seconds", remedy=remedy)
                done, answer = self.pipe.recv()
            except (EOFError, OSError):
                self._end()
                remedy = "it may need more memory than it is given: try a smaller picture"
                raise CvkitError("task-died", came="the process that computed this broke off", remedy=remedy) from None
            except CvkitError:
                raise
            except BaseException:  # such as no memory for the answer: what is left of it in the pipe is for nobody
                self._end()
                raise
        if not done:
            raise answer
        return answer

    def stop(self) -> None:
        """End the process, whatever it does."""
        if process := self.process:
            process.kill()  # first, so that whoever waits for an answer lets go
        with self.lock:
            self._end()

    def _begin(self) -> None:
        self._end()
        self.folder.mkdir()
        self.pipe, theirs = multiprocessing.Pipe()
        words = (theirs, str(self.folder), self.settings.worker_bytes)
        # Spawned: a copy of a process with threads may hang, and would hold the pictures of all.
        process = multiprocessing.get_context("spawn").Process(target=_work, args=words, daemon=True)
        process.start()
        self.process = process  # only one that is begun can be ended
        theirs.close()
        if not self.pipe.poll(START):
            raise EOFError
        self.pipe.recv()  # it has imported what it needs: only now the time of a task begins

    def _end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.pipe.close()
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)


class Pool:
    """Workers, and a queue in which the visitors take turns: whoever asks for much does not keep the others waiting."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.waiting: OrderedDict[str, deque] = OrderedDict()
        self.folder = Path(tempfile.mkdtemp(prefix="cvkit-web-"))  # mode 700
        self.workers = [Worker(self.folder / str(number), settings) for number in range(settings.workers)]
        self.tasks: list[asyncio.Task] = []

    def start(self) -> None:
        """Begin to serve the queue; the workers themselves begin with their first task."""
        self.ready = asyncio.Semaphore(0)
        self.tasks = [asyncio.create_task(self._serve(worker)) for worker in self.workers]

    async def stop(self) -> None:
        """End all, and leave nothing on the disk."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*(asyncio.to_thread(worker.stop) for worker in self.workers))
        shutil.rmtree(self.folder, ignore_errors=True)

    async def run(self, owner: str, task: str, *, patience: float = 1, **arguments: Any) -> Any:
        """Do a task when it is its turn.

        Parameters
        ----------
        owner : str
            The visitor.
        task : str
            A function of `cvkit.web.tasks`.
        patience : float
            How many times the usual seconds it may take.
        """
        mine = self.waiting.setdefault(owner, deque())
        if len(mine) >= WAITING:
            raise CvkitError(
                "server-busy", came=f"{WAITING} tasks of yours are waiting already", remedy="wait a moment"
            )
        answer = asyncio.get_running_loop().create_future()
        # A slider that moves is looked at; cards can wait.
        (mine.appendleft if task == "segment" else mine.append)(
            (answer, task, arguments, patience * self.settings.seconds)
        )
        self.ready.release()
        return await answer

    async def _serve(self, worker: Worker) -> None:
        while True:
            await self.ready.acquire()
            answer, task, arguments, seconds = self._next()
            if answer.cancelled():  # whoever asked has gone
                continue
            try:
                found = await asyncio.to_thread(worker.run, task, arguments, seconds)
                if not answer.cancelled():
                    answer.set_result(found)
            except Exception as fault:
                if not answer.cancelled():
                    answer.set_exception(fault)
            answer = arguments = found = None  # no picture is held until the next task comes

    def _next(self) -> tuple:
        """Take the first task of the visitor whose turn it is, who then is the last in the row."""
        owner, mine = next(iter(self.waiting.items()))
        task = mine.popleft()
        if mine:
            self.waiting.move_to_end(owner)
        else:
            del self.waiting[owner]
        return task


def placeless(fault: CvkitError) -> CvkitError:
    """Leave out where on this machine a file lies, such as that of a model: no visitor is to know.

    Examples
    --------
    >>> print(placeless(CvkitError("model-file", came="it is not there", file="/home/ada/cells")))
    cells: it is not there.
    """
    if fault.file and os.path.isabs(fault.file):
        fault.file = os.path.basename(fault.file)
    return fault


def _work(pipe: Connection, folder: str, memory: int) -> None:
    """Do what comes through the pipe, until it is closed."""
    for name in {"SIGINT", "SIGHUP"} & set(dir(signal)):  # from the terminal; the server ends its workers itself
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    tempfile.tempdir = folder
    from cvkit.web import tasks

    pipe.send("ready")
    while True:
        try:
            name, arguments = pipe.recv()
        except (EOFError, OSError):  # the server is gone
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):  # the last one to leave clears up after a server that was killed
                Path(folder).parent.rmdir()
            sys.exit()
        try:
            answer = True, getattr(tasks, name)(**arguments)
        except CvkitError as fault:
            answer = False, placeless(fault)
        except MemoryError:
            came = f"it needs more than the {memory // MB:,} MB that it is given"
            answer = False, CvkitError("task-memory", came=came, remedy="use a smaller picture")
        except Exception as fault:
            said = " ".join((getattr(fault, "strerror", None) or str(fault)).replace(folder, "").split())[:300]
            answer = False, CvkitError("task-failed", came=f"{type(fault).__name__}: {said}")
        with contextlib.suppress(OSError):
            pipe.send(answer)
        del answer, arguments
