"""Findings about memory: graphs that are kept from step to step."""

from collections.abc import Iterator

from moreish.doctor.frames.evidence import KeptGraphs
from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import Rule, Verdict, found

GROWN = 16  # tensors or sums more than at first


@Rule(
    "F123",
    "graphs-kept",
    "the graphs of all steps are kept",
    silent="runs of less than a dozen seconds; what is collected for one update and let go; outside of `moreish "
    "doctor`, `start` and the callbacks",
    why="A loss knows all that it was computed from, so that backward can go there.\n"
    "Kept in a list, or summed up over the steps, it keeps that alive as well:\n"
    "memory grows with every step, until there is none.",
    rank=160,
)
def graphs_kept(history: History) -> Iterator[Verdict]:
    """Tensors with a graph, or the sums that one was made by, have grown in proportion to the steps, three times."""
    counts = history.evidence.kept
    for what in ("tensors", "sums"):
        if len(counts) < 3 or not _grows(counts[-3:], what):
            continue
        first, last = counts[-3], counts[-1]
        now, before = getattr(last, what), getattr(first, what)
        sentence = (
            f"{now:,} tensors with the graphs behind them were alive after step {history.at(last.step)}, {before:,} "
            f"after step {history.at(first.step)}: something keeps what steps have made."
            if what == "tensors"
            else f"One number is a sum of sums, {now:,} of them after step {history.at(last.step)}, {before:,} after "
            f"step {history.at(first.step)}: it holds the graph of every step."
        )
        yield found(
            "watch",
            "",
            last.step,
            sentence,
            "Keep numbers, not graphs: loss.item() or loss.detach(), and evaluate under torch.no_grad().",
            confidence=0.9,
            grown=now - before,
        )
        return


def _grows(counts: list[KeptGraphs], what: str) -> bool:
    """Whether the count went up twice, by about as much for each step."""
    a, b, c = (getattr(k, what) for k in counts)
    early, late = counts[1].step - counts[0].step, counts[2].step - counts[1].step
    if not (a < b < c) or c - a < GROWN or early <= 0 or late <= 0:
        return False
    return 0.5 < ((c - b) / late) / ((b - a) / early) < 2
