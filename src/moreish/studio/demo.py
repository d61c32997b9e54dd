"""A recorded run that comes along: what it said and how it was set up, without its model.

`tools/studio_demo.py` records it: a net on the bundled names that is broken, found out, and healed.
"""

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

from moreish.runs import folder

RECORDED = Path(__file__).parent / "demo.json.gz"


def demo() -> Path:
    """The folder of the run, unpacked into a temporary place."""
    held: dict[str, Any] = json.loads(gzip.decompress(RECORDED.read_bytes()))
    place = Path(tempfile.mkdtemp(prefix="moreish-")) / "demo"
    run = folder.create(place, held["config"], held["vocab"])
    with run.writing() as writer:
        for record in held["records"]:
            writer.append(record)
    return place


def packed(run: folder.Run) -> bytes:
    """What `demo` unpacks, of a run."""
    options = {"options": run.config["options"], "source": run.config.get("source")}
    held = {"config": options["options"], "vocab": run.vocab, "records": list(run.records())}
    return gzip.compress(json.dumps(held, ensure_ascii=False).encode(), 9, mtime=0)
