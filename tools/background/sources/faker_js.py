"""The tables of faker-js, in some sixty languages: MIT. Node reads them, for they are scripts."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tools.background.lists import Collected, Source, lists_in
from tools.background.sources.npm import opened

SPEC = "@faker-js/faker@10.6.0"
SCRIPT = "import(process.argv[1]).then(m => process.stdout.write(JSON.stringify(m.allLocales)))"
LEFT_OUT = (
    "metadata", "pattern", "format", "user_agent", "mime_type", "phone_number", "emoji", "time_zone", "postcode",
    "book/author", "free_email",
)  # fmt: skip


def lists(cache: Path) -> Iterator[Collected]:
    """Every table of texts of every locale, but for given names of English."""
    package, folder = opened(SPEC, cache)
    source = Source("faker-js", package.version, package.licence)
    command = ["node", "-e", SCRIPT, str((folder / "dist" / "index.js").resolve())]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout
    for locale, tables in sorted(json.loads(printed).items()):
        for keys, items in lists_in(tables):
            name = "/".join((locale, *keys))
            english = locale.startswith("en") and "first_name" in name
            if not english and not any(word in name for word in LEFT_OUT):
                yield source.collected(name, "_".join(keys[1:]) or keys[0], items)
