"""The fused step of a background net against autograd: going on from a memory, symbols that are impossible."""

import copy

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from moreish.background.net import ListGradients, ListLSTM, ListOptions

sizes = st.integers(1, 6)
Memories = tuple[Tensor, Tensor]


def net(
    vocab: int = 9, embd: int = 4, hidden: int = 6, dtype: torch.dtype = torch.float64, **options: float
) -> ListLSTM:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = ListLSTM(ListOptions(n_embd=embd, n_hidden=hidden, **options), vocab)
        for p in model.parameters():
            torch.nn.init.normal_(p, std=0.5)
    return model.to(dtype)


def batch(rows: int, steps: int, vocab: int = 9, seed: int = 0) -> tuple[Tensor, Tensor]:
    ids = torch.randint(vocab, (rows, steps + 1), generator=torch.Generator().manual_seed(seed))
    return ids[:, :-1].contiguous(), ids[:, 1:].contiguous()


def memories(rows: int, hidden: int, dtype: torch.dtype = torch.float64) -> Memories:
    rng = torch.Generator().manual_seed(5)
    h, c = (torch.randn(rows, hidden, generator=rng, dtype=torch.float64).to(dtype) for _ in range(2))
    return h.tanh(), c


def by_autograd(
    model: ListLSTM, x: Tensor, y: Tensor, before: Memories | None, impossible: Tensor | None, weight: float = 1.0
) -> tuple[Tensor, Memories]:
    """(loss, memories after the last step), the gates written out one by one; gradients are in `.grad`."""
    model.zero_grad()
    w, u, b, d = model.lstm.all_weights[0]
    h, c = before or (x.new_zeros(len(x), model.lstm.hidden_size, dtype=w.dtype),) * 2
    logits = []
    for t in range(x.shape[1]):
        i, f, g, o = (model.wte.weight[x[:, t]] @ w.T + b + h @ u.T + d).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        said = h @ model.head.projection.weight.T @ model.head.weight.T + model.head.bias
        logits.append(said if impossible is None else said + impossible)
    loss = F.cross_entropy(torch.stack(logits, 1).flatten(0, 1), y.flatten())
    (loss * weight).backward()
    return loss.detach(), (h.detach(), c.detach())


def gradients(model: ListLSTM) -> dict[str, Tensor]:
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def hidden_symbols(x: Tensor, y: Tensor, vocab: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """(B, V): -inf for every symbol that a row's text does not have."""
    impossible = torch.full((len(x), vocab), -torch.inf, dtype=dtype)
    for row, text in enumerate(torch.cat([x, y], 1)):
        impossible[row, text.unique()] = 0
    return impossible


@given(sizes, sizes, sizes, sizes, sizes, st.booleans(), st.booleans(), st.floats(0.1, 3))
@settings(max_examples=40)
def test_loss_gradients_and_memory_are_autograds(
    rows: int, steps: int, vocab: int, embd: int, hidden: int, goes_on: bool, some_hidden: bool, weight: float
):
    model = net(vocab, embd, hidden)
    x, y = batch(rows, steps, vocab)
    before = memories(rows, hidden) if goes_on else None
    impossible = hidden_symbols(x, y, vocab) if some_hidden else None
    loss, after = by_autograd(model, x, y, before, impossible, weight)
    want = gradients(model)
    step = ListGradients(model)
    step.before, step.impossible = before, impossible
    torch.testing.assert_close(step(x, y, weight), loss, rtol=0, atol=1e-13)
    found = gradients(model)
    assert found.keys() == want.keys()
    for key, grad in found.items():
        torch.testing.assert_close(grad, want[key], rtol=0, atol=1e-13, msg=key)
    assert step.after is not None
    for a, b in zip(step.after, after, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-13)


def test_the_modules_own_forward_is_the_same():
    model, (x, y) = net(), batch(3, 5)
    h, c = memories(3, 6)
    logits, after = model.read(x, torch.cat([h, c], 1)[:, None])
    loss, memory = by_autograd(model, x, y, (h, c), None)
    torch.testing.assert_close(F.cross_entropy(logits.flatten(0, 1), y.flatten()), loss, rtol=0, atol=1e-13)
    torch.testing.assert_close(after[:, 0], torch.cat(memory, 1), rtol=0, atol=1e-13)


def test_in_single_precision_it_is_near_the_exact_gradients():
    model = net(12, 8, 24, torch.float32)
    x, y = batch(6, 10, 12)
    exact = copy.deepcopy(model).double()
    by_autograd(exact, x, y, memories(6, 24), hidden_symbols(x, y, 12))
    step = ListGradients(model)
    step.before, step.impossible = memories(6, 24, torch.float32), hidden_symbols(x, y, 12, torch.float32)
    step(x, y, 1.0)
    for key, grad in gradients(exact).items():
        torch.testing.assert_close(gradients(model)[key].double(), grad, rtol=0, atol=1e-5, msg=key)


@pytest.mark.parametrize("operands", [None, torch.bfloat16])
def test_two_halves_carried_on_lose_as_much_as_the_whole(operands: torch.dtype | None):
    model = net(12, 8, 24, torch.float32)
    x, y = batch(5, 12, 12)
    whole = float(ListGradients(model, 0.0, operands)(x, y, 1.0))
    step, losses = ListGradients(model, 0.0, operands), []
    for part in (slice(0, 5), slice(5, 12)):
        step.before = step.after
        losses.append(float(step(x[:, part].contiguous(), y[:, part].contiguous(), 1.0)))
    assert (5 * losses[0] + 7 * losses[1]) / 12 == pytest.approx(whole, abs=1e-5)


def test_what_is_carried_on_is_not_overwritten_by_the_next_step():
    step = ListGradients(net())
    x, y = batch(3, 4)
    step(x, y, 1.0)
    assert step.after is not None
    kept, copies = step.after, [a.clone() for a in step.after]
    step.before = kept
    step(*batch(3, 4, seed=1), 1.0)
    for a, b in zip(kept, copies, strict=True):
        assert torch.equal(a, b)


def spoil(step: ListGradients) -> None:
    """NaN in all memory that the step keeps from one call to the next."""
    for memory in step._buffers.values():
        memory.fill_(torch.nan)


@pytest.mark.parametrize("operands", [None, torch.bfloat16])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_nothing_of_what_lies_in_memory_reaches_a_step(operands: torch.dtype | None, dropout: float):
    model = net(12, 8, 24, torch.float32, dropout=dropout).train()
    x, y = batch(5, 6, 12)
    before, impossible = memories(5, 24, torch.float32), hidden_symbols(x, y, 12, torch.float32)

    def once(step: ListGradients) -> tuple[Tensor, dict[str, Tensor]]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            return step(x, y, 1.0), gradients(model)

    used = ListGradients(model, 0.0, operands)
    for goes_on in (True, False, True):
        fresh = ListGradients(model, 0.0, operands)
        for step in (fresh, used):
            step.before, step.impossible = (before, impossible) if goes_on else (None, None)
        want = once(fresh)
        once(used)
        spoil(used)
        found = once(used)
        assert torch.equal(found[0], want[0])
        for key, grad in found[1].items():
            assert torch.equal(grad, want[1][key]), key


def test_an_impossible_symbol_is_not_learned_from():
    model = net()
    x, y = batch(2, 5, 4)
    step = ListGradients(model)
    step.impossible = hidden_symbols(x, y, 9)
    step(x, y, 1.0)
    assert model.head.weight.grad is not None
    assert not model.head.weight.grad[4:].any()
    assert model.head.weight.grad[:4].any()
