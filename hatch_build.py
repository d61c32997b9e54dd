"""Compiles the kernels into the wheel, where there is a compiler; without one the wheel is a pure one."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.wheel import WheelBuilder

REQUIRED = "MOREISH_REQUIRE_KERNELS"
"""Where this is set, as for wheels that are published, no compiler is an error."""


class KernelsHook(BuildHookInterface[Any]):
    """The libraries become part of the wheel, whose name then says for which platform, and for any Python."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; an editable install has them beside the sources."""
        build = _load(Path(self.root) / "src" / "moreish" / "fast" / "build.py")
        try:
            libraries = build.build_all()
        except build.BuildError as error:
            if os.environ.get(REQUIRED):
                raise
            self.app.display_warning(f"without compiled kernels: {error}")
            return
        builder = self.build_config.builder
        assert isinstance(builder, WheelBuilder)
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{builder.get_best_matching_tag().rpartition('-')[2]}"
        if version != "editable":
            build_data["artifacts"] += [f"/{path.relative_to(self.root).as_posix()}" for path in libraries]


def _load(path: Path) -> ModuleType:
    """A module of the sources, without importing what stands around it."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
