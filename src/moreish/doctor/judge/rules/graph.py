"""Findings about the graph between parameters and loss, and about loops that leave a part of a step out."""

from collections.abc import Iterator

from moreish.doctor.frames.frame import Cut, Frame
from moreish.doctor.frames.history import History
from moreish.doctor.judge.rules.gradients import owner
from moreish.doctor.judge.table import NOT_LEARNING, RUNAWAY, Rule, Verdict, found

SPELT = {
    "detach": ".detach()",
    "detach_": ".detach_()",
    "data": ".data",
    "item": ".item()",
    "numpy": ".numpy()",
    "tolist": ".tolist()",
    "tensor": "torch.tensor(...)",
    "as_tensor": "torch.as_tensor(...)",
    "__float__": "float(...)",
    "__int__": "int(...)",
}  # how the operations that end a graph are written; others by their name
CHOICES = ("argmax", "argmin", "argsort", "topk", "multinomial", "bernoulli", "__int__")  # hard ones


def spelt(op: str) -> str:
    """An operation as it is written."""
    return SPELT.get(op, f"{op}(...)")


@Rule(
    "F16",
    "no-gradient",
    "parameter never gets a gradient",
    silent="requires_grad is False; fewer than five steps were seen; gradients that came and were cleared, or "
    "that all went to parameters of no optimizer, which F18 says",
    why="The optimizer holds it and backward never reaches it, so it stays what it was at the start.\n"
    "Either the graph is cut on the way (detach, .data, .item(), no_grad, numpy),\n"
    "or the forward pass does not use the layer at all.",
    explains=("F18", "F09", NOT_LEARNING),
    rank=50,
    preflight=True,
)
def no_gradient(history: History) -> Iterator[Verdict]:
    """grad is None at the step, in every frame so far and at least five, four from 50 steps on."""
    frames = history.training()
    if len(frames) < 4 or (len(frames) < 5 and history.step() < 50):
        return
    if all(f.without_gradient == f.stepped for f in frames):
        if not any(f.cleared for f in frames) and not all(f.outside for f in frames[1:]):
            yield _no_backward(frames)
        return
    none = set.intersection(*(f.without_gradient & f.stepped for f in frames))
    if not none:
        return
    used = set().union(*(f.used for f in frames))
    unseen = set().union(*(f.used_without_grad for f in frames)) - used
    order = [w for c in history.calls() for w in c.weights]
    cut = [w for w in order if w in none] or sorted(none & used) or sorted(none & unseen)
    if cut and cut[-1] not in unseen and _is_dead_end(history, frames, cut[-1], none):
        yield _dead_end(history, frames, none)
        return
    yield _cut(history, frames, none, cut, unseen) if cut else _unused(frames, none)


def _is_dead_end(history: History, frames: list[Frame], last: str, none: set[str]) -> bool:
    """Whether the output of the layer with this parameter goes nowhere: nothing cuts it, and nothing uses it."""
    if _ending(history, frames, last, none) is not None:
        return False
    if any(owner(last) in f.noted.met for f in frames):
        return True
    calls = history.calls()
    own = [c for c in calls if last in c.weights]
    return bool(own) and not any(each is not own[-1] and own[-1] in each.before() for each in calls)


def _dead_end(history: History, frames: list[Frame], none: set[str]) -> Verdict:
    """Layers whose output nobody uses; the last residual convolution of a WaveNet is one by design."""
    every = len(frames[-1].stepped)
    first = min(none)
    if any(owner(w) in f.noted.met for f in frames for w in none):
        return found(
            "sick",
            owner(first),
            frames[0].step,
            f"What `{owner(first)}` gives is compared with targets, and that is not used in what backward is called "
            f"on: {len(none)} of {every} parameters ({listed(none)}) get no gradient.",
            "Add this loss to the total, or leave the layer out.",
            confidence=0.95,
            layers=tuple(dict.fromkeys(owner(w) for w in sorted(none))),
            parameters=len(none),
        )
    return found(
        "watch" if len(none) > every / 3 else "info",
        owner(first),
        frames[0].step,
        f"What `{owner(first)}` gives is not used for the loss, so {len(none)} of {every} parameters "
        f"({listed(none)}) get no gradient.",
        f"Use the output of `{owner(first)}`, or leave the layer out.",
        confidence=0.9,
        layers=tuple(dict.fromkeys(owner(w) for w in sorted(none))),
        parameters=len(none),
    )


def _cut(history: History, frames: list[Frame], none: set[str], cut: list[str], unseen: set[str]) -> Verdict:
    """Parameters that are used and get no gradient: the layer after which the graph ends, and by what."""
    layer = owner(cut[-1])
    by = None if cut[-1] in unseen else _ending(history, frames, cut[-1], none)
    if any(cut[-1] in f.noted.checkpointed for f in frames):
        how = f"`{layer}` runs in a reentrant checkpoint, and no input of that wants a gradient"
        fix = "Say checkpoint(..., use_reentrant=False), or call requires_grad_() on what goes in"
    elif cut[-1] in unseen:
        how, fix = f"`{layer}` runs inside torch.no_grad()", f"Move `{layer}` out of no_grad"
    elif by is not None and by.op in CHOICES:
        how = f"`{spelt(by.op)}` after `{layer}` is a hard choice, which has no slope"
        fix = "Use softmax, Gumbel-softmax or a straight-through estimate in its place"
    elif by is not None:
        how, fix = f"`{spelt(by.op)}` after `{layer}` ends the graph", f"Take out `{spelt(by.op)}`"
    else:
        how = f"the graph is cut after `{layer}`"
        fix = f"Take out `.detach()`, `.data`, `.item()`, `no_grad` or numpy after `{layer}`"
    return found(
        "sick",
        layer,
        frames[0].step,
        f"{len(none)} parameters are used in the forward pass but never get a gradient ({listed(none)}): {how}.",
        f"{fix}, or say that it is meant: requires_grad_(False).",
        confidence=1.0,
        layers=tuple(dict.fromkeys(owner(w) for w in reversed(cut))),
        parameters=len(none),
        operation_name=by.op if by is not None else "no_grad" if cut[-1] in unseen else "",
    )


def _ending(history: History, frames: list[Frame], last: str, none: set[str]) -> Cut | None:
    """What ended the graph after the last parameter without a gradient, and before the next one with."""
    for frame in (history.first, frames[-1]):
        if frame is None or not frame.cuts:
            continue
        begins = max((k for k, c in enumerate(frame.calls) if last in c.weights), default=None)
        if begins is None:
            continue
        later = (k for k, c in enumerate(frame.calls) if k > begins and set(c.weights) - none)
        ends = next(later, len(frame.calls))
        between = [c for c in frame.cuts if begins < c.place <= ends]
        if between:
            return next((c for c in between if c.op not in ("item", "__float__")), between[0])
    return None


def _unused(frames: list[Frame], none: set[str]) -> Verdict:
    first = min(none)
    return found(
        "watch",
        owner(first),
        frames[0].step,
        f"{len(none)} parameters ({listed(none)}) are never used in the forward pass.",
        f"Call `{owner(first)}` in forward, or remove it.",
        confidence=0.9,
        layers=tuple(dict.fromkeys(owner(w) for w in sorted(none))),
        parameters=len(none),
    )


def _no_backward(frames: list[Frame]) -> Verdict:
    """Not one parameter had a gradient: no backward, one on a tensor without a graph, or one that leads elsewhere."""
    backwards = sum(f.backwards for f in frames)
    if not backwards:
        sentence = "backward was never called, and not one parameter had a gradient"
        fix = "Call loss.backward() between zero_grad and step, on a loss that depends on this model's parameters."
    elif all(f.leaf_losses == f.backwards for f in frames):
        cuts = [c for f in reversed(frames) for c in reversed(f.cuts)]
        by = f": `{spelt(cuts[0].op)}` has left the graph behind" if cuts else ""
        sentence = f"backward was called on a tensor that is not connected to any parameter{by}"
        fix = "Call backward on what the loss function returned; do not wrap it in a new tensor or set requires_grad."
    else:
        sentence = "backward was called, but the loss does not depend on any parameter of the optimizer"
        fix = "Look for `.detach()`, no_grad or another model's output in the loss, or an optimizer of other tensors."
    return found(
        "sick",
        "",
        frames[0].step,
        f"The optimizer stepped {len(frames)} times while looked at: {sentence}.",
        fix,
        confidence=1.0,
        backwards=backwards,
    )


def listed(names: set[str]) -> str:
    """Some of these names, in words."""
    some = sorted(names)
    return ", ".join(f"`{n}`" for n in some[:3]) + (", ..." if len(some) > 3 else "")


@Rule(
    "F63",
    "no-step",
    "the optimizer never steps",
    silent="fewer than five backwards; weights that something else changes",
    why="backward only computes gradients; it changes no weight.\n"
    "Without optimizer.step() the model stays what it was at the start,\n"
    "and the loss only wanders with the batches.",
    explains=(NOT_LEARNING, RUNAWAY, "F20"),
    rank=5,
)
def no_step(history: History) -> Iterator[Verdict]:
    """Five backwards or more, and no step of any optimizer."""
    evidence = history.evidence
    if evidence.optimizers and not evidence.steps and evidence.backwards >= 5 and not evidence.changed:
        yield found(
            "sick",
            "",
            0,
            f"backward was called {evidence.backwards} times or more, and "
            + ("no optimizer ever stepped." if len(evidence.optimizers) > 1 else "the optimizer never stepped."),
            "Call optimizer.step() after backward.",
            picture="loss",
            confidence=1.0,
            backwards=evidence.backwards,
        )


@Rule(
    "F64",
    "cleared-gradient",
    "gradients are cleared before the step",
    silent="a step whose gradients were 0 from the start",
    why="The order is zero_grad, backward, step.\n"
    "With zero_grad between backward and step, the step finds nothing to do:\n"
    "no weight changes, or only by momentum and weight decay.",
    explains=("F16", "F17", "F19", NOT_LEARNING),
    rank=6,
)
def cleared_gradient(history: History) -> Iterator[Verdict]:
    """A backward brought gradients and none was left when the step began: twice, and whenever there was one."""
    frames = [f for f in history.training() if f.backwards]
    cleared = [f for f in frames if f.cleared]
    if len(cleared) >= 2 and len(cleared) == len(frames):
        yield found(
            "sick",
            "",
            cleared[0].step,
            f"backward brought gradients, and all of them were gone when the step began ({len(cleared)} times).",
            "Call zero_grad before backward (or after step), never between the two.",
            confidence=1.0,
            seen=len(cleared),
        )


@Rule(
    "F65",
    "optimizer-in-loop",
    "an optimizer is made in the loop",
    silent="fewer than five, or one in more than a hundred steps",
    why="A new optimizer knows nothing of the steps before: momentum and second moments begin at zero.\n"
    "Adam's first step has the size of the learning rate for every weight, whatever the gradient,\n"
    "so a new Adam at each step only follows signs.",
    explains=("F13", "F11", RUNAWAY),
    rank=35,
)
def optimizer_in_loop(history: History) -> Iterator[Verdict]:
    """A new optimizer took over the parameters of another, five times and once in a hundred steps or more often."""
    evidence = history.evidence
    every = history.step() / max(evidence.remade, 1)
    if evidence.remade < 5 or every > 100:
        return
    forgets = evidence.stateful >= evidence.remade / 2
    yield found(
        "sick" if forgets and every < 5 else "watch" if forgets else "info",
        "",
        0,
        f"A new optimizer was made for the same parameters {evidence.remade} times, "
        + ("at every step" if every < 1.5 else f"about every {every:.0f} steps")
        + (": what the one before had gathered is lost each time." if forgets else "."),
        "Make the optimizer once, before the loop; change the learning rate in its param_groups or by a scheduler.",
        confidence=0.9,
        remade=evidence.remade,
    )


@Rule(
    "F66",
    "unregistered-layers",
    "layers that the model does not own",
    silent="parameters that another watched model owns, or an optimizer holds; gradients off",
    why="A module owns what is assigned to it as a module: a list, a dict or a closure of layers it does not see.\n"
    "They take part in forward and backward, but not in parameters(), state_dict(), to() or train():\n"
    "the optimizer never changes them, and a checkpoint forgets them.",
    explains=("F08", "F18", NOT_LEARNING),
    rank=15,
)
def unregistered(history: History) -> Iterator[Verdict]:
    """Parameters inside a model's forward that backward reaches, in no module and no optimizer: seen twice, exact."""
    frames = [f for f in history.training() if f.backwards][-2:]
    if len(frames) < 2 or not all(f.unowned for f in frames):
        return
    unowned = frames[-1].unowned
    shapes = ", ".join(dict.fromkeys(str(tuple(u.shape)) for u in unowned[:4]))
    module = unowned[0].module
    yield found(
        "sick",
        module,
        next(f.step for f in history.training() if f.unowned),
        f"{len(unowned)} parameters ({shapes}) are used in the forward pass"
        + (f" of `{module}`" if module else "")
        + " and get a gradient, but belong to no module and to no optimizer: they stay what chance made them.",
        "Keep layers in nn.ModuleList, nn.ModuleDict or nn.Sequential, not in a plain list or dict; then build the "
        "optimizer.",
        confidence=1.0,
        parameters=len(unowned),
    )
