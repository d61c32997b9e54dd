"""moreish info: what a report about a fault needs."""

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path
from typing import Any

from moreish.cli.flags import DEFAULT_ROOT, Json, Root

PACKAGES = ("numpy", "torch", "cyclopts", "filelock", "msgspec", "rich", "safetensors")
OF_EXTRA = re.compile(r"""(?P<package>[\w.-]+).*extra == ['"](?P<extra>[\w-]+)['"]""")


def info(*, root: Root = DEFAULT_ROOT, json: Json = False) -> None:
    """What a report about a fault needs: versions, processor, threads, extras, folders."""
    from moreish.cli.show import emit, show, table, telling

    with telling("loading PyTorch", json):
        found = collected(root)
    if json:
        emit(found)
        return
    rows = [(name, _shown(value)) for name, value in found.items() if not isinstance(value, dict)]
    for group in (value for value in found.values() if isinstance(value, dict)):
        rows += [(f"  {name}", _shown(value)) for name, value in group.items()]
    show(table([("", "left"), ("", "left")], rows))


def collected(root: Path) -> dict[str, Any]:
    """All of it, plain."""
    import torch

    from moreish import __file__ as module
    from moreish import __version__
    from moreish.data.sources import data_folder
    from moreish.fitting.cores import usable_cores
    from moreish.models import foreign_models

    return {
        "moreish": __version__,
        "installed in": str(Path(module or "").parent),
        "python": f"{platform.python_version()} ({platform.python_implementation()}), {sys.executable}",
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "machine": platform.machine(),
        "cores": usable_cores(),
        "threads of torch": torch.get_num_threads(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "CUDA": torch.version.cuda if torch.cuda.is_available() else None,
        "packages": {name: _version(name) for name in PACKAGES},
        "extras": extras(),
        "other models": {name: found.value for name, found in foreign_models().items()},
        "folders": {"runs": str(root.absolute()), "lists": str(data_folder())},
    }


def extras() -> dict[str, bool]:
    """Extra -> whether all its packages are installed."""
    try:
        about = metadata("moreish")
    except PackageNotFoundError:  # run from a folder that was not installed
        return {}
    found = {name: True for name in about.get_all("Provides-Extra") or [] if name != "dev"}
    for needed in about.get_all("Requires-Dist") or []:
        if (of := OF_EXTRA.match(needed)) and of["extra"] in found and _version(of["package"]) is None:
            found[of["extra"]] = False
    return found


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _shown(value: object) -> str:
    from moreish.cli.show import printable

    words = {True: "installed", False: "not installed", None: "none"}
    return printable(words[value] if isinstance(value, bool | None) else str(value))
