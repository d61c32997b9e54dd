"""Wording: what an option is called where a sentence is read, a flag in a terminal and an argument in Python.

What is written in a terminal's words is translated further for a server's fields and the shell (`inference.naming`)
and for the studio's form (`words.ts` of its page).
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_in_terminal = ContextVar("in a terminal", default=False)


@contextmanager
def in_a_terminal() -> Iterator[None]:
    """Inside, in this thread and what runs in its context, options are called by their flags."""
    before = _in_terminal.set(True)
    try:
        yield
    finally:
        _in_terminal.reset(before)


def called(option: str, value: str | float | bool | None = None) -> str:
    """An option, with a value where one is to be given: `--encoding cp1252`, or `encoding="cp1252"` in Python.

    One with a section has no flag of its own: `data.recognise` is `--set data.recognise=false`, or `recognise=False`.
    """
    section, _, name = option.rpartition(".")
    if not _in_terminal.get():
        return name if value is None else f"{name}={_in_python(value)}"
    if section:
        return f"--set {option}" + ("" if value is None else f"={_in_a_shell(value)}")
    flag = f"--{name.replace('_', '-')}"
    return flag if value is None or value is True else f"{flag} {_in_a_shell(value)}"


def said(terminal: str, python: str) -> str:
    """One of two ways to say what to do: a command, or what a program writes."""
    return terminal if _in_terminal.get() else python


def _in_python(value: str | float | bool) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _in_a_shell(value: str | float | bool) -> str:
    """Plain where it can be, else in quotes."""
    if not isinstance(value, str):
        return json.dumps(value)
    plain = value and value.isprintable() and not set(value) & set(" \"'")
    return value if plain else '"' + value.replace('"', '\\"') + '"'
