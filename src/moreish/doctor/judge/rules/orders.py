"""Findings about what stands behind what: sets at risk of a Cox loss, edges of a graph, corners of boxes."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found

FEWEST_LOOKS = 2
TURNED = 0.1  # share of boxes whose corners are in the wrong order
ONE_WAY = 0.02  # share of edges whose way back is there, too
DEAF, MORE = 0.1, 4.0  # share of the nodes evaluated that hear nobody, and how many times that of the others


@Rule(
    "F142",
    "wrong-risk-set",
    "a Cox loss that sums over the wrong rows",
    silent="times that are not at hand where the running sum is taken, or that fall along its rows; sums of another "
    "kind (a table of who outlives whom); times beside it that it is not given, which are only mentioned where rows "
    "are neither drawn by chance nor sorted by them",
    why="A Cox loss holds the score of each event against those of everybody whose time is as long or longer.\n"
    "A running sum is over them where the rows go from the longest time to the shortest one;\n"
    "in any other order everybody is held against the wrong ones, and the loss falls all the same.",
    explains=("F22", "F28", "F29", "F90", NOT_LEARNING),
    rank=134,
)
def wrong_risk_set(history: History) -> Iterator[Verdict]:
    """The times at hand do not fall along the rows of a running sum of scores: exact."""
    frames = [(f.step, f.noted.risk_sets) for f in history.training() if f.noted.risk_sets is not None]
    seen = [r for _, r in frames if r is not None]
    if len(seen) < FEWEST_LOOKS or any(r.order == "falling" for r in seen):
        return
    rising = all(r.order == "rising" for r in seen)
    if not all(r.sure for r in seen):
        yield found(
            "info",
            "",
            frames[0][0],
            f"A running sum of scores goes over {seen[0].rows} rows that are in no order of `{seen[0].times}`, which "
            "stands beside it: if that is their time and this is a Cox loss, its risk sets hold anybody.",
            "If it is, sort scores and events by time, the longest first, before the running sum.",
            confidence=0.5,
            rows=float(seen[0].rows),
        )
        return
    way = "go from the shortest time to the longest one" if rising else "are in no order of their times"
    yield found(
        "sick",
        "",
        frames[0][0],
        f"The running sum of a Cox loss goes over {seen[0].rows} rows that {way} ({seen[0].times}): its risk sets "
        + ("hold those whose time is over." if rising else "hold anybody."),
        "Sort scores and events by time, the longest first (argsort(time, descending=True)), before the running sum.",
        confidence=0.9,
        rows=float(seen[0].rows),
    )


@Rule(
    "F143",
    "one-way-edges",
    "edges in one direction, and nodes that are evaluated and hear nobody",
    silent="edges whose ways back are there, too; nodes that are evaluated and hear as much as those in the loss, as "
    "where both were drawn by chance; nodes that are not evaluated; graphs of which another part comes each time",
    why="A message goes along an edge from its source to its target, and not back.\n"
    "Where papers cite older ones, the newest get no message at all: what was learned with neighbours\n"
    "is asked of nodes that have none.",
    explains=("F29", "F90"),
    rank=137,
)
def one_way_edges(history: History) -> Iterator[Verdict]:
    """Hardly any edge has its way back, and a tenth or more of the nodes that are evaluated hear nobody, four times
    as many as of those in the loss: exact. What is drawn around some nodes, and trees, are other edges each time.
    """
    frames = [(f.step, f.noted.edges) for f in history.training() if f.noted.edges is not None]
    seen = [e for _, e in frames if e is not None]
    if not seen or len({e.mark for e in seen}) > 1:
        return
    if any(e.mutual > ONE_WAY or e.deaf_others < DEAF or e.deaf_others < MORE * e.deaf for e in seen):
        return
    step, first = frames[0][0], seen[0]
    yield found(
        "watch",
        "",
        step,
        f"The {first.edges:,} edges of the graph go in one direction only, and {first.deaf_others:.0%} of the "
        f"{first.others:,} nodes that are only evaluated get no message ({first.deaf:.0%} of those in the loss).",
        "Add the reverse edges (torch.cat([edges, edges.flip(0)], 1)), unless messages are to go one way.",
        confidence=0.75,
        deaf=first.deaf_others,
    )


@Rule(
    "F144",
    "no-corners",
    "boxes that are no corners are taken for corners",
    silent="boxes nearly all of which have their edges in order; losses that compare the four numbers one by one",
    why="Where two boxes overlap is found from their left, top, right and lower edges.\n"
    "Boxes as centre and size, or as one corner and size, have a third and fourth number that are no edges;\n"
    "their overlap is that of other boxes, or none.",
    explains=("F17", "F22", "F29", "F90", NOT_LEARNING),
    rank=138,
)
def no_corners(history: History) -> Iterator[Verdict]:
    """A tenth or more of the boxes that are the answer have their right edge left of the left one: exact."""
    frames = [(f.step, f.noted.boxes) for f in history.training() if f.noted.boxes is not None]
    seen = [b for _, b in frames if b is not None and b.rows]
    if len(seen) < FEWEST_LOOKS or any(b.turned < TURNED for b in seen):
        return
    yield found(
        "sick",
        "",
        frames[0][0],
        f"{seen[0].turned:.0%} of the boxes that are the answer end before they begin where the overlap reads them "
        "as (left, top, right, bottom): they look like centre and size.",
        "Turn answers and outputs into corners before the overlap (x - w / 2, y - h / 2, x + w / 2, y + h / 2).",
        confidence=0.9,
        turned=seen[0].turned,
    )
