"""A loss function that was called: its value, its logits, its targets, and shapes that cannot have been meant."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from moreish.doctor.frames.baseline import ANSWERS
from moreish.doctor.frames.counts import MOST_CLASSES
from moreish.doctor.frames.frame import Call, Loss, PerPlace, Reduction, WrongAxis
from moreish.doctor.frames.operations import BETWEEN, SHAPED
from moreish.doctor.watch import alignment, answers, choices, given, label_maps, loss_graph, numbers
from moreish.doctor.watch.arguments import Args, Kwargs, argument
from moreish.doctor.watch.step_context import StepContext

MOST_LOGITS = 1 << 20  # logits that are looked at in one frame
PAIRED = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"}
YES_OR_NO = {"binary_cross_entropy", "binary_cross_entropy_with_logits"}
CLASSIFIES = {"cross_entropy", "nll_loss"}
# Where the argument stands; of the others it is the fifth.
REDUCTION = {"cross_entropy": 6, "nll_loss": 6, "huber_loss": 2, **dict.fromkeys(numbers.BINARY, 5)}
OWN = 3  # times: nearer to that of its batch a weight is its batch's own
MOST_WEIGHTS = 1024  # of classes
NORMALISED = 0.01  # from 1, or of a logarithm from 0


def observe(context: StepContext, call: Call, args: Args, kwargs: Kwargs, y: Tensor) -> None:
    """Note the loss in the frame; numbers follow when the frame is closed, under "loss.K/..." for the K-th."""
    x, target = argument(args, kwargs, 0, "input"), argument(args, kwargs, 1, "target")
    if not isinstance(x, Tensor) or not isinstance(target, Tensor) or not x.numel() or not target.numel():
        return
    training = context.grad and y.requires_grad
    context.unanswered.clear()
    if not training:
        context.noting.asked(context.frame)
    into = context.frame.losses if training else context.frame.evaluations
    loss = Loss(call.op, 0, x.shape[0] if x.dim() else 1)
    into.append(loss)
    prefix = f"{'loss' if training else 'evaluation'}.{len(into)}/"
    loss.prefix, loss.fed_by = prefix, _last(call)
    loss.reduction = str(argument(args, kwargs, REDUCTION.get(call.op, 4), "reduction", "mean"))
    source = next(call.behind(SHAPED), None)
    loss.cosines = _are_cosines(call)
    loss.compares = any(scored.kind == "product" for scored in call.behind(BETWEEN))
    if source is not None:
        loss.bounded_by = source.op if source.kind in ("activation", "softmax") else ""
        loss.bounded_layer, loss.skippable = source.layer, source.layer == source.module != ""
    context.reader.add(f"{prefix}loss", y.detach().float().mean())
    if not training and (own := numbers.own_constant(call.op, target.detach())) is not None:
        context.reader.add(f"{prefix}own_constant", own)
    inputs = first_batch(context.inputs)
    if training and call.op in YES_OR_NO and inputs is not None and len(target) == target.numel() == len(inputs):
        yes = target.detach().reshape(-1)
        if bool(((yes == 0) | (yes == 1)).all()):
            context.rows = inputs, yes.long()
    if call.op in CLASSIFIES and x.dim() > 1 and not target.is_floating_point():
        loss.classes = x.shape[1]
        _classes(context, loss, x, target, args, kwargs, training)
    elif training and call.op in PAIRED | numbers.BINARY:
        positive = argument(args, kwargs, 6, "pos_weight") if call.op.endswith("with_logits") else None
        if isinstance(positive, Tensor) and positive.numel() <= MOST_WEIGHTS and context.thorough:
            loss.weights = _weights_of_a_yes(positive, target)
        numbers.observe(context, loss, x, target)
    if training:
        decided = context.origin(target)
        context.frame.noted.pseudo_labels |= decided is not None and any(
            c.kind in ("decide", "largest") for c in (decided, *decided.before())
        )
        answers.look(context, call, loss, x, target)
        if call.op in CLASSIFIES | numbers.BINARY:
            choices.beside_inputs(context, loss, target)
    if loss.reduction == "none":
        call.loss = loss
        context.remember(y, call)


def _are_cosines(call: Call) -> bool:
    """Whether what goes into a loss is products of normalised vectors, or cosine_similarity, but for a factor."""
    scaled = frozenset(SHAPED | {"multiply", "divide"})
    source = next(call.behind(scaled), None)
    if source is None or source.op == "cosine_similarity":
        return source is not None
    of = list(source.behind(scaled)) if source.kind in ("product", "linear") else []
    return bool(of) and not source.weights and all(c.op == "normalize" for c in of)


def _last(call: Call) -> str:
    """The layer whose output is the input of the loss."""
    kinds = frozenset(SHAPED | {"select", "pointwise", "add", "subtract", "multiply", "divide"})
    return next((c.layer for c in call.behind(kinds) if c.layer), "")


def _classes(
    context: StepContext, loss: Loss, x: Tensor, target: Tensor, args: Args, kwargs: Kwargs, training: bool
) -> None:
    """Cross-entropy from the logits themselves, so that smoothing, weights and reduction do not matter.

    `spread` is the part of the logits that differs between rows: rms after the mean row is taken off, over the
    rms of all. `row_sums` is the largest distance of a row's sum from 1.
    """
    prefix, ignored = loss.prefix, argument(args, kwargs, 4, "ignore_index", -100)
    rows = x.detach().movedim(1, -1).reshape(-1, loss.classes)
    flat = target.detach().reshape(-1)
    loss.rows = len(flat)
    weights = argument(args, kwargs, 2, "weight")
    if isinstance(weights, Tensor) and weights.numel() <= MOST_WEIGHTS and context.thorough:
        loss.weights = tuple(weights.detach().reshape(-1).tolist())
    most = max(2, MOST_LOGITS // loss.classes)
    labels = flat
    if loss.rows > most:
        rows, labels = rows[:most], flat[:most]
    if rows.dtype not in (torch.float32, torch.float64):
        rows = rows.float()
    loss.logits = len(rows), loss.classes
    add, norm = context.reader.add, torch.linalg.vector_norm
    nll = F.nll_loss if loss.op == "nll_loss" else F.cross_entropy
    add(f"{prefix}nll", nll(rows, labels, ignore_index=ignored, reduction="sum"))
    add(f"{prefix}kept", torch.count_nonzero(labels != ignored))
    sums = rows.sum(1, keepdim=True)
    centred = torch.sub(rows, sums, alpha=1 / loss.classes)
    add(f"{prefix}logit_std", norm(centred))
    if len(rows) > 1 and given.differ(context.inputs):
        add(f"{prefix}spread", norm(torch.sub(centred, centred.sum(0), alpha=1 / len(rows))))
    lowest, highest = torch.aminmax(rows)
    add(f"{prefix}lowest", lowest)
    add(f"{prefix}highest", highest)
    add(f"{prefix}row_sums", norm(sums - 1, math.inf))
    if loss.op == "nll_loss":
        add(f"{prefix}log_sum", rows.logsumexp(1).abs().mean())
    if context.thorough:
        loss.normalised_over = _normalised_over(loss, x)
        loss.itself = training and x.dim() == 2 and loss_graph.finds_itself(rows, labels)
    if training:
        choices.of_classes(context, loss, rows, labels, ignored)
        _beside_inputs(context, loss, target, ignored, isinstance(argument(args, kwargs, 2, "weight"), Tensor))


def _weights_of_a_yes(positive: Tensor, target: Tensor) -> tuple[float, ...]:
    """What `pos_weight` is; nothing where it is no over yes of this very batch, as some have it at each step."""
    yes = target.detach().float().mean().clamp(1e-6, 1 - 1e-6)
    if positive.numel() == 1 and 1 / OWN < float(positive * yes / (1 - yes)) < OWN:
        return ()
    return tuple(positive.detach().reshape(-1).tolist())


def _beside_inputs(context: StepContext, loss: Loss, target: Tensor, ignored: int, weighted: bool) -> None:
    """What the targets are beside the inputs: frequencies, neighbours, lags, padding, links."""
    flat = target.detach().reshape(-1)
    if loss.classes <= MOST_CLASSES:
        context.counts.count(flat, loss.classes)
        inputs = first_batch(context.inputs)
        if loss.prefix == "loss.1/" and inputs is not None and target.dim() == 1:
            context.row_classes = loss.classes
            context.counts.rows.add(inputs, target, loss.classes)
        elif target.dim() == 1 and loss.classes == context.row_classes:
            context.counts.rows.join(target, loss.classes)
        _pairs(context, target, loss.classes)
    if target.dim() == 1 and loss.classes <= ANSWERS and bool(((flat >= 0) & (flat < loss.classes)).all()):
        numbers.link(context, loss.prefix, F.one_hot(flat.long(), loss.classes).float())
    if not context.thorough:
        return
    ids = tuple(context.looked_up) or context.inputs
    context.frame.noted.between = context.frame.noted.between or label_maps.between(
        target, answers.first_pictures(context.inputs)
    )
    loss.lags = alignment.lags(target, ids, ignored)
    context.frame.noted.endless = alignment.endless(target, ids, ignored)
    if loss.reduction != "none" and not weighted:
        loss.padding = alignment.padding(target, ids, ignored)


def _normalised_over(loss: Loss, x: Tensor) -> int | None:
    """The axis of a softmax that is not that of the classes; -1 where it was lost in a change of shape."""
    logged = loss.bounded_by == "log_softmax"
    if not logged and loss.bounded_by != "softmax":
        return None
    x = x.detach().float()

    def off(axis: int) -> float:
        return float((x.logsumexp(axis) if logged else x.sum(axis) - 1).abs().amax())

    if off(1) < NORMALISED:
        return None
    return next((axis for axis in range(x.dim()) if axis != 1 and off(axis) < NORMALISED), -1)


def divergence(context: StepContext, call: Call, args: Args, kwargs: Kwargs, y: Tensor) -> None:
    """Note a Kullback-Leibler divergence: whether the targets are probabilities, and the inputs their logarithms."""
    x, target = argument(args, kwargs, 0, "input"), argument(args, kwargs, 1, "target")
    if not isinstance(x, Tensor) or not isinstance(target, Tensor) or x.shape != target.shape or not x.requires_grad:
        return
    if bool(argument(args, kwargs, 5, "log_target", False)):
        target = target.exp()
    x, target = x.detach().float(), target.detach().float()
    axes = [axis for axis in range(x.dim()) if float((target.sum(axis) - 1).abs().amax()) < NORMALISED]
    if not axes or float(target.amin()) < 0:
        return
    frame = context.frame
    loss = Loss("kl_div", x.shape[axes[-1]], x.shape[0], f"divergence.{len(frame.divergences) + 1}/", _last(call))
    frame.divergences.append(loss)
    context.reader.add(f"{loss.prefix}log_sum", x.logsumexp(axes[-1]).abs().mean())
    context.reader.add(f"{loss.prefix}row_sums", (x.sum(axes[-1]) - 1).abs().amax())
    context.reader.add(f"{loss.prefix}lowest", x.amin())


def work_out(loss: Loss, values: dict[str, float]) -> None:
    """Means and shares, once the sums and lengths that `observe` asked for are on the host."""
    if not loss.classes:
        return
    prefix = loss.prefix
    rows, classes = loss.logits
    kept, size = values[f"{prefix}kept"], values[f"{prefix}logit_std"]
    values[f"{prefix}nll"] /= max(kept, 1)
    values[f"{prefix}kept"] = kept / max(rows, 1)
    values[f"{prefix}logit_std"] = size / math.sqrt(max(rows * classes, 1))
    if f"{prefix}spread" in values:
        values[f"{prefix}spread"] /= max(size, 1e-30)


def _pairs(context: StepContext, target: Tensor, classes: int) -> None:
    """Inputs and targets of a language model: whole numbers of one vocabulary, windows or whole sequences."""
    x = first_whole(context.inputs)
    if x is None or x.dim() != 2 or x.shape[1] < 2 or classes not in context.frame.vocabularies:
        return
    target = target.detach()
    if target.dim() == 1 and len(target) == x.numel() and x.shape[1] > 1:
        target = target.view(x.shape)
    context.counts.pair(x, target, classes)


def first_batch(inputs: Args) -> Tensor | None:
    """The first tensor with rows among a module's inputs."""
    return next((t for t in inputs if isinstance(t, Tensor) and t.dim() > 1 and not t.is_sparse), None)


def first_whole(inputs: Args) -> Tensor | None:
    """The first tensor of whole numbers among a module's inputs."""
    whole = (torch.int64, torch.int32, torch.int16, torch.uint8)
    return next((t for t in inputs if isinstance(t, Tensor) and t.dtype in whole), None)


def broadcast(context: StepContext, call: Call, given: list[Tensor], y: Tensor) -> None:
    """Two silent mistakes: a sum over rows that lands on columns, a mean for every place."""
    a, b = given
    source = context.origin(b)
    if source is not None and source.reduction is not None and source.reduction.of == id(a):
        _own_reduction(context, call, source.op, source.reduction, a, b)


def _own_reduction(context: StepContext, call: Call, op: str, reduction: Reduction, a: Tensor, b: Tensor) -> None:
    """A tensor meets its own sum or mean: along the wrong axis, or one for every place of a sequence."""
    axis = reduction.axis
    if axis is None:
        return
    if not reduction.keepdim and axis % a.dim() != 0 and b.dim() == a.dim() - 1 and _spoils(op, a, b, axis):
        context.frame.wrong_axis.append(WrongAxis(call.module, op, tuple(a.shape), axis))
    centres = call.kind == "subtract" and op == "mean" and a.requires_grad and call.training
    if centres and axis == 0 and a.dim() == 3 and min(a.shape) > 1:
        context.frame.per_place.append(PerPlace(call.module, tuple(a.shape)))


def recall(context: StepContext, loss: Tensor) -> None:
    """Note a cross-entropy after the fact, from what its graph has saved: the logarithms of probabilities."""
    node = loss.grad_fn
    before = node.next_functions[0][0] if node is not None and node.next_functions else None
    if type(node).__name__ != "NllLossBackward0" or type(before).__name__ != "LogSoftmaxBackward0":
        return
    logs, target = getattr(before, "_saved_result", None), getattr(node, "_saved_target", None)
    if isinstance(logs, Tensor) and isinstance(target, Tensor):
        call = Call("", "cross_entropy", "loss", "", ())
        observe(context, call, (logs.detach(), target), {}, loss)


def _spoils(op: str, a: Tensor, b: Tensor, axis: int) -> bool:
    """Whether a reduction of rows, laid along the columns, is neither that of the columns nor the same as along rows.

    Of a symmetric table, for instance, the sums of columns are those of rows.
    """
    a, b = a.detach(), b.detach()
    laid = b.expand(a.shape)
    if torch.allclose(laid, b.unsqueeze(axis).expand(a.shape)):
        return False
    if op not in ("sum", "mean"):
        return True
    columns = a.sum(axis - 1, keepdim=True) if op == "sum" else a.mean(axis - 1, keepdim=True)
    return not torch.allclose(laid, columns.expand(a.shape), rtol=1e-4, atol=1e-6)
