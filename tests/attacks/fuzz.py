"""python -m tests.attacks.fuzz [CASES [FIRST [TARGET ...]]]: so many cases of each target, and what came of them."""

import sys
import time

from tests.attacks.judging import run_cases
from tests.attacks.targets import TARGETS, released


def main(arguments: list[str]) -> int:
    """1 where there is a fault."""
    cases = int(arguments[0]) if arguments else 10_000
    first = int(arguments[1]) if len(arguments) > 1 else 0
    found = 0
    with released():
        for name in arguments[2:] or TARGETS:
            TARGETS[name](first)  # what is made once is not counted
            began = time.process_time()
            faults = run_cases(TARGETS[name], cases, first, stop_after=20)
            took = time.process_time() - began
            print(f"{name}: {cases:,} cases from {first:,}, {took:.1f} s of processor time, {len(faults)} faults")
            for fault in faults:
                print(f"  {fault}\n")
            sys.stdout.flush()
            found += len(faults)
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
