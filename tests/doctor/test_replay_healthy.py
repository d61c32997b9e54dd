"""Replays are silent where samples, places and axes meet because they are meant to."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.doctor.replay_worlds import (
    Attend,
    B,
    D,
    Embedded,
    Lambda,
    T,
    causal,
    classify,
    next_symbol,
    ours,
    series,
    text,
    watch,
)
from tests.doctor.worlds import V

HEALTHY = {}


def healthy(function):
    HEALTHY[function.__name__] = function
    return function


def masked(scores):
    return scores.masked_fill(causal(scores.shape[-1]), -math.inf).softmax(-1)


def rows(k, n=B, features=8):
    x = torch.randn(n, features, generator=torch.Generator().manual_seed(k))
    return x, (x[:, :4].sum(1) > 0).long()


def by_rows(model, *more):
    def step(k):
        x, y = rows(k)
        return F.cross_entropy(model(x, *more), y)

    return watch(model, step)


# Samples that are meant to meet


@healthy
def scores_that_are_ranked_against_a_bank_of_others():
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))
    slow = nn.Linear(8, 1).requires_grad_(False)

    def step(k):
        x = rows(k)[0]
        bank = slow(x.flip(0)).squeeze(1)
        return F.softplus(bank - model(x)).mean() + F.relu(1 - model(x) + bank).mean()

    return watch(model, step)


def table(columns, first="columns"):
    """Rows of a table whose columns look at each other, and which look at each other themselves."""

    def forward(m, x):
        h = x[..., None] * m.w.weight
        for name in ("columns", "rows") if first == "columns" else ("rows", "columns"):
            h = h + getattr(m, name)(h, h, h, need_weights=False)[0]
        return m.head(h.flatten(1))

    model = Lambda(
        forward, w=nn.Linear(D, columns), columns=nn.MultiheadAttention(D, 2, batch_first=True),
        rows=nn.MultiheadAttention(D, 2), head=nn.Linear(columns * D, 2),
    )  # fmt: skip

    def step(k):
        x, y = rows(k, features=columns)
        return F.cross_entropy(model(x), y)

    return watch(model, step)


@healthy
def table_whose_rows_look_at_each_other():
    return table(8)


@healthy
def table_whose_rows_look_at_each_other_first():
    return table(8, "rows")


@healthy
def table_with_as_many_rows_as_columns():
    return table(B)


@healthy
def table_of_layers_that_look_both_ways():
    def layer(**options):
        return nn.TransformerEncoderLayer(D, 2, 32, **options)

    def forward(m, x):
        h = m.i(x[..., None])
        for block in m.blocks:
            h = block["rows"](block["columns"](h))
        return m.head(h.mean(1))

    blocks = [nn.ModuleDict({"columns": layer(batch_first=True), "rows": layer()}) for _ in range(2)]
    return by_rows(Lambda(forward, i=nn.Linear(1, D), blocks=nn.ModuleList(blocks), head=nn.Linear(D, 2)))


@healthy
def graph_net_with_an_adjacency_given():
    a = (torch.rand(B, B) < 0.3).float() + torch.eye(B)
    a = a / a.sum(1, keepdim=True)
    layers = {"one": nn.Linear(8, 16), "two": nn.Linear(16, 2)}
    return by_rows(Lambda(lambda m, x, a: a @ m.two(F.relu(a @ m.one(x))), **layers), a)


@healthy
def graph_net_with_an_adjacency_of_its_own():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            a = (torch.rand(B, B) < 0.3).float()
            a = torch.maximum(a, a.T) + torch.eye(B)
            self.register_buffer("a", a / a.sum(1))  # of a symmetric table rows and columns have the same sums
            self.one, self.two = nn.Linear(8, 16), nn.Linear(16, 2)

        def forward(self, x):
            return self.a @ self.two(F.relu(self.a @ self.one(x)))

    return by_rows(Net())


@healthy
def graph_net_with_edges():
    edges = torch.randint(0, B, (2, 60))

    def forward(m, x, edges):
        h = m.one(x)
        h = h + torch.zeros_like(h).index_add(0, edges[1], torch.tanh(m.message(h[edges[0]])))
        return m.two(h)

    parts = {"one": nn.Linear(8, 16), "message": nn.Linear(16, 16), "two": nn.Linear(16, 2)}
    return by_rows(Lambda(forward, **parts), edges)


@healthy
def memory_bank_that_grows():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.head = nn.Linear(8, 16), nn.Linear(32, 2)
            self.memory = []

        def forward(self, x):
            h = torch.tanh(self.embed(x))
            self.memory = [*self.memory[-3:], h.detach()]
            bank = torch.cat(self.memory)
            return self.head(torch.cat([h, (h @ bank.T).softmax(1) @ bank], 1))

    return by_rows(Net())


@healthy
def queue_and_running_centroids():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.head = nn.Linear(8, 16), nn.Linear(16, 2)
            self.register_buffer("centre", torch.zeros(16))

        def forward(self, x):
            h = torch.tanh(self.embed(x))
            self.centre.mul_(0.9).add_(0.1 * h.detach().mean(0))
            return self.head(h - self.centre)

    return by_rows(Net())


@healthy
def mixture_of_experts_with_a_capacity():
    def forward(m, x):
        p = m.gate(x).softmax(-1)
        best = F.one_hot(p.argmax(-1), 4)
        kept = best * (best.cumsum(0) <= 5)
        y = torch.stack([e(x) for e in m.experts], 1)
        return m.head(((p * kept).unsqueeze(-1) * y).sum(1))

    experts = nn.ModuleList(nn.Linear(8, 16) for _ in range(4))
    return by_rows(Lambda(forward, gate=nn.Linear(8, 4), experts=experts, head=nn.Linear(16, 2)))


@healthy
def experts_that_choose_their_tokens():
    def forward(m, x):
        h = m.i(x).flatten(0, 1)
        p = m.gate(h).softmax(-1)
        weight, chosen = p.T.topk(20, 1)
        out = torch.zeros_like(h)
        for e, expert in enumerate(m.experts):
            out = out.index_add(0, chosen[e], weight[e][:, None] * expert(h[chosen[e]]))
        return m.head((h + out).view(len(x), T, D).mean(1))

    experts = nn.ModuleList(nn.Linear(D, D) for _ in range(4))
    return classify(Lambda(forward, i=nn.Linear(5, D), gate=nn.Linear(D, 4), experts=experts, head=nn.Linear(D, 2)))


@healthy
def rows_as_a_set():
    def forward(m, x):
        h = m.i(x)[None]
        return m.head((h + m.a(h, h, h)[0])[0])

    return by_rows(
        Lambda(forward, i=nn.Linear(8, D), a=nn.MultiheadAttention(D, 2, batch_first=True), head=nn.Linear(D, 2))
    )


@healthy
def layer_over_the_batch_that_is_meant():
    def forward(m, x):
        h = m.i(x)
        return m.head(m.e(h.unsqueeze(1)).squeeze(1) + h)

    return by_rows(Lambda(forward, i=nn.Linear(8, D), e=nn.TransformerEncoderLayer(D, 2, 32), head=nn.Linear(D, 2)))


@healthy
def bag_of_instances_with_attention():
    def forward(m, x):
        h = torch.tanh(m.i(x))
        return m.head((m.s(h).softmax(0) * h).sum(0, keepdim=True))

    model = Lambda(forward, i=nn.Linear(8, D), s=nn.Linear(D, 1), head=nn.Linear(D, 2))
    return watch(model, lambda k: F.cross_entropy(model(rows(k)[0]), torch.tensor([k % 2])))


@healthy
def prototypes_in_the_model():
    def forward(m, x):
        h = m.net(x).view(4, 4, -1)  # four classes, four examples each
        return -torch.cdist(h[:, 2:].flatten(0, 1), h[:, :2].mean(1))

    model = Lambda(forward, net=nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 6)))
    return watch(model, lambda k: F.cross_entropy(model(rows(k)[0]), torch.arange(4).repeat_interleave(2)))


@healthy
def contrast_of_two_views():
    def forward(m, a, b):
        a, b = (F.normalize(m.net(x), dim=1) for x in (a, b))
        return 10 * a @ b.T

    model = Lambda(forward, net=nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 6)))

    def step(k):
        x = rows(k)[0]
        logits = model(x + 0.1 * torch.randn_like(x), x + 0.1 * torch.randn_like(x))
        return F.cross_entropy(logits, torch.arange(B)) + F.cross_entropy(logits.T, torch.arange(B))

    return watch(model, step)


@healthy
def norm_by_hand_over_the_batch():
    def forward(m, x):
        h = m.one(x)
        return m.two(torch.relu((h - h.mean(0)) / (h.std(0) + 1e-5)))

    return by_rows(Lambda(forward, one=nn.Linear(8, 16), two=nn.Linear(16, 2)))


@healthy
def norm_without_running_statistics():
    layers = nn.Linear(8, 16), nn.BatchNorm1d(16, track_running_stats=False), nn.ReLU(), nn.Linear(16, 2)
    return by_rows(nn.Sequential(*layers))


@healthy
def groups_of_the_batch_compared():
    def forward(m, x):
        h = m.net(x)
        spread = h.view(4, -1, h.shape[1]).std(0).mean(1)  # of four groups, as in StyleGAN
        return m.head(torch.cat([h, spread.repeat(4)[:, None]], 1))

    return by_rows(Lambda(forward, net=nn.Linear(8, 12), head=nn.Linear(13, 2)))


# Time and batch


@healthy
def time_first_where_time_comes_first():
    model = Lambda(lambda m, x: m.h(m.r(x)[0][-1]), r=nn.LSTM(5, 16), h=nn.Linear(16, 2))
    return classify(model, arrange=lambda x: x.transpose(0, 1).contiguous())


@healthy
def one_long_series():
    model = Lambda(lambda m, x: m.h(m.r(x)[0]).flatten(), r=nn.LSTM(1, 16), h=nn.Linear(16, 1))

    def step(k):
        x = torch.sin(torch.arange(41) / 3.0 + k)
        return F.mse_loss(model(x[:-1, None, None]), x[1:])

    return watch(model, step)


@healthy
def time_first_model_of_symbols():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.e, self.r, self.h = nn.Embedding(V, D), nn.LSTM(D, D, 2), nn.Linear(D, V)

        def forward(self, x, state):
            h, state = self.r(self.e(x), state)
            return self.h(h).view(-1, V), state

    model, zeros = Net(), (torch.zeros(2, B, D), torch.zeros(2, B, D))

    def step(k):
        x, y = text(k)
        return F.cross_entropy(model(x.T.contiguous(), zeros)[0], y.T.reshape(-1))

    return watch(model, step)


@healthy
def tags_from_both_sides_time_first():
    model = Lambda(
        lambda m, x: m.h(m.r(m.e(x))[0]),
        e=nn.Embedding(V, D), r=nn.LSTM(D, D, bidirectional=True), h=nn.Linear(2 * D, 3),
    )  # fmt: skip
    return watch(model, lambda k: F.cross_entropy(model(text(k)[0].T).flatten(0, 1), (text(k)[0].T % 3).flatten()))


@healthy
def nodes_as_the_batch_of_a_recurrent_layer():
    model = Lambda(lambda m, x: m.h(m.r(x)[0]).squeeze(-1), r=nn.GRU(5, 16), h=nn.Linear(16, 1))
    return watch(model, lambda k: F.mse_loss(model(series(k)[0]), series(k)[0].sum(2)))


@healthy
def cells_by_hand():
    def forward(m, x):
        h = x.new_zeros(len(x), 16)
        for t in range(x.shape[1]):
            h = m.cell(x[:, t], h)
        return m.head(h)

    return classify(Lambda(forward, cell=nn.GRUCell(5, 16), head=nn.Linear(16, 2)))


@healthy
def convolutional_recurrence():
    def forward(m, x):
        x = x[:, :, None, :, None].expand(-1, -1, 1, 5, 4)
        h = x.new_zeros(len(x), 6, 5, 4)
        for t in range(x.shape[1]):
            z, n = m.gates(torch.cat([x[:, t], h], 1)).chunk(2, 1)
            h = torch.sigmoid(z) * h + (1 - torch.sigmoid(z)) * torch.tanh(n)
        return m.head(h.mean((2, 3)))

    return classify(Lambda(forward, gates=nn.Conv2d(7, 12, 3, padding=1), head=nn.Linear(6, 2)))


@healthy
def last_states_of_both_directions_swapped_and_joined():
    model = Lambda(
        lambda m, x: m.head(m.r(x)[1][0].transpose(0, 1).reshape(len(x), -1)),
        r=nn.LSTM(5, 16, batch_first=True, bidirectional=True), head=nn.Linear(32, 2),
    )  # fmt: skip
    return classify(model)


@healthy
def places_merged_into_the_batch():
    def forward(m, x):
        b, t, f = x.shape
        h = torch.relu(m.one(x.reshape(b * t, f))).view(b, t, -1)
        frames = h.view(b, t // 2, -1)
        return m.head(m.r(frames)[0][:, -1])

    parts = {"one": nn.Linear(5, D), "r": nn.GRU(2 * D, 16, batch_first=True), "head": nn.Linear(16, 2)}
    return classify(Lambda(forward, **parts))


@healthy
def along_either_axis_of_a_grid():
    def forward(m, x):
        h = m.i(x.unflatten(1, (2, 5)))  # (B, 2, 5, D)
        b, r, c, d = h.shape
        along = h.reshape(b * r, c, d)
        h = h + m.one(along, along, along)[0].view(b, r, c, d)
        down = h.transpose(1, 2).reshape(b * c, r, d)
        return m.head((h + m.two(down, down, down)[0].view(b, c, r, d).transpose(1, 2)).mean((1, 2)))

    one, two = (nn.MultiheadAttention(D, 2, batch_first=True) for _ in range(2))
    return classify(Lambda(forward, i=nn.Linear(5, D), one=one, two=two, head=nn.Linear(D, 2)))


@healthy
def picture_cut_into_patches():
    def forward(m, x):
        b = len(x)
        p = x.view(b, 1, 2, 4, 2, 4).permute(0, 2, 4, 1, 3, 5).reshape(b, 4, 16)
        h = torch.cat([m.cls.expand(b, 1, D), m.i(p)], 1) + m.place
        return m.head(m.e(h)[:, 0])

    model = Lambda(
        forward, i=nn.Linear(16, D), e=nn.TransformerEncoderLayer(D, 2, 32, batch_first=True), head=nn.Linear(D, 2)
    )
    model.cls, model.place = nn.Parameter(torch.randn(1, 1, D) * 0.1), nn.Parameter(torch.randn(5, D) * 0.1)
    return watch(model, lambda k: F.cross_entropy(model(torch.randn(B, 1, 8, 8)), torch.arange(B) % 2))


# Models of the next symbol that look back only


@healthy
def attention_with_its_mask():
    return next_symbol(Embedded(nn.Sequential(Attend(masked), nn.LayerNorm(D), Attend(masked))))


@healthy
def encoder_of_torch_with_its_mask():
    layers = nn.TransformerEncoder(nn.TransformerEncoderLayer(D, 2, 32, batch_first=True), 2)
    return next_symbol(Embedded(Lambda(lambda m, h: m.e(h, mask=causal(h.shape[1]), is_causal=True), e=layers)))


@healthy
def encoder_of_torch_time_first_with_its_mask():
    def forward(m, x):
        h = m.i(x).transpose(0, 1)
        return m.h(m.e(h, src_mask=causal(len(h)))).transpose(0, 1)

    return next_symbol(
        Lambda(forward, i=nn.Embedding(V, D), e=nn.TransformerEncoderLayer(D, 2, 32), h=nn.Linear(D, V))
    )


@healthy
def convolutions_padded_on_the_left():
    def forward(m, x):
        h = x.mT
        for k, c in enumerate(m.c):
            h = h + torch.relu(c(F.pad(h, (2 * 2**k, 0))))
        return h.mT

    return next_symbol(
        Embedded(Lambda(forward, c=nn.ModuleList(nn.Conv1d(D, D, 3, dilation=2**k) for k in range(2))))
    )


@healthy
def convolution_padded_on_both_sides_and_cut():
    return next_symbol(
        Embedded(Lambda(lambda m, x: m.c(x.mT)[:, :, : x.shape[1]].mT, c=nn.Conv1d(D, D, 3, padding=2)))
    )


@healthy
def forecast_by_convolutions_that_look_back():
    parts = {"c": nn.Conv1d(1, 8, 5), "h": nn.Conv1d(8, 1, 1)}
    model = Lambda(lambda m, x: m.h(torch.relu(m.c(F.pad(x, (4, 0))))), **parts)

    def step(k):
        x = torch.randn(B, T + 1, generator=torch.Generator().manual_seed(k)).cumsum(1)
        return F.mse_loss(model(x[:, None, :-1]).squeeze(1), x[:, 1:])

    return watch(model, step)


@healthy
def as_many_classes_as_places_and_classes_second():
    parts = {"e": nn.Embedding(V, D), "r": nn.GRU(D, D, batch_first=True), "h": nn.Linear(D, V)}
    model = Lambda(lambda m, x: m.h(m.r(m.e(x))[0]).mT, **parts)
    return watch(model, lambda k: F.cross_entropy(model(text(k, length=V)[0]), text(k, length=V)[1]))


@healthy
def windows_that_were_not_shuffled_time_first():
    ids = text(0, 1, 200)[0][0]
    x, y = ids.unfold(0, T, 1)[:B].T.contiguous(), ids[1:].unfold(0, T, 1)[:B].T.contiguous()
    parts = {"e": nn.Embedding(V, D), "r": nn.LSTM(D, D), "h": nn.Linear(D, V)}
    model = Lambda(lambda m, x: m.h(m.r(m.e(x))[0]), **parts)
    return watch(model, lambda k: F.cross_entropy(model(x).flatten(0, 1), y.flatten()))


@healthy
def rollouts_split_into_time_and_places():
    def forward(m, x, state, done):
        h = torch.relu(m.i(x)).view(-1, state.shape[1], D)
        out = []
        for one, ended in zip(h, done.view(-1, state.shape[1]), strict=True):
            one, state = m.r(one[None], state * (1 - ended)[None, :, None])
            out.append(one)
        return m.h(torch.cat(out).flatten(0, 1))

    model = Lambda(forward, i=nn.Linear(8, D), r=nn.GRU(D, D), h=nn.Linear(D, 2))
    return by_rows(model, torch.zeros(1, 4, D), (torch.rand(B) < 0.1).float())


@healthy
def long_convolution_by_fourier():
    class Long(nn.Module):
        def __init__(self):
            super().__init__()
            self.decay, self.out = nn.Parameter(torch.rand(D) + 0.1), nn.Linear(D, D)

        def forward(self, x):
            t = x.shape[1]
            kernel = torch.exp(-self.decay * torch.arange(t)[:, None])
            y = torch.fft.irfft(torch.fft.rfft(x, 2 * t, dim=1) * torch.fft.rfft(kernel, 2 * t, dim=0), 2 * t, dim=1)
            return self.out(F.gelu(y[:, :t]))

    return next_symbol(Embedded(Long()))


@healthy
def prefix_seen_from_both_sides():
    mask = causal(T)
    mask[:4, :4] = False
    model = Embedded(Attend(lambda s: s.masked_fill(mask, -math.inf).softmax(-1)))

    def step(k):
        x, y = text(k)
        return F.cross_entropy(model(x)[:, 3:].flatten(0, 1), y[:, 3:].flatten())

    def ignored(k):
        x, y = text(k)
        y = y.clone()
        y[:, :3] = -100
        return F.cross_entropy(model(x).flatten(0, 1), y.flatten())

    return watch(model, lambda k: step(k) + ignored(k))


@healthy
def masked_symbols_from_both_sides():
    model = Embedded(nn.TransformerEncoderLayer(D, 2, 32, batch_first=True))

    def step(k):
        x, _ = text(k)
        hidden = torch.rand(x.shape) < 0.3
        logits = model(x.masked_fill(hidden, 0))
        return F.cross_entropy(logits.flatten(0, 1), x.masked_fill(~hidden, -100).flatten())

    return watch(model, step)


@healthy
def encoder_and_decoder_of_one_text():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.e = nn.Embedding(V, D)
            self.t = nn.Transformer(D, 2, 1, 1, 32, batch_first=True)
            self.h = nn.Linear(D, V)

        def forward(self, source, target):
            return self.h(self.t(self.e(source), self.e(target), tgt_mask=causal(target.shape[1])))

    model = Net()

    def step(k):
        x, _ = text(k)
        return F.cross_entropy(model(x, x[:, :-1]).flatten(0, 1), x[:, 1:].flatten())

    return watch(model, step)


@healthy
def autoencoder_of_texts():
    def forward(m, x):
        e = m.e(x)
        z = m.mean(m.reads(e)[1][-1])
        z = z + 0.1 * torch.randn_like(z)
        h, _ = m.writes(e[:, :-1], m.start(z)[None])
        return m.h(h)

    model = Lambda(
        forward, e=nn.Embedding(V, D), reads=nn.GRU(D, D, batch_first=True, bidirectional=True), mean=nn.Linear(D, 6),
        start=nn.Linear(6, D), writes=nn.GRU(D, D, batch_first=True), h=nn.Linear(D, V),
    )  # fmt: skip
    return watch(model, lambda k: F.cross_entropy(model(text(k)[0]).flatten(0, 1), text(k)[0][:, 1:].flatten()))


@healthy
def translation_with_attention():
    def forward(m, source, target):
        keys, state = m.reads(m.e(source))
        h, logits = state[0], []
        for t in range(target.shape[1]):
            scores = m.score(torch.tanh(keys + m.query(h)[:, None]))
            context = (scores.softmax(1) * keys).sum(1)
            h = m.cell(torch.cat([m.e(target[:, t]), context], 1), h)
            logits.append(m.h(h))
        return torch.stack(logits, 1)

    model = Lambda(
        forward, e=nn.Embedding(V, D), reads=nn.GRU(D, D, batch_first=True), score=nn.Linear(D, 1),
        query=nn.Linear(D, D), cell=nn.GRUCell(2 * D, D), h=nn.Linear(D, V),
    )  # fmt: skip

    def step(k):
        x, _ = text(k)
        y = (x.flip(1) + 1) % V
        return F.cross_entropy(model(x, y[:, :-1]).flatten(0, 1), y[:, 1:].flatten())

    return watch(model, step)


# Softmaxes that are meant


@healthy
def slots_that_compete():
    def forward(m, x):
        k, v = m.kv(m.i(x)).chunk(2, -1)
        slots = m.slots.expand(len(x), 4, D)
        for _ in range(2):
            weights = (m.q(slots) @ k.mT / math.sqrt(D)).softmax(1)
            weights = weights / weights.sum(-1, keepdim=True)
            slots = m.cell((weights @ v).flatten(0, 1), slots.flatten(0, 1)).view(len(x), 4, D)
        return m.h(slots.mean(1))

    parts = {"kv": nn.Linear(D, 2 * D), "q": nn.Linear(D, D), "cell": nn.GRUCell(D, D), "i": nn.Linear(5, D)}
    model = Lambda(forward, h=nn.Linear(D, 2), **parts)
    model.slots = nn.Parameter(torch.randn(1, 4, D))
    return classify(model)


@healthy
def linear_attention():
    def attend(m, x):
        q, k, v = m.qkv(m.i(x)).chunk(3, -1)
        return m.h((q.softmax(-1) @ (k.softmax(1).mT @ v)).mean(1))

    return classify(Lambda(attend, i=nn.Linear(5, D), qkv=nn.Linear(D, 3 * D), h=nn.Linear(D, 2)))


@healthy
def clusters_of_places():
    def forward(m, x):
        h = torch.relu(m.i(x))
        return m.h((m.s(h).softmax(-1).mT @ h).flatten(1))

    return classify(Lambda(forward, i=nn.Linear(5, D), s=nn.Linear(D, 3), h=nn.Linear(3 * D, 2)))


@healthy
def latents_that_ask():
    def forward(m, x):
        h = m.i(x)
        q = m.latents.expand(len(x), 6, D)
        q = q + m.a(q, h, h)[0]
        return m.h((q + m.b(q, q, q)[0]).mean(1))

    one, two = (nn.MultiheadAttention(D, 2, batch_first=True) for _ in range(2))
    model = Lambda(forward, i=nn.Linear(5, D), a=one, b=two, h=nn.Linear(D, 2))
    model.latents = nn.Parameter(torch.randn(6, D))
    return classify(model)


@healthy
def weights_over_time():
    model = Lambda(
        lambda m, x: m.h((m.s(m.i(x)).softmax(1) * m.i(x)).sum(1)),
        i=nn.Linear(5, D), s=nn.Linear(D, 1), h=nn.Linear(D, 2),
    )  # fmt: skip
    return classify(model)


# Tables that are meant


def compare(loss, out=1):
    model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, out))

    def step(k):
        x = series(k)[0][:, 0]
        return loss(model(x), x.sum(1))

    return watch(model, step)


@healthy
def kernel_between_predictions_and_data():
    def mmd(p, y):
        p = p[:, 0]
        return (
            torch.exp(-((p[:, None] - p) ** 2)).mean()
            + torch.exp(-((y[:, None] - y) ** 2)).mean()
            - 2 * torch.exp(-((p[:, None] - y) ** 2)).mean()
        )

    return compare(mmd)


@healthy
def kernel_alone():
    return compare(lambda p, y: 1 - torch.exp(-((p - y) ** 2) / 2).mean() + 0.1 * p.square().mean())


@healthy
def energy_distance():
    def energy(p, y):
        p = p[:, 0]
        return 2 * (p[:, None] - y).abs().mean() - (p[:, None] - p).abs().mean()

    return compare(energy)


@healthy
def nearest_of_all():
    return compare(lambda p, y: ((p - y) ** 2).min(1).values.mean() + ((p - y) ** 2).min(0).values.mean())


@healthy
def ranking_of_pairs():
    def rank(p, y):
        p = p[:, 0]
        return F.relu(0.1 - (p[:, None] - p) * torch.sign(y[:, None] - y)).mean()

    return compare(rank)


@healthy
def quantiles_of_all_pairs():
    taus = (torch.arange(8) + 0.5) / 8

    def loss(p, y):
        target = y[:, None] + torch.randn(len(y), 8)
        error = target[:, None, :] - p[:, :, None]
        huber = F.smooth_l1_loss(
            p[:, :, None].expand_as(error), target[:, None, :].expand_as(error), reduction="none"
        )
        return ((taus[:, None] - (error < 0).float()).abs() * huber).sum(1).mean()

    return compare(loss, 8)


@healthy
def same_shapes():
    return compare(lambda p, y: ((p.squeeze(-1) - y) ** 2).mean() + F.mse_loss(p, y[:, None]))


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_said_of_what_is_meant(name):
    torch.manual_seed(0)
    doctor = HEALTHY[name]()
    assert not ours(doctor), doctor.report()


def test_a_module_outside_the_model_is_not_run_again():
    outside, inside = nn.BatchNorm1d(8), nn.Linear(8, 2)
    calls = []
    outside.register_forward_hook(lambda m, x, y: calls.append(1))
    by_rows(Lambda(lambda m, x: m.net(outside(x)), net=inside))
    assert len(calls) == outside.num_batches_tracked == 3


def test_what_a_model_prints_and_draws_is_its_own(capsys):
    def forward(m, x):
        print("called")
        return m.net(x + float(np.random.rand()))

    np.random.seed(0)
    by_rows(Lambda(forward, net=nn.Linear(8, 2)))
    assert capsys.readouterr().out == 3 * "called\n"
    after = np.random.rand()
    np.random.seed(0)
    assert np.random.rand(4)[3] == after
