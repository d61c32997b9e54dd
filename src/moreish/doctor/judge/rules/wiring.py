"""Findings about how model, optimizer and loop are put together."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.finding import Operation
from moreish.doctor.judge.rules.gradients import owner
from moreish.doctor.judge.table import NOT_LEARNING, RUNAWAY, Rule, Verdict, found

TINY = 4  # rows of a batch of which a BatchNorm can make nothing
RECENT_LOSSES = 10  # of training, that are averaged


@Rule(
    "F18",
    "not-in-optimizer",
    "parameter not in the optimizer",
    silent="requires_grad is False",
    why="Backward computes its gradient at every step and nobody uses it.\n"
    "The optimizer takes its list of parameters once, when it is built:\n"
    "layers that are added or replaced afterwards are not in it.",
    explains=(NOT_LEARNING,),
    rank=20,
)
def not_in_optimizer(history: History) -> Iterator[Verdict]:
    """Parameters with a gradient that no optimizer holds, in two frames in a row; by hand, what never changes."""
    still = never_updated(history)
    if still:
        yield _left_out(history, still)
        return
    frames = history.training(2)
    if len(frames) < 2:
        return
    missing = [name for name in frames[-1].outside if name in frames[-2].outside]
    if not missing:
        return
    step = next(f.step for f in history.training() if missing[0] in f.outside)
    extraction = _is_feature_extraction(history, missing)
    yield found(
        "info" if extraction else "sick",
        owner(missing[0]),
        step,
        f"{len(missing)} parameters get a gradient but are in no optimizer: "
        + ", ".join(f"`{n}`" for n in missing[:3])
        + (", ..." if len(missing) > 3 else "")
        + ".",
        "If the early layers are meant to stay as they are, say so: requires_grad_(False) saves their backward."
        if extraction
        else "Build the optimizer after the last layer was added, or call optimizer.add_param_group.",
        confidence=0.6 if extraction else 1.0,
        operation=None if extraction else Operation("add_parameters"),
        layers=tuple(dict.fromkeys(map(owner, missing))),
        parameters=len(missing),
    )


def never_updated(history: History) -> list[str]:
    """Of a training by hand, the tensors that get a gradient and never change, while others do; by name."""
    frames = [f for f in history.training() if any(k.endswith("/update_rms") for k in f.values)]
    if len(frames) < 3 or any(f.groups for f in frames):
        return []
    moved = {n for f in frames for n in f.shapes if f.values.get(f"{n}/update_rms", 0.0) != 0}
    last = frames[-1]
    return [n for n in last.shapes if n not in moved and last.values.get(f"{n}/grad_rms", 0.0) > 0] if moved else []


def _left_out(history: History, still: list[str]) -> Verdict:
    return found(
        "sick",
        "",
        history.training()[0].step,
        f"{len(still)} tensors get a gradient and are never updated: "
        + ", ".join(f"`{n}`" for n in still[:3])
        + (", ..." if len(still) > 3 else "")
        + "; their gradients are never reset either.",
        "Put them into the list whose tensors are updated and whose gradients are reset.",
        confidence=1.0,
        parameters=len(still),
    )


def _is_feature_extraction(history: History, missing: list[str]) -> bool:
    """Most of the model is left out, and all of it runs before what is trained: only a head is trained, by intent."""
    order = [w for c in history.calls() for w in c.weights]
    out = [k for k, w in enumerate(order) if w in missing]
    kept = [k for k, w in enumerate(order) if w not in missing]
    return bool(out) and bool(kept) and max(out) < min(kept) and len(out) > 2 * len(kept)


@Rule(
    "F20",
    "missing-zero-grad",
    "missing zero_grad",
    silent="gradients are accumulated over several backwards and reset after the step; tensors that are never "
    "updated, which F18 says",
    why="backward adds to .grad, it does not replace it.\n"
    "Without a reset each step follows the sum of all gradients since the start:\n"
    "a huge momentum that never forgets.",
    explains=("F13", "F28", RUNAWAY),
    rank=10,
)
def missing_zero_grad(history: History) -> Iterator[Verdict]:
    """Between a step and the next one no backward found the gradients reset: seen twice."""
    stale = history.sightings.stale
    if stale is not None and stale.times >= 2 and not never_updated(history):
        yield found(
            "sick",
            "",
            stale.step,
            "The gradients of the step before were still there when the next backward began: they are never reset.",
            "Call optimizer.zero_grad() once per step, before backward.",
            confidence=1.0,
            picture="grad_norm",
            operation=Operation("zero_grad"),
            seen=stale.times,
        )


@Rule(
    "F32",
    "evaluated-in-train-mode",
    "evaluated in train mode",
    silent="no norm or dropout is active",
    why="In train mode dropout hides values and BatchNorm uses the batch at hand,\n"
    "and it moves its running statistics towards data that it must not learn from.\n"
    "The figure is too bad, differs from run to run, and the model is changed by being looked at.",
    explains=("F34",),
    rank=270,
)
def evaluated_in_train_mode(history: History) -> Iterator[Verdict]:
    """A loss or a decision without gradients, while a norm or dropout did what it does in training."""
    seen = history.sightings.training_without_grad
    if seen is not None:
        layers = seen.latest
        yield found(
            "sick",
            layers[0],
            seen.step,
            f"The model was evaluated while `{layers[0]}` was in train mode.",
            "Call model.eval() before evaluating and model.train() after it.",
            confidence=0.95,
            operation=Operation("eval_without_grad"),
            layers=tuple(dict.fromkeys(layers)),
        )


@Rule(
    "F139",
    "dropout-never-stops",
    "dropout goes on in eval mode",
    silent="three draws or more for the same rows, whose mean is meant; dropout with p = 0",
    why="model.eval() tells modules, and F.dropout is none: without training=self.training it drops for ever.\n"
    "Every figure on val is too bad and another one each time,\n"
    "and so is what the model says when it is used.",
    explains=("F32", "F34"),
    rank=269,
)
def dropout_never_stops(history: History) -> Iterator[Verdict]:
    """A loss or a decision without gradients, while dropout was at work in a module that is in eval mode: exact."""
    seen = history.sightings.drops_on
    if seen is not None:
        yield found(
            "sick",
            seen.latest,
            seen.step,
            f"`{seen.latest}` still drops where the model is in eval mode.",
            "F.dropout(x, p, training=self.training), or nn.Dropout(p) as a layer of the model.",
            confidence=0.95,
            layers=(seen.latest,),
        )


@Rule(
    "F33",
    "trained-in-eval-mode",
    "trained in eval mode",
    silent="single norm layers are in eval mode while the model is in train mode (frozen BatchNorm); batches of four "
    "rows at most, from the beginning of a phase on, are no alarm",
    why="In eval mode dropout does nothing and BatchNorm uses its running statistics and does not update them.\n"
    "Mostly model.eval() was called for an evaluation and model.train() never after it.\n"
    "Training goes on with old statistics and without regularisation.",
    explains=("F32", "F34", "F28"),
    rank=40,
)
def trained_in_eval_mode(history: History) -> Iterator[Verdict]:
    """The model as a whole is in eval mode at three training frames in a row, the last ones."""
    frames = [f for f in history.training(3) if f.called_with_grad]
    if len(frames) < 3 or not all(f.eval_mode for f in frames):
        return
    layers = frames[-1].eval_mode
    phase = [f for f in history.training() if f.called_with_grad and f.step >= history.evidence.turned]
    tiny = all(f.batch is not None and f.batch.rows <= TINY for f in frames)
    meant = tiny and all(f.eval_mode for f in phase)  # norms of two rows are noise: the old statistics are better
    since = next(
        (
            a.step
            for b, a in zip([None, *history.training()], history.training(), strict=False)
            if a.eval_mode and (b is None or not b.eval_mode)
        ),
        0,
    )
    yield found(
        "info" if meant else "sick",
        layers[0],
        since,
        f"The optimizer steps while the model is in eval mode (since step {history.at(since)}): `{layers[0]}` does "
        "nothing.",
        "Call model.train() after every evaluation, before training goes on.",
        confidence=0.95,
        operation=Operation("train_with_grad"),
        layers=tuple(layers),
    )


@Rule(
    "F30",
    "val-below-train",
    "validation better than training",
    silent="dropout or label smoothing make the training loss look worse than it is",
    why="Items that were never trained on cannot be easier than those that were, on average.\n"
    "Either the split leaks, or the two losses are not computed the same way.\n"
    "Until that is clear the figures cannot be compared.",
    needs="evaluations",
)
def better_on_val(history: History) -> Iterator[Verdict]:
    """val < train - max(0.03, 2 SE) in five evaluations in a row."""
    rows = [(v.step, v.val, v.train, v.error) for v in history.validations if v.train is not None][-5:]
    active = history.first is not None and history.first.dropped
    if len(rows) == 5 and not active and all(v < t - max(0.03, 2 * e) for _, v, t, e in rows):
        step, val, train, _ = rows[-1]
        yield found(
            "watch",
            "",
            step,
            f"val {val:.3f} is below train {train:.3f} in five evaluations in a row.",
            "Check that the split is random and does not leak, and that both losses are means per token.",
            picture="loss",
            val=val,
            train=train,
        )


@Rule(
    "F28",
    "overfits",
    "overfits",
    silent="val only wobbles, or train does not fall any more",
    why="The training loss goes on falling while the loss on unseen items rises:\n"
    "what is learned now are the items, not the rule behind them.\n"
    "The best model was an earlier one.",
    needs="evaluations",
)
def overfits(history: History) -> Iterator[Verdict]:
    """val above its best by > max(0.02, 2 SE) in three evaluations in a row, while train falls."""
    curve = [(v.step, v.val, 0.0) for v in history.validations] or history.evaluation_curve()
    if len(curve) < 6:
        return
    best_step, best, _ = min(curve, key=lambda c: c[1])
    late = curve[-3:]
    if late[0][0] <= best_step or any(v < best + max(0.02, 2 * e) for _, v, e in late):
        return
    heard = [(w.step, w.mean) for w in history.loss_curve.windows]  # of every step, where looks are over early
    losses = heard if len(heard) >= 2 * RECENT_LOSSES else history.losses()
    then = [x for s, x in losses if s <= best_step][-RECENT_LOSSES:]
    now = [x for _, x in losses][-RECENT_LOSSES:]
    if not then or len(now) < 5 or sum(now) / len(now) >= sum(then) / len(then):
        return
    over = late[-1][1] - best
    yield found(
        "sick" if over > 0.2 else "watch",
        "",
        best_step,
        f"val was best ({best:.3f}) at step {history.at(best_step)} and is {late[-1][1]:.3f} now, while the training "
        "loss falls.",
        "Stop at the best step; or use more data, a smaller net, dropout or weight decay.",
        confidence=0.85,
        picture="loss",
        best=best,
        over=over,
    )


@Rule(
    "F29",
    "underfits",
    "underfits",
    silent="fewer than 200 steps, or evaluations that lie close together",
    why="Train and val are equal and both have stopped falling, with healthy updates:\n"
    "the model has learned all that it can hold.\n"
    "More data or regularisation cannot help, a larger model can.",
    needs="evaluations",
    kinds=(NOT_LEARNING,),
)
def underfits(history: History) -> Iterator[Verdict]:
    """Gap below 1 % and val flat over five evaluations: worth knowing, no alarm."""
    rows = [(v.step, v.val, v.train) for v in history.validations if v.train is not None][-5:]
    if len(rows) < 5 or any(abs(v - t) > 0.01 * t for _, v, t in rows):
        return
    if rows[-1][0] < 200 or rows[-1][0] - rows[0][0] < 0.2 * rows[-1][0]:
        return
    values = [v for _, v, _ in rows]
    if max(values) - min(values) < 0.005 * values[-1]:
        yield found(
            "info",
            "",
            rows[-1][0],
            f"train and val are both {values[-1]:.3f} and flat.",
            "Make the model larger, or give it a longer context.",
            picture="loss",
        )


@Rule(
    "F134",
    "term-for-nobody",
    "a term of the loss moves nobody",
    silent="fewer than four looks; a term that reaches no parameter at all, or one that steps now and then",
    why="Backward brings each term's gradient to the parameters that its graph still reaches.\n"
    "Where what a model made was detached before another model judged it, that term ends in the judge,\n"
    "whose gradients are thrown away: the model is trained as if the term were not there.",
    explains=("F22", "F86", "F87", NOT_LEARNING),
    rank=56,
)
def term_for_nobody(history: History) -> Iterator[Verdict]:
    """In every look a term of a loss reaches only parameters that do not step on it, another term others: exact."""
    frames = history.training()
    idle = [f for f in frames if f.noted.idle is not None]
    same = len({f.noted.idle.parameter for f in idle if f.noted.idle is not None}) == 1  # else they take turns
    seen = idle[0].noted.idle if len(idle) >= 4 and len(idle) == len(frames) and same else None
    if seen is not None:
        yield found(
            "sick",
            owner(seen.parameter),
            idle[0].step,
            f"One of the {seen.terms} terms of a loss reaches only parameters that do not step on it, such as "
            f"`{seen.parameter}`: what should learn from it gets no gradient of it.",
            "Look for a .detach() or no_grad on the way: the generator's step needs `critic(fake)`, the critic's own "
            "`critic(fake.detach())`.",
            confidence=0.95,
            layers=(owner(seen.parameter),),
            terms=seen.terms,
        )
