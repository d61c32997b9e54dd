"""Random generators that are functions of (seed, purpose, index), so that no two uses of chance disturb each other.

Looking more often (sampling, evaluating) never changes what is learned, and resuming needs no generator state.
"""

import zlib

import numpy as np


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
