"""The options of training, each declared once."""

from dataclasses import dataclass
from typing import Literal

from moreish.options import option

LONGEST = 10 * 365 * 24 * 3600  # seconds of a time budget


@dataclass(frozen=True)
class TrainOptions:
    """How a network is trained; shares are of the whole training, from 0 to 1."""

    steps: int = option(5000, "updates of the parameters", low=0, high=100_000_000)
    time_budget: float | None = option(
        None, "seconds to train for, all networks together, instead of a number of steps", low=0, high=LONGEST
    )
    batch_size: int = option(256, "items, or windows, in a batch", low=1, high=2**24)
    block_size: int = option(256, "longest stretch read at once by a net that reads whole items", low=2, high=2**20)
    optimizer: Literal["adamw", "sgd"] = option("adamw", "how a gradient becomes an update")
    lr: float = option(3e-3, "learning rate at its highest", above=0)
    schedule: Literal["cosine", "step", "constant"] = option("cosine", "how the learning rate falls")
    warmup: float = option(0.02, "share over which the learning rate rises to its highest", low=0, below=1)
    lr_end: float = option(0.0, "cosine: where it ends, as a share of lr", low=0, high=1)
    step_at: float = option(0.5, "step: where the learning rate drops", above=0, below=1)
    step_factor: float = option(0.1, "step: by what it is multiplied there", above=0, high=1)
    betas: tuple[float, ...] = option(
        (0.9, 0.99), "AdamW: memory of the mean gradient and of its square", low=0, below=1
    )
    momentum: float = option(0.0, "SGD: share of the last update that is kept", low=0, below=1)
    weight_decay: float = option(0.0, "pull of matrices to zero; not on biases and norms", low=0)
    weight_drop: float = option(
        0.0, "share of a recurrent net's embedding and recurrent weights left out in each step", low=0, below=1
    )
    clip: float = option(1.0, "longest gradient (Euclidean norm over all parameters); 0 for no limit", low=0)
    ema: float = option(
        0.0,
        "averaging of weights: how much of the running average stays at each step; it is what is evaluated and "
        "kept; 0: none",
        low=0,
        below=1,
    )
    label_smoothing: float = option(0.0, "share of the target spread over all symbols", low=0, below=1)
    log_every: int = option(10, "steps between records", low=1)
    eval_every: int | None = option(None, "steps between evaluations on val; none: twenty in all", low=1)
    patience: int = option(0, "stop after so many evaluations without a better one; 0 for never", low=0)
    doctor: bool = option(False, "watch the network: what is wrong with it, and what it measures, become records")
    histograms: bool = option(
        False,
        "each layer's histograms of activations, gradients, weights and updates become records, ever more rarely",
    )
    backward: Literal["autograd", "by-hand", "fused"] = option("autograd", "who derives the gradients")
    precision: Literal["float32", "float64", "bfloat16", "auto"] = option(
        "float32",
        "float64: everything, to compare ways of deriving gradients; bfloat16: the operands of a fused step's large "
        "products, auto: where the processor multiplies them faster",
    )
    threads: int = option(0, "threads to compute with; 0: as many as help a net of this size", low=0, high=256)
    processes: int = option(
        1,
        "networks of a mixture trained at once, each in a process of its own; 0: as many as there are cores",
        low=0,
        high=256,
    )
    device: Literal["cpu", "cuda"] = option("cpu", "where to compute; nets of this size rarely gain from CUDA")
