"""Random generators that are functions of (seed, purpose, index), so that no two uses of chance disturb each other.

Looking more often (sampling, evaluating) never changes what is learned, and resuming needs no generator state. Torch
has one generator, one default type and one number of threads for all threads of a process: what depends on them does
so in `torch_alone`.
"""

import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np

_TORCH = threading.RLock()


def key_of(seed: int, purpose: str, index: int = 0) -> list[int]:
    """Entropy for a seed sequence; the purpose enters by its CRC-32."""
    return [seed & 0xFFFFFFFFFFFFFFFF, zlib.crc32(purpose.encode()), index]


def rng_for(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """A fresh generator for this purpose ("batches", "sampling", ...) and this index (a step, an epoch)."""
    return np.random.default_rng(key_of(seed, purpose, index))


def torch_seed(seed: int, purpose: str, index: int = 0) -> int:
    """A 63-bit seed for torch's generators, derived in the same way."""
    high, low = np.random.SeedSequence(key_of(seed, purpose, index)).generate_state(2, np.uint32)
    return (int(high) << 31) ^ int(low)


@contextmanager
def torch_alone(seed: int | None = None) -> Iterator[None]:
    """Torch as if nobody else used it: no other thread of moreish changes anything inside that all threads share.

    The default type is float32 and gradients are recorded, whatever the caller has set. With a seed torch's generator
    begins there, and is afterwards as it was before. Where torch is not loaded there is nothing to be done.
    """
    with _TORCH, ExitStack() as stack:
        if "torch" in sys.modules:
            import torch

            stack.callback(torch.set_default_dtype, torch.get_default_dtype())
            torch.set_default_dtype(torch.float32)
            stack.enter_context(torch.inference_mode(False))
            stack.enter_context(torch.enable_grad())
            if seed is not None:
                stack.enter_context(torch.random.fork_rng(devices=[]))
                torch.default_generator.manual_seed(seed)
        yield
