"""The standard streams, made alike on all systems: no symbol of any script ends a command.

Left alone, Windows writes what goes into a file or to another program in the code page of the country, where Hindi
has no place, and ends lines with two characters; a bare server knows ASCII only. Lists are read as UTF-8, so that is
how they are written. What a terminal cannot show is shown as a question mark.
"""

import atexit
import contextlib
import os
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from typing import NamedTuple


class _Found(NamedTuple):
    """A stream, and how the interpreter had made it."""

    stream: TextIOWrapper
    encoding: str
    errors: str | None


_found: list[_Found] = []  # the standard streams, but for a notebook's


def settle_streams() -> None:
    """UTF-8 and plain line ends into files and to programs; `PYTHONIOENCODING`, where it is set, is heeded.

    A stream that is closed (`moreish ... >&-`) says nothing, and no file that is opened later takes its place.
    """
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            _open_to_nowhere(descriptor, name)
    streams = [stream for stream in (sys.stdout, sys.stderr) if isinstance(stream, TextIOWrapper)]
    _found[:] = [_Found(stream, stream.encoding, stream.errors) for stream in streams]
    for stream in streams:
        _settle(stream)


def _open_to_nowhere(descriptor: int, name: str) -> None:
    try:
        os.fstat(descriptor)
    except OSError:
        nowhere = os.open(os.devnull, os.O_RDWR)
        if nowhere != descriptor:
            os.dup2(nowhere, descriptor)
            os.close(nowhere)
    setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115


def _settle(stream: TextIOWrapper) -> None:
    if stream.isatty() or os.environ.get("PYTHONIOENCODING"):
        if stream.errors == "strict":
            stream.reconfigure(errors="replace")
    else:
        stream.reconfigure(encoding="utf-8", errors="surrogateescape", newline="\n")


@contextlib.contextmanager
def streams_of_a_program(aside: bool) -> Iterator[None]:
    """Streams as another program would find them; afterwards ours again, whatever it has put in their place.

    With `aside`, what it, its children and what it leaves to be done at exit write to stdout goes to stderr.
    """
    ours = sys.stdout, sys.stderr
    found = [one for one in _found if one.stream in ours]
    for stream, encoding, errors in found:
        stream.reconfigure(encoding=encoding, errors=errors, newline=None)
    try:
        with _stdout_to_stderr() if aside else contextlib.nullcontext():
            yield
            with contextlib.suppress(ValueError, OSError):  # closed
                sys.stdout.flush()
    finally:
        sys.stdout, sys.stderr = ours
        for stream, *_ in found:
            if not stream.closed:
                _settle(stream)


@contextlib.contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    try:
        out, err = sys.stdout.fileno(), sys.stderr.fileno()
    except (OSError, ValueError, AttributeError):  # a notebook's
        with contextlib.redirect_stdout(sys.stderr):
            yield
        return
    sys.stdout.flush()
    kept = os.dup(out)
    os.dup2(err, out)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError, OSError):
            sys.stdout.flush()
        os.dup2(kept, out)
        os.close(kept)
        if sys.stdout is sys.__stdout__:
            atexit.register(os.dup2, err, out)  # called before all that the program has registered
