"""The most memory that a call takes, as the system counts it."""

from collections.abc import Callable
from pathlib import Path

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_of(call: Callable[[], object]) -> float:
    """Run a function and measure how far the process grew meanwhile.

    Parameters
    ----------
    call : function
        Its result is dropped, and it may fail.

    Returns
    -------
    bytes : float
        The peak above what the process held before; what Python and the libraries keep for reuse counts as held. NaN
        where the system does not tell, which only Linux does.
    """
    try:
        RESET.write_text("5")  # the peak starts again from what is held now
        before = _peak()
    except (OSError, ValueError):
        before = float("nan")
    try:
        call()
    except Exception:
        return float("nan")
    return _peak() - before if before == before else before


def _peak() -> float:
    for line in STATUS.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024.0 * int(line.split()[1])
    raise ValueError("the status of a process has no line VmHWM here")
