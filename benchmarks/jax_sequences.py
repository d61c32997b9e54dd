"""GRU, LSTM and Transformer trained by JAX, in float32: many steps on one batch in one `lax.scan`, with AdamW.

jax_sequences.py NET     NET is gru, lstm or transformer, of the sizes in `sequences`; for each number of steps that
                         comes in on standard input writes the processor time that they took, and their last loss
"""

import os
import sys
import time
from functools import partial

if hasattr(os, "sched_setaffinity"):  # before JAX makes as many threads as it sees cores
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import jax  # pyright: ignore[reportMissingImports]
import jax.numpy as jnp  # pyright: ignore[reportMissingImports]
import numpy as np

V, STEPS = 27, 7
LR, BETA1, BETA2, EPS, DECAY = 1e-4, 0.9, 0.99, 1e-8, 0.0
RECURRENT = {"gru": (64, 256, 3), "lstm": (32, 288, 4)}
ROWS = {"gru": 256, "lstm": 256, "transformer": 32}
WIDTH, HEADS, LAYERS = 64, 4, 4


def start(net, rng):
    """Parameters as JAX likes them: matrices that are multiplied from the right."""

    def normal(*shape):
        return jnp.asarray(rng.normal(size=shape) * shape[0] ** -0.5, jnp.float32)

    if net in RECURRENT:
        embd, hidden, gates = RECURRENT[net]
        return {
            "C": normal(V, embd), "w": normal(embd, gates * hidden), "u": normal(hidden, gates * hidden),
            "b": jnp.zeros(gates * hidden), "c": jnp.zeros(gates * hidden),
            "head": normal(hidden, V), "bias": jnp.zeros(V),
        }  # fmt: skip
    block = lambda: {  # noqa: E731
        "ln1": (jnp.ones(WIDTH), jnp.zeros(WIDTH)), "ln2": (jnp.ones(WIDTH), jnp.zeros(WIDTH)),
        "qkv": (normal(WIDTH, 3 * WIDTH), jnp.zeros(3 * WIDTH)), "proj": (normal(WIDTH, WIDTH), jnp.zeros(WIDTH)),
        "fc": (normal(WIDTH, 4 * WIDTH), jnp.zeros(4 * WIDTH)), "out": (normal(4 * WIDTH, WIDTH), jnp.zeros(WIDTH)),
    }  # fmt: skip
    return {
        "C": normal(V, WIDTH), "places": normal(STEPS, WIDTH), "blocks": [block() for _ in range(LAYERS)],
        "ln": (jnp.ones(WIDTH), jnp.zeros(WIDTH)), "head": normal(WIDTH, V), "bias": jnp.zeros(V),
    }  # fmt: skip


def states(parameters, x, net):
    """What the logits are made of, (T, B, hidden) or (B, T, width)."""
    size = RECURRENT[net][1]
    given = (parameters["C"] @ parameters["w"] + parameters["b"])[x.T]  # (T, B, gates * hidden)
    zeros = jnp.zeros((x.shape[0], size))

    def gru(h, a):
        b = h @ parameters["u"] + parameters["c"]
        r, z = (jax.nn.sigmoid(a[:, i * size : (i + 1) * size] + b[:, i * size : (i + 1) * size]) for i in (0, 1))
        n = jnp.tanh(a[:, 2 * size :] + r * b[:, 2 * size :])
        h = n + z * (h - n)
        return h, h

    def lstm(state, a):
        h, c = state
        i, f, g, o = jnp.split(a + h @ parameters["u"] + parameters["c"], 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    return jax.lax.scan(gru, zeros, given)[1] if net == "gru" else jax.lax.scan(lstm, (zeros, zeros), given)[1]


def attended(parameters, x):
    """A Transformer of pre-norm blocks."""

    def norm(h, of):
        away = h - h.mean(-1, keepdims=True)
        return away * jax.lax.rsqrt((away**2).mean(-1, keepdims=True) + 1e-5) * of[0] + of[1]

    rows, steps = x.shape
    h = parameters["C"][x] + parameters["places"]
    mask = jnp.tril(jnp.ones((steps, steps), bool))
    for block in parameters["blocks"]:
        qkv = norm(h, block["ln1"]) @ block["qkv"][0] + block["qkv"][1]
        q, k, v = (a.reshape(rows, steps, HEADS, -1).swapaxes(1, 2) for a in jnp.split(qkv, 3, axis=-1))
        scores = jnp.where(mask, q @ k.swapaxes(2, 3) * q.shape[-1] ** -0.5, -jnp.inf)
        seen = (jax.nn.softmax(scores) @ v).swapaxes(1, 2).reshape(rows, steps, -1)
        h = h + seen @ block["proj"][0] + block["proj"][1]
        wide = jax.nn.gelu(norm(h, block["ln2"]) @ block["fc"][0] + block["fc"][1], approximate=True)
        h = h + wide @ block["out"][0] + block["out"][1]
    return norm(h, parameters["ln"])


def loss_of(parameters, x, y, net):
    if net == "transformer":
        h, told = attended(parameters, x), y
    else:
        h, told = states(parameters, x, net), y.T
    logits = h @ parameters["head"] + parameters["bias"]
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), told[..., None], -1).mean()


@partial(jax.jit, static_argnums=(3, 4), donate_argnums=0)
def train(state, x, y, net, count):
    def step(state, _):
        parameters, first, second, t = state
        loss, grads = jax.value_and_grad(loss_of)(parameters, x, y, net)
        first = jax.tree.map(lambda m, g: m + (1 - BETA1) * (g - m), first, grads)
        second = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, second, grads)
        scale, t = LR / (1 - BETA1 ** (t + 1)), t + 1
        root = jnp.sqrt(1 - BETA2**t)
        parameters = jax.tree.map(
            lambda p, m, v: p * (1 - LR * DECAY) - scale * m / (jnp.sqrt(v) / root + EPS), parameters, first, second
        )
        return (parameters, first, second, t), loss

    return jax.lax.scan(step, state, None, length=count)


def main():
    net, rng = sys.argv[1], np.random.default_rng(0)
    x, y = jnp.asarray(rng.integers(0, V, (2, ROWS[net], STEPS)).astype(np.int32))
    parameters = start(net, rng)
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    state = parameters, zeros, jax.tree.map(jnp.zeros_like, parameters), jnp.zeros(())
    for line in sys.stdin:
        began = time.process_time()
        state, losses = train(state, x, y, net, int(line))
        last = float(losses[-1])
        print(time.process_time() - began, last, flush=True)


if __name__ == "__main__":
    main()
