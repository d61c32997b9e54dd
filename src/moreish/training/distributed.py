"""Several processes train one network: each takes its rows of every batch, and gradients are averaged.

    with joined(launched()):
        ...  # from here to the end the functions below work together with the other processes

The batch of a step is the same whole batch everywhere, a function of (seed, step); process r of W reads the rows
r, r + W, r + 2 W, ... of it. The loss of a part of n_r tokens among n counts W n_r / n times, so that the mean over
the processes, which DistributedDataParallel takes, is the gradient of the whole batch. In a process that is alone
every function here gives back what it was given.
"""

import contextlib
import gc
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from moreish.data.corpus import Split
from moreish.errors import ProcessLost
from moreish.inference.evaluate import total_loss
from moreish.models.batch_norm import batch_norms
from moreish.models.contract import LanguageModel
from moreish.training.launch import Launched

Gradients = Callable[[Tensor, Tensor, float], Tensor]
Sent = TypeVar("Sent")


@contextlib.contextmanager
def joined(launched: Launched) -> Iterator[None]:
    """Inside, this process works together with those that were launched with it. Raises ProcessLost."""
    if torch.cuda.is_available():
        torch.cuda.set_device(launched.local_rank % torch.cuda.device_count())
    with heard():
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo",
            rank=launched.rank,
            world_size=launched.size,
        )
    try:
        yield
    finally:
        gc.collect()  # what still holds the group would end its threads only when the interpreter is half gone
        dist.destroy_process_group()


def size() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """The number of this process among them."""
    return dist.get_rank() if size() > 1 else 0


@contextlib.contextmanager
def heard() -> Iterator[None]:
    """Whatever torch says inside of a process that does not answer becomes ProcessLost."""
    try:
        yield
    except RuntimeError as error:
        named = str(error).lower()
        if not isinstance(error, dist.DistError) and not any(
            word in named for word in ("gloo", "nccl", "rendezvous")
        ):
            raise
        raise ProcessLost(
            "another process of this training has ended or cannot be reached, so it cannot go on here; torchrun "
            "--max-restarts=3 begins again at the last checkpoint by itself, moreish train --resume does it by hand"
        ) from error


def send(message: Sent) -> Sent:
    """What process 0 says to all others, who call `receive`."""
    with heard():
        dist.broadcast_object_list([message], src=0)
    return message


def receive() -> Any:
    """What process 0 says next."""
    box: list[Any] = [None]
    with heard():
        dist.broadcast_object_list(box, src=0)
    return box[0]


def go_on(wanted: bool, asked_to_stop: bool) -> tuple[bool, bool]:
    """(whether process 0 wants to go on, whether any process was asked to stop); all call it at the same places."""
    flags = torch.tensor([int(not wanted), int(asked_to_stop)])
    with heard():
        dist.all_reduce(flags, dist.ReduceOp.MAX)
    ends, stop = flags.tolist()
    return not ends, bool(stop)


def from_first(*values: float) -> list[float]:
    """These numbers as process 0 has them."""
    if size() == 1:
        return list(values)
    numbers = torch.tensor(values, dtype=torch.float64)
    dist.broadcast(numbers, src=0)
    return numbers.tolist()


def summed(values: Shaped[Tensor, "*shape"]) -> Shaped[Tensor, "*shape"]:
    """The sum over all processes, in the place of `values`."""
    if size() > 1:
        dist.all_reduce(values)
    return values


def parallel(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """The model with its gradients averaged and its BatchNorms over the whole batch; alone, the model itself."""
    if size() == 1:
        return model
    from torch.nn.parallel import DistributedDataParallel

    for norm in batch_norms(model):
        norm.sum_over = _sum_over
    return DistributedDataParallel(model)


def of_own_rows(gradients: Gradients, parameters: Iterable[nn.Parameter] = ()) -> Gradients:
    """`gradients` on this process's rows of the batch; returned is their share of the loss, to be `summed`.

    parameters : those whose gradients nobody averages yet
    """
    world, own = size(), rank()
    if world == 1:
        return gradients
    parameters = list(parameters)

    def of_rows(idx: Tensor, targets: Tensor, weight: float) -> Tensor:
        if own:  # dropout: no two rows of a batch lose the same units
            torch.default_generator.manual_seed(torch.default_generator.initial_seed() + own)
        present = own < len(idx)
        _sum_over.present, _sum_over.symbols = present, targets.numel()
        rows = slice(own, None, world) if present else slice(1)  # a row that counts nothing, where none is left
        mine = targets[rows]
        share = mine.numel() / targets.numel() if present else 0.0
        loss = gradients(idx[rows], mine, weight * share * world)
        average([p.grad for p in parameters if p.grad is not None])
        return loss * share

    return of_rows


def average(gradients: list[Tensor]) -> None:
    """Each of them becomes its mean over all processes, in one message."""
    if not gradients:
        return
    flat = torch.cat([g.flatten() for g in gradients])
    summed(flat)
    flat /= size()
    for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))


def mean_loss(model: LanguageModel, split: Split) -> float:
    """`inference.evaluate.mean_loss`, every process with items of its own: sums are added, never means."""
    if size() == 1:
        total, weight = total_loss(model, split)
        return total / weight
    part = own_items(split)
    found = total_loss(model, part) if len(part) else (0.0, 0.0)
    total, weight = summed(torch.tensor(found, dtype=torch.float64)).tolist()
    return total / weight


def own_items(split: Split) -> Split:
    """This process's part of the items: neighbours, with about as many symbols as every other process has."""
    reach = split.offsets.searchsorted([split.n_predicted * k / size() for k in (rank(), rank() + 1)])
    return split.between(int(reach[0]), int(reach[1]))


class _SumOver:
    """What a BatchNorm calls; a process that has no row of the batch adds nothing, the first what all share."""

    present, symbols = True, 0

    def __call__(self, rows: Float[Tensor, "N C"], shared: int) -> Float[Tensor, " C"]:
        own = rows if rank() == 0 else rows[: len(rows) - shared]
        everywhere = _SumOverProcesses.apply(own.sum(0) if self.present else own.sum(0) * 0)
        assert isinstance(everywhere, Tensor)
        return everywhere


_sum_over = _SumOver()


class _SumOverProcesses(torch.autograd.Function):
    """sum_r x_r, which every process sees; so what they all want of it comes back to each x."""

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return summed(x.clone())

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        """Nothing is kept."""

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        return summed(grads[0].clone())
