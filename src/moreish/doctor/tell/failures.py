"""Failures: what an exception of torch means in plain words, with the numbers that it leaves out."""

import re
from types import TracebackType
from typing import Any

from torch import Tensor

MEANINGS: tuple[tuple[str, str], ...] = (
    (
        r"index out of range in self",
        "An embedding was asked for a row that it does not have.{ids} Make num_embeddings as large as the largest id "
        "plus one, or map unknown ids to one of their own.",
    ),
    (
        r"Target (-?\d+) is out of bounds",
        "A class label lies outside of 0 to the number of classes - 1.{labels} Labels that begin at 1 want `y - 1`; "
        "padding wants ignore_index.",
    ),
    (
        r"device-side assert|CUDA error: .*assert",
        "Mostly a label or an id out of range on the GPU, which tells no more and is unusable after it. Run the same "
        "batch on the CPU: there the message names the place.",
    ),
    (
        r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)",
        "A Linear gets {1} features and was built for {2}. Print x.shape before it; after a Flatten the "
        "features are channels x height x width.",
    ),
    (
        r"expected input\[.*\] to have (\d+) channels, but got (\d+) channels",
        "A convolution was built for {0} channels and gets {1}: its input is (batch, channels, height, width).",
    ),
    (
        r"Expected input batch_size \((\d+)\) to match target batch_size \((\d+)\)",
        "The loss gets {0} rows of logits and {1} labels. Logits of sequences are (B, C, T), or (B * T, C) with "
        "(B * T,) labels; a view may have mixed batch and features.",
    ),
    (
        r"must match the size of tensor b|not broadcastable|Sizes of tensors must match",
        "Two tensors that meet have different shapes. Print both; a last batch that is smaller than the others wants "
        "drop_last=True or a size read from x.shape[0].",
    ),
    (
        r"0D or 1D target tensor expected|multi-target not supported",
        "The loss wants class numbers of shape (B,): use y.squeeze(1), or y.argmax(1) of one-hots.",
    ),
    (
        r"Expected floating point type for target with class probabilities|Expected target size",
        "The loss takes the classes from axis 1: logits (B, C, T) with labels (B, T). Transpose the logits, or "
        "flatten both.",
    ),
    (
        r"expected scalar type Long|target dtype to be Long|\"nll_loss.*\" not implemented for '(?:Float|Int)'",
        "Class labels and ids must be whole numbers of type int64: y.long().",
    ),
    (
        r"must have the same dtype|expected scalar type|Found dtype|can't be cast to the desired output type",
        "Two tensors that meet have different types. NumPy's float64 wants .float(); targets of a loss on numbers "
        "want .float() too, class labels .long().",
    ),
    (
        r"Expected all tensors to be on the same device|Input type \(.*\) and weight type \(.*\) should be the same",
        "Model and data lie on different devices: model.to(device) before the optimizer is made, and the data to "
        "the same.",
    ),
    (
        r"does not require grad and does not have a grad_fn",
        "The loss does not depend on any parameter: the graph was cut by detach, .data, .item(), argmax, no_grad or "
        "a tensor that was made anew, torch.tensor(loss).",
    ),
    (
        r"Trying to backward through the graph a second time",
        "Something of an earlier step is still part of this one: a hidden state that was not detached, a loss that "
        "was added up. Detach it, or add up loss.item().",
    ),
    (
        r"modified by an inplace operation",
        "A tensor that backward needs was changed meanwhile: by x += ..., relu_, x[...] = ..., or an "
        "optimizer's step between two losses. Write x = x + ..., and step after both backwards.",
    ),
    (
        r"leaf Variable that requires grad is being used in an in-place operation",
        "A parameter is changed while gradients are on: put the change under torch.no_grad().",
    ),
    (
        r"grad can be implicitly created only for scalar outputs",
        'Calling backward wants one number: take the mean of the loss (is reduction="none" meant?).',
    ),
    (
        r"Expected more than 1 value per channel when training",
        "A BatchNorm in train mode gets a batch of one. Use drop_last=True, eval() where one example is asked, or a "
        "GroupNorm.",
    ),
    (
        r"all elements of (?:input|target) should be between 0 and 1",
        "The binary cross-entropy wants probabilities and targets within 0 to 1; NaN fails as well. Give logits to "
        "binary_cross_entropy_with_logits; divide a mask of 0 and 255 by 255.",
    ),
    (
        r"contains either `inf`, `nan` or element < 0|to satisfy the constraint",
        "The model's output has become NaN or infinite before this; what came of training says where.",
    ),
    (r"optimizer got an empty parameter list", "No layer is registered: layers in a plain list want nn.ModuleList."),
    (r"stack expects each tensor to be equal size", "Examples differ in length: pad them in a collate_fn."),
    (r"Can't call numpy\(\) on Tensor that requires grad", "Use x.detach().cpu().numpy()."),
    (
        r"view size is not compatible",
        "After transpose or permute use reshape, and look whether its order is what you mean.",
    ),
    (
        r"out of memory",
        "The device has no memory left: a smaller batch, accumulation over several, or a loss whose graph is kept "
        "(losses.append(loss) instead of loss.item()).",
    ),
)


def explained(error: BaseException) -> str | None:
    """What an exception means and what to do about it; None for one that says enough by itself, or is unknown."""
    message = str(error)
    for pattern, meaning in MEANINGS:
        match = re.search(pattern, message)
        if match is not None:
            return meaning.format(*match.groups(), ids=_ids(error.__traceback__), labels=_labels(error.__traceback__))
    return None


def _ids(trace: TracebackType | None) -> str:
    """The largest id and the rows of the table, from the call that failed."""
    values = _locals(trace, {"embedding", "embedding_bag"})
    ids, table = values.get("input"), values.get("weight")
    if not isinstance(ids, Tensor) or not isinstance(table, Tensor) or not _readable(ids):
        return ""
    return f" The ids go from {int(ids.min())} to {int(ids.max())}, the table has rows 0 to {len(table) - 1}."


def _labels(trace: TracebackType | None) -> str:
    """The labels and the number of classes, from the call that failed."""
    values = _locals(trace, {"cross_entropy", "nll_loss"})
    logits, labels = values.get("input"), values.get("target")
    if not isinstance(logits, Tensor) or not isinstance(labels, Tensor) or not _readable(labels) or logits.dim() < 1:
        return ""
    classes = logits.shape[1] if logits.dim() > 1 else logits.shape[0]
    return f" The labels go from {int(labels.min())} to {int(labels.max())}, the classes from 0 to {classes - 1}."


def _readable(x: Tensor) -> bool:
    """Whether its numbers can be read: after a failed assert nothing on a GPU can."""
    return x.device.type == "cpu" and x.numel() > 0 and not x.is_floating_point()


def _locals(trace: TracebackType | None, functions: set[str]) -> dict[str, Any]:
    """The local variables of the innermost call of one of torch's functions."""
    found: dict[str, Any] = {}
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_name in functions and trace.tb_frame.f_globals.get("__name__") == "torch.nn.functional":
            found = dict(trace.tb_frame.f_locals)
        trace = trace.tb_next
    return found
