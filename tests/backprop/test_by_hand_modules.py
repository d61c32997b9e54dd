"""Modules that are not ours, trained by hand: the same losses and gradients as by autograd."""

import copy
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.backprop import as_text, by_hand, compare_gradients


class Block(nn.Module):
    """A residual block as in torchvision: two convolutions with BatchNorm, ReLU in place, `out += identity`."""

    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = nn.Sequential(
            nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x):
        identity = self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += identity
        return self.relu(out)


class ConvNet(nn.Module):
    """A small ResNet, every operator of torchvision's."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 4, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(4),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        self.layers = nn.Sequential(Block(4, 4, 1), Block(4, 8, 2))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(8, 5)

    def forward(self, x):
        x = self.avgpool(self.layers(self.stem(x)))
        return self.fc(torch.flatten(x, 1))


class Unrolled(nn.Module):
    """A recurrent cell stepped over time."""

    def __init__(self, cell):
        super().__init__()
        self.cell = cell
        self.head = nn.Linear(cell.hidden_size, 5)

    def forward(self, x):
        state, out = None, []
        for step in x.unbind(1):
            state = self.cell(step, state)
            out.append(state[0] if isinstance(state, tuple) else state)
        return self.head(torch.stack(out, 1)).flatten(0, 1)


class First(nn.Module):
    """The outputs of a recurrent module, and its last state, so that both have a gradient."""

    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        y, state = self.body(x)
        h = state[0] + state[1] if isinstance(state, tuple) else state
        return y.flatten(0, 1)[:, :5] + h.sum((0, 1))[:5]


class HandWrittenAttention(nn.Module):
    """Attention as nanoGPT writes it out: one linear layer, split, heads, a mask, softmax, matmul."""

    def __init__(self, n_embd=8, n_head=2):
        super().__init__()
        self.n_head = n_head
        self.c_attn = nn.Linear(n_embd, 3 * n_embd)
        self.wpe = nn.Embedding(16, n_embd)

    def forward(self, x):
        B, T, C = x.size()
        x = x + self.wpe(torch.arange(T))
        q, k, v = self.c_attn(x).split(C, dim=2)
        q, k, v = (t.view(B, T, self.n_head, C // self.n_head).transpose(1, 2) for t in (q, k, v))
        scores = (q @ k.transpose(-2, -1)) * (1.0 / k.size(-1) ** 0.5)
        scores = scores + torch.full((T, T), float("-inf"), dtype=x.dtype).triu(1)
        y = F.softmax(scores, dim=-1) @ v
        return y.transpose(1, 2).contiguous().view(B * T, C)[:, :5]


def images():
    return torch.randn(6, 3, 16, 16, dtype=torch.float64)


def sequences():
    return torch.randn(4, 6, 8, dtype=torch.float64)


def flat(module):
    class Flat(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = module

        def forward(self, x):
            return self.body(x).flatten(0, 1)[:, :5]

    return Flat()


MODULES = {
    "torchvision-style ResNet": (ConvNet, images),
    "TransformerEncoderLayer": (lambda: flat(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)), sequences),
    "TransformerEncoderLayer, norm first, gelu": (
        lambda: flat(nn.TransformerEncoderLayer(8, 2, 16, 0.0, "gelu", batch_first=True, norm_first=True)),
        sequences,
    ),
    "TransformerEncoder of two": (
        lambda: flat(nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)),
        sequences,
    ),
    "LSTMCell unrolled": (lambda: Unrolled(nn.LSTMCell(8, 7)), sequences),
    "GRUCell unrolled": (lambda: Unrolled(nn.GRUCell(8, 7)), sequences),
    "RNNCell unrolled": (lambda: Unrolled(nn.RNNCell(8, 7)), sequences),
    "RNNCell with ReLU": (lambda: Unrolled(nn.RNNCell(8, 7, nonlinearity="relu")), sequences),
    "LSTM of two layers, both ways": (
        lambda: First(nn.LSTM(8, 5, num_layers=2, bidirectional=True, dropout=0.2, batch_first=True)),
        sequences,
    ),
    "LSTM without biases": (lambda: First(nn.LSTM(8, 5, bias=False)), sequences),
    "GRU": (lambda: First(nn.GRU(8, 5, num_layers=2)), sequences),
    "RNN": (lambda: First(nn.RNN(8, 5, bidirectional=True)), sequences),
    "RNN with ReLU": (lambda: First(nn.RNN(8, 5, nonlinearity="relu", batch_first=True)), sequences),
    "attention written out": (HandWrittenAttention, sequences),
    "dilated causal convolutions": (
        lambda: nn.Sequential(
            nn.ConstantPad1d((2, 0), 0.0),
            nn.Conv1d(6, 8, 2, dilation=2, groups=2),
            nn.BatchNorm1d(8),
            nn.ELU(),
            nn.Dropout(0.2),
            nn.AvgPool2d((1, 2)),
            nn.Flatten(),
            nn.LeakyReLU(0.1),
            nn.LayerNorm(32),
            nn.Linear(32, 5),
        ),
        sequences,
    ),
}


def make(name):
    build, data = MODULES[name]
    torch.manual_seed(0)
    return build().double(), data()


def train(model, x, context, steps=5):
    """The losses of a few steps of SGD with momentum, all random numbers from one seed."""
    torch.manual_seed(1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for _ in range(steps):
        with context:
            logits = model(x)
            loss = F.cross_entropy(logits, torch.arange(len(logits)) % 5)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses, dtype=torch.float64)


@pytest.mark.parametrize("name", MODULES)
def test_training_by_hand_gives_the_losses_of_autograd(name):
    model, x = make(name)
    twin = copy.deepcopy(model)
    hands = by_hand(strict=True)
    by_autograd = train(model, x, torch.enable_grad())
    ours = train(twin, x, hands)
    assert hands.report().by_autograd == {}
    torch.testing.assert_close(ours, by_autograd, rtol=0, atol=1e-10)
    assert by_autograd[-1] != by_autograd[0]
    for (key, theirs), mine in zip(model.state_dict().items(), twin.state_dict().values(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-8, atol=1e-10, msg=key)


@pytest.mark.parametrize("name", MODULES)
def test_every_gradient_on_the_way_agrees(name):
    model, x = make(name)

    def loss():
        logits = model(x)
        return F.cross_entropy(logits, torch.arange(len(logits)) % 5)

    rows = compare_gradients(model, loss, intermediates=True)
    assert len(rows) > len(list(model.parameters()))
    assert all(row.maxdiff < 1e-10 for row in rows), as_text(rows)


def test_a_transformer_layer_in_eval_mode_is_entered_too():
    """Under a mode torch does not take its fused path, so training and evaluation give the same calls."""
    model, x = make("TransformerEncoderLayer, norm first, gelu")
    model.eval()
    with by_hand(strict=True) as calls:
        model(x).sum().backward()
    assert calls.report().by_hand["F.scaled_dot_product_attention"] == 1
    with torch.no_grad(), by_hand() as calls:
        evaluated = model(x)
    assert calls.report().by_hand == {}
    with torch.no_grad():
        torch.testing.assert_close(evaluated, model(x))


@pytest.mark.parametrize("module", [nn.LSTM, nn.GRU, nn.RNN])
def test_a_fused_kernel_that_cannot_be_entered_says_so(module):
    """With packed sequences the kernel works on rows of another shape: left to autograd, and reported."""
    fused, x = module(4, 3), torch.randn(5, 2, 4)
    packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([5, 3]))
    with by_hand() as calls:
        fused(packed)[0].data.sum().backward()
    assert f"nn.{module.__name__} called one fused kernel" in str(calls.report())
    assert f"use nn.{module.__name__}Cell" in str(calls.report())
    with by_hand(strict=True), pytest.raises(ValueError, match="fused kernel"):
        fused(packed)


def test_an_lstm_that_projects_its_state_is_left_to_autograd():
    with by_hand() as calls, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "LSTM with projections")
        nn.LSTM(4, 5, proj_size=2)(torch.randn(3, 2, 4))
    assert "torch.lstm" in calls.report().by_autograd


def test_a_recurrent_module_in_eval_mode_drops_nothing():
    torch.manual_seed(0)
    body, x = nn.GRU(8, 5, num_layers=2, dropout=0.5).double().eval(), sequences()
    want = torch.autograd.grad(body(x)[0].square().sum(), list(body.parameters()))
    with by_hand(strict=True):
        y = body(x)[0]
    torch.testing.assert_close(
        torch.autograd.grad(y.square().sum(), list(body.parameters())), want, rtol=0, atol=1e-10
    )


def test_a_frozen_recurrent_module_keeps_its_fused_kernel():
    fused = nn.LSTM(4, 3).requires_grad_(False)
    with by_hand(strict=True) as calls:
        fused(torch.randn(5, 2, 4))
    assert calls.report() == ({}, {}, [])


def test_multi_head_attention_with_weights_agrees():
    torch.manual_seed(0)
    attention = nn.MultiheadAttention(8, 2, batch_first=True).double()
    x, mask = sequences(), nn.Transformer.generate_square_subsequent_mask(6, dtype=torch.float64)
    rows = compare_gradients(attention, lambda: attention(x, x, x, attn_mask=mask)[0].square().sum())
    assert all(row.maxdiff < 1e-10 for row in rows), as_text(rows)
