"""Half precision and autocast: the dtypes are torch's, the numbers as good."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moreish.backprop import HAND_DERIVED, by_hand
from moreish.backprop.canonicalize import name_of
from moreish.backprop.samples import sample_inputs


def leaves(tree):
    if isinstance(tree, Tensor):
        return [tree]
    return [leaf for part in tree for leaf in leaves(part)] if isinstance(tree, tuple | list) else []


def run(function, args, context):
    torch.manual_seed(0)
    with context:
        y = [t for t in leaves(function(*args)) if t.is_floating_point()]
    wanted = [t for t in leaves(args) if t.requires_grad]
    return y, torch.autograd.grad(y, wanted, [torch.ones_like(t) for t in y], allow_unused=True)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("theirs", HAND_DERIVED, ids=name_of)
def test_dtypes_are_torchs_and_numbers_agree_up_to_rounding(theirs, dtype):
    """The yardstick is torch in float64 on the same rounded numbers."""
    close = {torch.bfloat16: 0.06, torch.float16: 0.01}[dtype]
    for args in sample_inputs(theirs, dtype=dtype, seeds=[0], options=False):
        wide = [
            t.detach().double().requires_grad_(t.requires_grad) if t.is_floating_point() else t for t in leaves(args)
        ]
        truth, slopes = run(theirs, refill(args, wide), torch.enable_grad())
        values, _ = run(theirs, clone(args), torch.enable_grad())
        ours, grads = run(theirs, clone(args), by_hand(strict=True))
        assert [t.dtype for t in ours] == [t.dtype for t in values]
        assert {g.dtype for g in grads} == {dtype}
        for mine, true in zip([*ours, *grads], [*truth, *slopes], strict=True):
            torch.testing.assert_close(
                mine.double(), true, rtol=close, atol=close * float(1 + true.detach().abs().max())
            )


def refill(tree, tensors):
    if isinstance(tree, Tensor):
        return tensors.pop(0)
    return type(tree)(refill(part, tensors) for part in tree) if isinstance(tree, tuple | list) else tree


def clone(args):
    return refill(args, [t.detach().clone().requires_grad_(t.requires_grad) for t in leaves(args)])


def test_running_statistics_in_half_precision_are_updated():
    x = torch.randn(8, 3, dtype=torch.bfloat16).requires_grad_()
    found = []
    for context in (torch.enable_grad(), by_hand()):
        mean, var = torch.zeros(3, dtype=torch.bfloat16), torch.ones(3, dtype=torch.bfloat16)
        with context:
            F.batch_norm(x, mean, var, training=True)
        found.append((mean, var))
    assert found[0][0].any()
    torch.testing.assert_close(found[1], found[0], rtol=0.02, atol=0.01)


class Net(nn.Module):
    """Every kind of rule under autocast: products, sums of exponentials, elementwise."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.conv = nn.Conv1d(8, 8, 3, padding=1)
        self.norm = nn.BatchNorm1d(8)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.cell = nn.GRUCell(8, 8)
        self.head = nn.Linear(8, 11)

    def forward(self, idx):
        x = self.norm(self.conv(self.embed(idx).mT)).mT
        x = self.layer(x + x.softmax(-1))
        return self.head(self.cell(x[:, -1]) * x.mean(1))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_gives_gradients_in_the_parameters_dtype_close_to_autograds(dtype):
    torch.manual_seed(0)
    model, idx, y = Net(), torch.randint(11, (16, 5)), torch.randint(11, (16,))
    found = []
    for context in (torch.enable_grad(), by_hand(strict=True)):
        with context, torch.autocast("cpu", dtype=dtype):
            loss = F.cross_entropy(model(idx), y)
        grads = torch.autograd.grad(loss, list(model.parameters()))
        assert {g.dtype for g in grads} == {torch.float32}
        found.append((loss.float(), grads))
    (theirs, their_grads), (ours, our_grads) = found
    torch.testing.assert_close(ours, theirs, rtol=0.02, atol=0.02)
    scale = max(float(g.abs().max()) for g in their_grads)
    for mine, their in zip(our_grads, their_grads, strict=True):
        torch.testing.assert_close(mine, their, rtol=0.1, atol=0.05 * scale)


def test_products_under_autocast_have_the_lower_dtype_and_losses_the_full_one():
    x, weight = torch.randn(4, 3), torch.randn(5, 3).requires_grad_()
    with by_hand(strict=True), torch.autocast("cpu", dtype=torch.bfloat16):
        logits = F.linear(x, weight)
        loss = F.cross_entropy(logits, torch.tensor([0, 1, 2, 3]))
    assert (logits.dtype, loss.dtype) == (torch.bfloat16, torch.float32)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("low", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("theirs", HAND_DERIVED, ids=name_of)
def test_the_dtypes_under_autocast_are_torchs_on_every_kind_of_device(theirs, low, device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no GPU here")
    for dtype in (torch.float32, low):
        for args in sample_inputs(theirs, dtype=dtype, seeds=range(3)):
            found = []
            for context in (torch.enable_grad(), by_hand(strict=True)):
                torch.manual_seed(0)
                given = refill(args, [t.detach().to(device).requires_grad_(t.requires_grad) for t in leaves(args)])
                with context, torch.autocast(device, dtype=low):
                    found.append([t.dtype for t in leaves(theirs(*given))])
            assert found[1] == found[0]


@pytest.mark.parametrize("state", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("x", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("cell", [nn.GRUCell, nn.LSTMCell, nn.RNNCell])
def test_cells_under_autocast_keep_the_dtype_of_the_state_where_torch_does(cell, x, state):
    found = []
    for context in (torch.enable_grad(), by_hand(strict=True)):
        h = torch.zeros(4, 3, dtype=state)
        hx = (torch.zeros(4, 3), h) if cell is nn.LSTMCell else h
        with context, torch.autocast("cpu", dtype=torch.bfloat16):
            found.append([t.dtype for t in leaves(cell(5, 3)(torch.ones(4, 5, dtype=x), hx))])
    assert found[1] == found[0]
