"""The rules of the catalogue, one function each; importing this package enters those of every file in it."""

from importlib import import_module
from pkgutil import iter_modules

from moreish.doctor.judge.table import RULES, Rule

for module in iter_modules(__path__):
    import_module(f"{__name__}.{module.name}")

__all__ = ["RULES", "Rule"]
