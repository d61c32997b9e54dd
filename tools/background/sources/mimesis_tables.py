"""The data sets of Mimesis, in some forty languages: MIT."""

import json
from collections.abc import Iterator
from importlib.metadata import version

from tools.background.lists import Collected, Source, lists_in
from tools.background.packages import folder_of, needed

LEFT_OUT = (
    "format", "user_agent", "hash", "code", "fmt", "http", "mime", "regex", "/text/quotes", "/text/text",
    "/text/questions", "emoji", "alphabet", "mask", "tld", "dns", "user_agents", "romanization", "/int/text",
    "email", "directives", "policies", "timezones", "usernames", "int/cryptographic", "safe_colors",
)  # fmt: skip


def lists() -> Iterator[Collected]:
    """Every list of texts in its JSON files, but for given names of English."""
    source = Source("mimesis", version("mimesis"), "MIT")
    base = folder_of("mimesis") / "datasets"
    for path in sorted(base.rglob("*.json")):
        parts = path.relative_to(base).with_suffix("").parts
        for keys, items in lists_in(json.loads(path.read_text(encoding="utf-8"))):
            name = "/".join((*parts, *keys))
            english = parts[0].startswith("en") and keys[:1] == ("names",)
            if not english and not left_out(name):
                yield source.collected(name, "_".join(keys) or parts[-1], items)
    for path in sorted((base / "int").glob("[a-z]*.py")):
        for key, table in vars(needed(f"mimesis.datasets.int.{path.stem}")).items():
            name = f"int/{path.stem}/{key}"
            if key.isupper() and not left_out(name):
                for keys, items in lists_in(table):
                    yield source.collected("/".join((name, *keys)), key.lower(), items)


def left_out(name: str) -> bool:
    """Whether a table is for programs, or holds sentences whose writers are not known."""
    return any(word in name.lower() for word in LEFT_OUT)
