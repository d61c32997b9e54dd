"""The same nets trained by JAX: many steps in one `lax.scan`, compiled. Runs in a Python of its own; see `compiled`.

jax_peer.py NET FILE     reads the windows from FILE (npz: x, y), then for each number of steps that comes in on
                         standard input writes the processor time that they took, and their mean loss
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

BATCH, LR, VOCAB = 32, 0.1, 27


def normal(rng, *shape, std):
    return jnp.asarray(rng.normal(size=shape) * std, jnp.float32)


def start(net, rng):
    """Parameters, and the running statistics of the BatchNorms."""
    embd, hidden, layers, fan_in = (24, 128, 3, 48) if net == "wavenet" else (10, 200, 1, 30)
    parameters, running = {"C": normal(rng, VOCAB, embd, std=1)}, []
    for i in range(layers):
        layer = {"w": normal(rng, fan_in, hidden, std=fan_in**-0.5)}
        if net == "mlp":
            layer["b"] = jnp.zeros(hidden)
        else:
            layer |= {"gain": jnp.ones(hidden), "bias": jnp.zeros(hidden)}
            running.append((jnp.zeros(hidden), jnp.ones(hidden)))
        parameters[f"layer{i}"] = layer
        fan_in = 2 * hidden
    parameters["head"] = {"w": normal(rng, hidden, VOCAB, std=0.01), "b": jnp.zeros(VOCAB)}
    return parameters, running


def logits(parameters, x, net):
    """And the statistics of this batch."""
    h, found, i = parameters["C"][x], [], 0
    while f"layer{i}" in parameters:
        layer = parameters[f"layer{i}"]
        joined = 2 if net == "wavenet" else h.shape[1]
        h = h.reshape(len(x), -1, joined * h.shape[2])
        h = h @ layer["w"]
        if net == "mlp":
            h = h + layer["b"]
        else:
            mean, var = h.mean((0, 1)), h.var((0, 1), ddof=1)
            found.append((mean, var))
            h = layer["gain"] * (h - mean) * jax.lax.rsqrt(var + 1e-5) + layer["bias"]
        h, i = jnp.tanh(h), i + 1
    return h[:, 0] @ parameters["head"]["w"] + parameters["head"]["b"], found


def loss_of(parameters, x, y, net):
    out, found = logits(parameters, x, net)
    picked = jnp.take_along_axis(jax.nn.log_softmax(out), y[:, None], 1)
    return -picked.mean(), found


@partial(jax.jit, static_argnums=4, donate_argnums=0)
def train(state, x, y, rows, net):
    def step(state, of_batch):
        parameters, running = state
        gradients = jax.value_and_grad(loss_of, has_aux=True)
        (loss, found), grads = gradients(parameters, x[of_batch], y[of_batch], net)
        parameters = jax.tree.map(lambda p, g: p - LR * g, parameters, grads)
        running = jax.tree.map(lambda old, new: old + 0.001 * (new - old), running, found)
        return (parameters, running), loss

    return jax.lax.scan(step, state, rows)


def main():
    net, rng, data = sys.argv[1], np.random.default_rng(0), np.load(sys.argv[2])
    x, y = jnp.asarray(data["x"].astype(np.int32)), jnp.asarray(data["y"].astype(np.int32))
    state = start(net, rng)
    for line in sys.stdin:
        rows = jnp.asarray(rng.integers(0, len(x), (int(line), BATCH)).astype(np.int32))
        began = time.process_time()
        state, losses = train(state, x, y, rows, net)
        mean = float(losses.mean())
        print(time.process_time() - began, mean, flush=True)


if __name__ == "__main__":
    main()
