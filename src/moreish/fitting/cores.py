"""How many processor cores this process may use."""

import os


def usable_cores() -> int:
    """Those that the system gives to this process, where it says so; else all there are; at least 1."""
    if ask := getattr(os, "process_cpu_count", None):  # Python 3.13
        return ask() or 1
    if affinity := getattr(os, "sched_getaffinity", None):  # Linux
        return len(affinity(0))
    return os.cpu_count() or 1
