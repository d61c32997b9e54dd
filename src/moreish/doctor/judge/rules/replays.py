"""Findings of replays: what a copy of the model on the first batch proves of batch, time and attention."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.frames.replayed import Ahead
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found


@Rule(
    "F45",
    "batch-mixing",
    "samples of a batch see each other",
    silent="BatchNorm in train mode; samples meet in a product, a sum or an index, as in graphs, sets, memories and "
    "mixtures of experts; the same input gives another output when it comes again; fewer than four samples",
    why="What comes out for one sample must not depend on which others are in the batch.\n"
    "view and reshape keep the order in memory; they do not swap dimensions as transpose does,\n"
    "so they mix pieces of different samples and still give the right shape.",
    explains=("F24", "F73", NOT_LEARNING),
    rank=94,
    preflight=True,
)
def see_each_other(history: History) -> Iterator[Verdict]:
    """In a copy, a view or reshape leaves no axis along which samples lie apart, and outputs depend on others."""
    seen = history.sightings.coupling
    if seen is not None:
        layer, change, op = seen.latest
        yield found(
            "sick",
            layer,
            seen.step,
            f"What comes out for one sample depends on the other samples of the batch: `{op}` cuts across them"
            + (f", before `{layer}`." if layer else "."),
            "Use transpose or permute where dimensions are swapped; view and reshape only split and join neighbours.",
            confidence=1.0,
            change=change,
        )


@Rule(
    "F95",
    "place-in-batch",
    "what comes out depends on the place in the batch",
    silent="samples that depend on each other; models that draw random numbers, or that write to themselves",
    why="Batches are put together by chance, so a sample's place in its batch means nothing.\n"
    "A table that is looked up along the batch in place of time gives each sample another offset,\n"
    "and what should have told the places of a sequence apart tells nothing.",
    explains=("F24", NOT_LEARNING),
    rank=96,
    preflight=True,
)
def place_in_batch(history: History) -> Iterator[Verdict]:
    """A copy that is given the batch in reverse does not give its outputs in reverse: exact."""
    seen = history.sightings.replayed
    at = seen.latest.placed if seen is not None else None
    if seen is not None and at is not None:
        where = f"`{at.layer}` ({at.op})" if at.layer else f"`{at.op}`"
        yield found(
            "sick",
            at.layer,
            seen.step,
            f"With the same samples in another order, other outputs come out: from {where} on, what comes out "
            "depends on a sample's place in the batch.",
            "Look up positions along time: with (batch, time, channel), pe[:, : x.size(1)], not pe[: x.size(0)].",
            confidence=1.0,
        )


@Rule(
    "F73",
    "looks-ahead",
    "looks ahead",
    silent="the targets are not the inputs one place on; what looks ahead is an encoder of another input; norms over "
    "time that stand still in evaluation",
    why="Where every place is to predict the next one, the answer stands among the inputs one place on.\n"
    "A model that can see it copies it: the loss falls fast and far, in training and in evaluation,\n"
    "and what it writes, where there is nothing to see ahead, is nonsense.",
    explains=("F02", "F24", "F25", "F28"),
    rank=95,
    preflight=True,
)
def looks_ahead(history: History) -> Iterator[Verdict]:
    """Targets are inputs one place on, and outputs of a copy change with an input after their own place: exact."""
    seen = history.sightings.replayed
    leak = seen.latest.ahead if seen is not None else None
    if seen is None or leak is None:
        return
    where = f"`{leak.layer}` ({leak.op})" if leak.layer else f"`{leak.op}`" if leak.op else ""
    far = "to the end" if leak.places >= leak.length - 1 else f"{leak.places} place{'s' * (leak.places > 1)} ahead"
    upside_down = "" if leak.past else " They see nothing of what came before: the mask is upside down."
    yield found(
        "sick",
        leak.layer,
        seen.step,
        f"Each output is to predict the next input, and changes with it: it sees {far}"
        + (f", from {where} on." if where else ".")
        + upside_down,
        _blind(leak),
        confidence=1.0,
        places=leak.places,
        length=leak.length,
        op=leak.op,
    )


def _blind(leak: Ahead) -> str:
    """How to make a layer see the past only."""
    op = leak.op
    if "conv" in op or op == "pad":
        return "Pad on the left only: F.pad(x, (dilation * (kernel_size - 1), 0)), and no padding in the convolution."
    if op in ("lstm", "gru", "rnn_tanh", "rnn_relu", "flip"):
        return "Let it run forwards only (bidirectional=False)."
    if "norm" in op or op in ("mean", "sum", "amax", "std", "var", "var_mean", "max"):
        return "Take means and norms over channels, not over time, or over the places so far only."
    return "Mask the scores before the softmax: is_causal=True, or -inf above the diagonal, torch.triu(..., 1)."


@Rule(
    "F74",
    "batch-as-time",
    "the batch is taken for time",
    silent="it is not known which axis the samples lie along; the layer is given one sequence at a time; attention "
    "over the rows of a table beside one over its columns, which is only mentioned",
    why="LSTM, GRU, RNN, MultiheadAttention and the Transformer layers expect (time, batch, features).\n"
    "Given (batch, time, features) without batch_first=True they run along the samples, in silence:\n"
    "one sample's state is the next one's past, and time is never looked along.",
    explains=("F24", "F105", "F107", NOT_LEARNING),
    rank=97,
    preflight=True,
)
def batch_as_time(history: History) -> Iterator[Verdict]:
    """In a copy, a layer that runs along time makes one sample's output depend on others that lie there in order."""
    seen = history.sightings.replayed
    layer = seen.latest.batch_as_time if seen is not None else None
    if seen is not None and layer is not None and layer.twin:
        yield found(
            "info",
            layer.layer,
            seen.step,
            f"`{layer.layer}` runs along the samples of the batch and `{layer.twin}` along the places of each: what "
            "comes out for one sample depends on the others, as where rows of a table are to look at each other.",
            "Say batch_first alike in both, unless that is meant: then answer in batches as large as in training.",
            confidence=0.6,
            shape=str(layer.shape),
        )
    elif seen is not None and layer is not None:
        yield found(
            "sick",
            layer.layer,
            seen.step,
            f"`{layer.layer or layer.op}` runs along the samples of the batch, not along time: what comes out for "
            "one sample depends on the others.",
            "Say batch_first=True where the input is (batch, time, features), and not where time comes first.",
            confidence=1.0,
            shape=str(layer.shape),
        )


@Rule(
    "F75",
    "softmax-axis",
    "softmax along the wrong axis",
    silent="the weights are normalised again; they assign inputs to slots or clusters, of which there are as many as "
    "one likes; samples are mixed by a product, so the batch is a set",
    why="Attention is a mean: its weights must sum to 1 over what is summed up.\n"
    "Along another axis they sum to anything, and one place competes with others for being looked at, not for what "
    "to look at;\n"
    "along the batch one sample competes with another.",
    explains=(NOT_LEARNING,),
    rank=98,
    preflight=True,
)
def softmax_axis(history: History) -> Iterator[Verdict]:
    """A softmax along the batch; or of a square of scores, along the axis that the product after it does not sum."""
    seen = history.sightings.replayed
    one = seen.latest.softmax if seen is not None else None
    if seen is None or one is None or one.along == "single":
        return
    batch = one.along == "batch"
    yield found(
        "sick",
        one.layer,
        seen.step,
        f"A softmax of {one.shape} runs along the batch: samples compete with each other."
        if batch
        else f"The weights {one.shape} do not sum to 1 over the axis that the product after the softmax sums.",
        "Say which axis: softmax(dim=-1) is over the last one, the keys of an attention or the classes.",
        confidence=1.0,
        shape=str(one.shape),
        spread=one.sums,
    )


@Rule(
    "F76",
    "softmax-of-one",
    "softmax of one number",
    silent="what has size 1 is not the one unit of a linear layer",
    why="A softmax shares 1 out among the numbers along its axis.\n"
    "Of a single number it is 1, whatever that number is,\n"
    "and no gradient comes back: the layer before is never trained.",
    explains=("F16", "F17", NOT_LEARNING),
    rank=66,
    preflight=True,
)
def softmax_of_one(history: History) -> Iterator[Verdict]:
    """A softmax along the one unit of a linear layer: exact."""
    seen = history.sightings.replayed
    one = seen.latest.softmax if seen is not None else None
    if seen is not None and one is not None and one.along == "single":
        yield found(
            "sick",
            one.layer,
            seen.step,
            f"The softmax of {one.shape} runs along an axis of size 1: every result is 1.",
            "Use a sigmoid for one number; in an attention, the softmax runs along time (dim=1).",
            confidence=1.0,
            shape=str(one.shape),
        )


@Rule(
    "F77",
    "cut-heads",
    "heads cut across time",
    silent="heads are split by view(B, T, heads, d).transpose(1, 2)",
    why="view and reshape keep the order in memory:\n"
    "a (T, D) cut as (heads, T, d) gives each head a stretch of time, not a part of the channels.\n"
    "A head then sees few places, and the pieces of one place as if they were several.",
    explains=(NOT_LEARNING,),
    rank=99,
    preflight=True,
)
def heads_cut(history: History) -> Iterator[Verdict]:
    """A view or reshape from (..., T, D) to (..., heads, T, D / heads), without a transpose: exact."""
    seen = history.sightings.replayed
    cut = seen.latest.heads if seen is not None else None
    if seen is not None and cut is not None:
        yield found(
            "watch",
            cut.layer,
            seen.step,
            f"{cut.before} is looked at as {cut.after}: that does not split channels into heads, it cuts time.",
            "Split the last axis and then swap: x.view(B, T, heads, d).transpose(1, 2).",
            confidence=0.9,
            before=str(cut.before),
            after=str(cut.after),
        )
