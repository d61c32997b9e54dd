"""A Transformer that remembers keys and values gives the logits of reading all again, before and after it slides."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moreish.inference.network import Network
from moreish.models import build_model
from moreish.models import transformer as transformer_module
from moreish.models.transformer import Transformer, TransformerOptions

V, BLOCK = 9, 6


def net(tie: bool = False, n_layer: int = 2) -> Transformer:
    options = TransformerOptions(block_size=BLOCK, n_embd=12, n_head=3, n_layer=n_layer, tie=tie)
    made = build_model("transformer", options, V, 0)
    assert isinstance(made, Transformer)
    with torch.no_grad():
        for p in made.parameters():
            p.add_(0.3 * torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel())))
    return made.eval()


def read_again(made: Transformer, ids: list[int]) -> np.ndarray:
    """The oracle: the whole window forwarded."""
    with torch.no_grad():
        return made(torch.tensor([ids[-BLOCK:]]))[0, -1].log_softmax(-1).numpy()


def rows_of(length: int) -> st.SearchStrategy[list[list[int]]]:
    row = st.lists(st.integers(0, V - 1), min_size=length, max_size=length)
    return st.lists(row, min_size=1, max_size=4)


@pytest.mark.slow
@pytest.mark.parametrize("room", [2**30, 5000, 0])
@given(rows=st.integers(1, 2 * BLOCK + 3).flatmap(rows_of), tie=st.booleans())
def test_every_step_gives_what_the_whole_window_gives(room, rows, tie):
    made = net(tie)
    model = Network(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transformer_module, "LARGEST_CACHE", room)
        state, _ = model.start(len(rows))
        for t in range(len(rows[0])):
            state, logprobs = model.advance(state, np.array([row[t] for row in rows]))
            for row, found in zip(rows, logprobs, strict=True):
                np.testing.assert_allclose(found, read_again(made, [0, *row[: t + 1]]), rtol=0, atol=1e-5)


@pytest.mark.slow
@given(st.lists(st.integers(0, 3), min_size=1, max_size=7), st.integers(1, 2 * BLOCK))
def test_taken_rows_go_on_as_those_that_they_were_and_the_old_state_stays(taken, length):
    made = net()
    model, rng = Network(made), np.random.default_rng(0)
    state, _ = model.start(4)
    history = np.zeros((4, 1), np.int64)
    for _ in range(length):
        ids = rng.integers(1, V, 4)
        state, _ = model.advance(state, ids)
        history = np.column_stack([history, ids])
    rows = np.array(taken)
    kept = model.take(model.take(state, np.array([3, 2, 1, 0])), 3 - rows)  # one taking after another
    ids = rng.integers(1, V, len(rows))
    _, found = model.advance(kept, ids)
    for row, i, logprobs in zip(rows, ids, found, strict=True):
        np.testing.assert_allclose(logprobs, read_again(made, [*history[row], i]), rtol=0, atol=1e-5)
    _, whole = model.advance(state, np.array([1, 2, 3, 4]))
    for row in range(4):
        np.testing.assert_allclose(whole[row], read_again(made, [*history[row], row + 1]), rtol=0, atol=1e-5)
