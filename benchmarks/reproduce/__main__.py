"""Run the jobs that are not done yet, several at a time, and write docs/ladder.md after each."""

import argparse
import fnmatch
import multiprocessing
import os
import sys
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path

from benchmarks.reproduce.job import Work
from benchmarks.reproduce.jobs import JOBS, do
from benchmarks.reproduce.report import page
from moreish.errors import Interrupted


def main() -> int:
    """0 when everything that was asked for is done, 130 when interrupted."""
    ask = argparse.ArgumentParser(prog="python -m benchmarks.reproduce", description=__doc__)
    ask.add_argument("--jobs", type=int, default=1, help="how many at a time (%(default)s)")
    ask.add_argument("--only", default="*", help="jobs that match this pattern, like 'lecture-*'")
    ask.add_argument("--quick", action="store_true", help="20 steps for each net, into a folder of its own")
    ask.add_argument("--work", type=Path, default=Path("runs/reproduce"), help="where runs and figures are kept")
    ask.add_argument("--out", type=Path, default=Path("docs/ladder.md"))
    asked = ask.parse_args()
    if "MOREISH_DATA" not in os.environ:
        print("reproduce: say where names.txt and tinyshakespeare.txt are: MOREISH_DATA=folder", file=sys.stderr)
        return 2
    folder = asked.work / "quick" if asked.quick else asked.work
    work = Work(folder.resolve(), Path(os.environ["MOREISH_DATA"]).resolve(), asked.quick)
    out = folder / "results.md" if asked.quick else asked.out
    out.parent.mkdir(parents=True, exist_ok=True)
    names = [name for name in JOBS if fnmatch.fnmatch(name, asked.only)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(asked.jobs, mp_context=context, max_tasks_per_child=1) as pool:
        futures = {pool.submit(do, work, name): name for name in names}
        try:
            return _gather(futures, work, out)
        except (KeyboardInterrupt, Interrupted):
            pool.shutdown(cancel_futures=True)
            print("interrupted; the same command goes on from here", file=sys.stderr)
            return 130
        finally:
            out.write_text(page(work.result), encoding="utf-8")


def _gather(futures: dict[Future[str], str], work: Work, out: Path) -> int:
    """Say how each job ends; one that fails does not stop the others."""
    failed = 0
    for future in as_completed(futures):
        name = futures[future]
        try:
            future.result()
        except Exception as error:
            failed = 1
            print(f"{name} failed: {error!r}", file=sys.stderr)
        else:
            done = work.result(name)
            print(f"{name}: {done['seconds']:,.0f} s" if done else name, flush=True)
        out.write_text(page(work.result), encoding="utf-8")
    return failed


if __name__ == "__main__":
    sys.exit(main())
