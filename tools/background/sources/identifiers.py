"""Names that programs and science use: of Python's own modules (PSF), units of Pint and constants of SciPy (BSD)."""

import importlib
import platform
import re
from collections.abc import Iterator
from importlib.metadata import version

from tools.background.lists import Collected, Source
from tools.background.packages import needed

MODULES = (
    "argparse", "array", "ast", "asyncio", "audioop", "base64", "builtins", "bz2", "calendar", "cmath", "codecs",
    "collections", "concurrent.futures", "configparser", "contextlib", "copyreg", "csv", "ctypes", "curses",
    "datetime", "dbm", "decimal", "difflib", "dis", "email.message", "encodings.aliases", "enum", "errno",
    "fractions", "ftplib", "functools", "gc", "glob", "gzip", "hashlib", "heapq", "html.entities", "http",
    "http.client", "imaplib", "inspect", "io", "ipaddress", "itertools", "json", "keyword", "locale", "logging",
    "mailbox", "math", "mmap", "multiprocessing", "numbers", "opcode", "operator", "os", "os.path", "pathlib",
    "pdb", "pickle", "pickletools", "platform", "plistlib", "profile", "pstats", "queue", "random", "re",
    "resource", "select", "shlex", "shutil", "signal", "smtplib", "socket", "sqlite3", "ssl", "stat", "statistics",
    "string", "struct", "subprocess", "symtable", "sys", "sysconfig", "tarfile", "tempfile", "termios", "textwrap",
    "threading", "time", "token", "tokenize", "traceback", "types", "typing", "unicodedata", "unittest",
    "unittest.mock", "urllib.parse", "uuid", "warnings", "wave", "weakref", "xml.dom", "xml.sax", "zipfile", "zlib",
)  # fmt: skip
STYLES = {
    "constants": re.compile(r"[A-Z][A-Z0-9_]+"),
    "classes": re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*"),
    "functions": re.compile(r"[a-z][a-z0-9_]*"),
}


def lists() -> Iterator[Collected]:
    """All of them."""
    python = Source("python", platform.python_version(), "PSF-2.0")
    for module in MODULES:
        try:
            names = dir(importlib.import_module(module))
        except ImportError:
            continue  # not every system has every module
        for style, items in by_style(names).items():
            yield python.collected(f"{module}/{style}", style, items)
    yield from tables(python)
    yield from measures()


def by_style(names: list[str]) -> dict[str, list[str]]:
    """Names by how they are written: CONSTANTS, Classes and functions."""
    return {style: [name for name in names if shape.fullmatch(name)] for style, shape in STYLES.items()}


def tables(python: Source) -> Iterator[Collected]:
    """Tables that modules hold: signs of HTML, encodings, opcodes, exceptions, messages of errors."""
    import builtins
    import http
    import os
    import sys
    from encodings.aliases import aliases
    from html.entities import html5

    yield python.collected("html/entities", "entities", [f"&{name}" for name in html5])
    yield python.collected("encodings/aliases", "encodings", sorted(aliases))
    yield python.collected("modules", "modules", sorted(name for name in sys.stdlib_module_names if name[0] != "_"))
    errors = [
        name for name, made in vars(builtins).items() if isinstance(made, type) and issubclass(made, BaseException)
    ]
    yield python.collected("exceptions", "exceptions", errors)
    yield python.collected("http/phrases", "phrases", [status.phrase for status in http.HTTPStatus])
    yield python.collected("os/messages", "messages", [os.strerror(number) for number in range(1, 134)])


def measures() -> Iterator[Collected]:
    """Units and physical constants."""
    units = Source("pint", version("pint"), "BSD-3-Clause")
    names = [name for name in needed("pint").UnitRegistry()._units if len(name) > 3]
    yield units.collected("units", "units", names)
    source = Source("scipy", version("scipy"), "BSD-3-Clause")
    yield source.collected("constants", "physical constants", list(needed("scipy.constants").physical_constants))
