"""The standard streams, made alike on all systems: no symbol of any script ends a command.

Left alone, Windows writes what goes into a file or to another program in the code page of the country, where Hindi
has no place, and ends lines with two characters; a bare server knows ASCII only. Lists are read as UTF-8, so that is
how they are written. What a terminal cannot show is shown as a question mark.
"""

import os
import sys
from io import TextIOWrapper


def settle_streams() -> None:
    """UTF-8 and plain line ends into files and to programs; `PYTHONIOENCODING`, where it is set, is heeded."""
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, TextIOWrapper):  # a notebook's
            continue
        if stream.isatty() or os.environ.get("PYTHONIOENCODING"):
            if stream.errors == "strict":
                stream.reconfigure(errors="replace")
        else:
            stream.reconfigure(encoding="utf-8", errors="surrogateescape", newline="\n")
