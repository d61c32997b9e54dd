"""The packages that only collecting needs: found when they are asked for, so that all else here runs without them."""

import importlib
from pathlib import Path
from typing import Any


def needed(name: str) -> Any:
    """A module of such a package."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        cure = "pip install -r tools/background/requirements.txt"
        raise ModuleNotFoundError(f"collecting needs {error.name}: {cure}", name=error.name) from error


def folder_of(name: str) -> Path:
    """Where such a package's files are."""
    return Path(needed(name).__file__).parent
