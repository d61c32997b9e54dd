"""Python packages that make up random names from lists of words by theme: randomname (MIT) and coolname (BSD)."""

from collections.abc import Iterator
from importlib.metadata import version

from tools.background.lists import Collected, Source, lists_in
from tools.background.packages import folder_of, needed


def lists() -> Iterator[Collected]:
    """A list a theme."""
    source = Source("randomname", version("randomname"), "MIT")
    base = folder_of("randomname") / "wordlists"
    for path in sorted(base.rglob("*.txt")):
        parts = path.relative_to(base).with_suffix("").parts
        yield source.collected("/".join(parts), parts[-1], path.read_text(encoding="utf-8").splitlines())
    source = Source("coolname", version("coolname"), "BSD-2-Clause")
    for keys, items in lists_in(needed("coolname.data").config):
        yield source.collected("/".join(keys), keys[0], [item for item in items if "_" not in item])
