"""How long everything is: lines by folder; with `--limit`, a failure for files and functions that are too long."""

import ast
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 400
LONGEST_FUNCTION = 60


def too_long(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT)
    found = []
    if (n := text.count("\n")) > LONGEST_FILE:
        found.append(f"{name}: {n} lines, at most {LONGEST_FILE}")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            n = (node.end_lineno or node.lineno) - node.lineno + 1
            if n > LONGEST_FUNCTION:
                found.append(f"{name}:{node.lineno} {node.name}: {n} lines, at most {LONGEST_FUNCTION}")
    return found


def main(limit: bool) -> int:
    counts: Counter[str] = Counter()
    problems = []
    for folder in ("src", "tests", "benchmarks", "tools"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).parts
            counts["/".join(parts[:3] if folder == "src" and len(parts) > 3 else parts[:1])] += path.read_text(
                encoding="utf-8"
            ).count("\n")
            if folder == "src":
                problems += too_long(path)
    if not limit:
        for name, n in sorted(counts.items()):
            print(f"{n:7,}  {name}")
        print(f"{sum(counts.values()):7,}  in all")
    for line in problems:
        print(line)
    return int(limit and bool(problems))


if __name__ == "__main__":
    sys.exit(main("--limit" in sys.argv))
