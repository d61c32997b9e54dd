"""A server for programs: items and scores over HTTP. Needs the extra [serve]: fastapi and uvicorn.

The names below are loaded when they are first used: the studio takes its guard from here, and none of the models.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moreish.serving.application import app
    from moreish.serving.guard import Guard
    from moreish.serving.work import Limits

__all__ = ["Guard", "Limits", "app"]
HOMES = {"Guard": "guard", "Limits": "work", "app": "application"}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in HOMES:
        return getattr(import_module(f"moreish.serving.{HOMES[name]}"), name)
    raise AttributeError(f"module 'moreish.serving' has no attribute {name!r}")
