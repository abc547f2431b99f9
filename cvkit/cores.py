"""How many cores this process may use. `OMP_NUM_THREADS` bounds them, as it does in other libraries."""

import os


def cores() -> int:
    """Give the number of cores: what is asked for, else all that the system lets this process run on."""
    if many := asked():
        return many
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def asked() -> int:
    """Give the number of threads that `OMP_NUM_THREADS` asks for; 0 where it asks for none.

    Examples
    --------
    >>> asked() >= 0
    True
    """
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(first) if first.isascii() and first.isdigit() else 0
