"""A run as one HTML file that needs no server, no network and no moreish: the page, and what the run has said."""

import base64
import hashlib
from typing import Any

import msgspec

from moreish.runs.folder import METRICS, Run
from moreish.studio import tail
from moreish.studio.page import scripts_and_styles


def exported(run: Run) -> bytes:
    """The file. Raises ValueError where the page is not built."""
    script, style = scripts_and_styles()
    held: dict[str, Any] = {
        "run": run.name,
        "options": run.config.get("options"),
        "source": _without_paths(run.config.get("source")),
        "summary": {**run.summary(), "state": "done" if run.finished else "stopped", "said": ""},
        "records": tail.whole(run.folder / METRICS),
    }
    data = msgspec.json.encode(held).decode().replace("<", "\\u003c").replace("\u2028", "\\u2028")
    script = script.replace("</script", "<\\/script")
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="content-security-policy" content="{policy(script)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>moreish</title><style>{style.replace('</style', '')}</style></head>",
        f'<body><div id="app"></div><script type="application/json" id="held">{data}</script>',
        f'<script type="module">{script}</script></body></html>',
    ]
    return "".join(parts).encode()


def policy(script: str) -> str:
    """Only this script may run, and nothing may be asked of anybody."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"


def _without_paths(source: object) -> object:
    """What is known of the list, without the folders that it stands in: the file is for somebody else."""
    if not isinstance(source, dict):
        return None
    name = str(source.get("name", ""))
    return {"name": name.replace("\\", "/").rpartition("/")[2], "items": source.get("items")}
