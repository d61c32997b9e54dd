"""From flags to Overrides: the TOML file, the flags by section, and `--set`."""

import tomllib
from pathlib import Path

from moreish.cli.flags import Group
from moreish.options import Setting, parse_assignments
from moreish.recipes.overrides import Overrides, Plain


def overrides_of(
    *groups: Group,
    config: Path | None = None,
    set: list[str] | None = None,
    model: str | None = None,
    seed: int | None = None,
) -> Overrides:
    """What was asked for on the command line, beside the recipe."""
    flags: dict[str, object] = {group.section: group.given() for group in groups}
    if model is not None:
        flags["model"] = {"name": model}
    if seed is not None:
        flags["seed"] = seed
    file = {} if config is None else _toml(config)
    return Overrides(file, {key: value for key, value in flags.items() if value != {}}, parse_assignments(set or []))


LARGEST = 2**20  # bytes of a file of options


def _toml(path: Path) -> Plain:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        return tomllib.loads(data.decode("utf-8") if len(data) <= LARGEST else f"larger than {LARGEST:,} bytes")
    except RecursionError:
        raise ValueError(f"{path} is not TOML that has a meaning here: it is nested too deeply") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except ValueError as error:
        raise ValueError(f"{path} is not TOML: {error}") from None


def reading_settings(set: list[str] | None, **flags: Setting) -> dict[str, Setting]:
    """What flags and `--set` say of reading another list. Raises ValueError where it is about anything else."""
    settings = parse_assignments(set or [])
    if other := next((name for name in settings if name != "data"), None):
        raise ValueError(f"{other} is not about how another list is read: --set data.OPTION=VALUE is")
    return {name: value for name, value in flags.items() if value is not None} | settings.get("data", {})
