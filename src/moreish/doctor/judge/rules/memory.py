"""Findings about memory: graphs that are kept from step to step."""

from collections.abc import Iterator

from moreish.doctor.frames.evidence import KeptGraphs
from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import Rule, Verdict, found

GROWN = {"tensors": 16, "sums": 16, "bytes": 128 << 20}  # more than at first


@Rule(
    "F123",
    "graphs-kept",
    "what the steps have made is kept",
    silent="runs of less than a dozen seconds; what is collected for one update and let go; outside of `moreish "
    "doctor`, `start` and the callbacks",
    why="A loss knows all that it was computed from, so that backward can go there.\n"
    "Kept in a list, or summed up over the steps, it keeps that alive as well:\n"
    "memory grows with every step, until there is none.",
)
def graphs_kept(history: History) -> Iterator[Verdict]:
    """Tensors with a graph, the sums that one was made by, or the bytes of all tensors have grown with the steps."""
    counts = history.evidence.kept
    for what in GROWN:
        grown = [counts[k : k + 3] for k in range(len(counts) - 2) if _grows(counts[k : k + 3], what)]
        if not grown:
            continue
        first, _, last = grown[-1]
        now, before = getattr(last, what), getattr(first, what)
        late, early = f"after step {history.at(last.step)}", f"after step {history.at(first.step)}"
        sentence = {
            "tensors": f"{now:,} tensors with the graphs behind them were alive {late}, {before:,} {early}: what "
            "steps have made is kept.",
            "sums": f"One number is a sum of sums, {now:,} of them {late}, {before:,} {early}: it holds the graph of "
            "every step.",
            "bytes": f"All tensors alive took {now >> 20:,} MB {late}, {before >> 20:,} MB {early}: something keeps "
            "what steps have made, a hook or a list perhaps.",
        }[what]
        yield found(
            "watch",
            "",
            last.step,
            sentence,
            "Keep numbers, not graphs: loss.item() or loss.detach(), evaluate under torch.no_grad(), and empty what "
            "hooks fill. If it is a memory that is meant to grow, ignore F123.",
            confidence=0.9,
            grown=now - before,
        )
        return


def _grows(counts: list[KeptGraphs], what: str) -> bool:
    """Whether the count went up twice, by about as much for each step."""
    a, b, c = (getattr(k, what) for k in counts)
    early, late = counts[1].step - counts[0].step, counts[2].step - counts[1].step
    if not (a < b < c) or c - a < GROWN[what] or early <= 0 or late <= 0:
        return False
    return 0.5 < ((c - b) / late) / ((b - a) / early) < 2
