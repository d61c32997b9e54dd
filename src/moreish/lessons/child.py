"""One judgement in a process of its own: `python -m moreish.lessons.child 3.2 FILE` writes one JSON object to stdout.

What the answer prints goes to stderr. Whoever started this process ends it when its time is over.
"""

import json
import os
import sys
import warnings
from pathlib import Path

from moreish.lessons.exercises import exercise, judge


def main(id: str, file: str) -> int:
    """Judge; `said` is null where it is right."""
    warnings.simplefilter("ignore")
    result = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    path = Path(file)
    said = judge(exercise(id), path.read_text(encoding="utf-8"), path)
    with result:
        json.dump({"said": said}, result)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
