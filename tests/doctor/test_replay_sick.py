"""Replays find: samples that see each other, the batch taken for time, models that look ahead, wrong softmaxes."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor import Doctor
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

SICK = {}


def sick(*expected):
    def enter(function):
        SICK[function.__name__] = (function, expected)
        return function

    return enter


# Models of the next symbol that look ahead


@sick("F73")
def mask_built_but_not_applied():
    def weigh(scores):
        causal(scores.shape[-1])
        return scores.softmax(-1)

    return next_symbol(Embedded(Attend(weigh)))


@sick("F73")
def mask_upside_down():
    return next_symbol(Embedded(Attend(lambda s: s.masked_fill(causal(T).T, -math.inf).softmax(-1))))


@sick("F73")
def mask_off_by_one():
    return next_symbol(
        Embedded(Attend(lambda s: s.masked_fill(~torch.ones(T, T).tril(1).bool(), -math.inf).softmax(-1)))
    )


@sick("F73")
def mask_of_the_last_place_broadcast_to_all():
    return next_symbol(Embedded(Attend(lambda s: s.masked_fill(causal(T)[-1], -math.inf).softmax(-1))))


@sick("F73")
def is_causal_forgotten():
    def attend(m, x):
        q, k, v = m.qkv(x).view(len(x), -1, 3, 4, D // 4).permute(2, 0, 3, 1, 4)
        return m.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))

    return next_symbol(Embedded(Lambda(attend, qkv=nn.Linear(D, 3 * D), out=nn.Linear(D, D))))


@sick("F73")
def second_layer_of_two_leaks():
    def good(s):
        return s.masked_fill(causal(T), -math.inf).softmax(-1)

    doctor = next_symbol(Embedded(nn.Sequential(Attend(good), nn.LayerNorm(D), Attend(lambda s: s.softmax(-1)))))
    assert ours(doctor)[0].layer.startswith("body.2")
    return doctor


@sick("F73")
def language_model_with_an_lstm_both_ways():
    parts = {"r": nn.LSTM(D, D, batch_first=True, bidirectional=True), "p": nn.Linear(2 * D, D)}
    doctor = next_symbol(Embedded(Lambda(lambda m, x: m.p(m.r(x)[0]), **parts)))
    assert ours(doctor)[0].layer == "body.r"
    return doctor


@sick("F73")
def convolution_with_padding_on_both_sides():
    doctor = next_symbol(Embedded(Lambda(lambda m, x: m.c(x.mT).mT, c=nn.Conv1d(D, D, 3, padding="same"))))
    assert ours(doctor)[0].numbers["places"] == 1
    return doctor


@sick("F73")
def dilated_convolutions_padded_on_both_sides():
    net = nn.Sequential(nn.Conv1d(D, D, 3, padding=1), nn.ReLU(), nn.Conv1d(D, D, 3, padding=2, dilation=2))
    return next_symbol(Embedded(Lambda(lambda m, x: m.c(x.mT).mT, c=net)))


@sick("F73")
def norm_over_time_and_channels():
    return next_symbol(Embedded(nn.Sequential(nn.LayerNorm([T, D]), nn.Linear(D, D))))


@sick("F73")
def mean_over_time_added():
    return next_symbol(Embedded(Lambda(lambda m, x: torch.tanh(x + m.p(x.mean(1, keepdim=True))), p=nn.Linear(D, D))))


@sick("F73")
def encoder_of_torch_without_a_mask():
    return next_symbol(Embedded(nn.TransformerEncoder(nn.TransformerEncoderLayer(D, 2, 32, batch_first=True), 2)))


@sick("F73")
def loss_within_the_model_and_no_mask():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = Embedded(Attend(lambda s: s.softmax(-1)))

        def forward(self, x, y):
            return F.cross_entropy(self.net(x).flatten(0, 1), y.flatten())

    model = Model()
    return watch(model, lambda k: model(*text(k)))


@sick("F73")
def whole_text_given_and_shifted_in_the_loss():
    model = Embedded(Attend(lambda s: s.softmax(-1)))

    def step(k):
        x, _ = text(k)
        return F.cross_entropy(model(x)[:, :-1].transpose(1, 2), x[:, 1:])

    return watch(model, step)


@sick("F73")
def forecast_of_a_series_without_a_mask():
    model = Lambda(
        lambda m, x: m.head(m.a(m.i(x))),
        i=nn.Linear(3, D), a=nn.TransformerEncoderLayer(D, 2, 32, batch_first=True), head=nn.Linear(D, 3),
    )  # fmt: skip

    def step(k):
        x = torch.randn(B, T + 1, 3, generator=torch.Generator().manual_seed(k)).cumsum(1)
        return F.mse_loss(model(x[:, :-1]), x[:, 1:])

    return watch(model, step)


@sick("F73")
def forecast_by_convolutions_that_look_both_ways():
    model = nn.Sequential(nn.Conv1d(1, 8, 5, padding=2), nn.ReLU(), nn.Conv1d(8, 1, 3, padding=1))

    def step(k):
        x = torch.randn(B, T + 1, generator=torch.Generator().manual_seed(k)).cumsum(1)
        return F.mse_loss(model(x[:, None, :-1]).squeeze(1), x[:, 1:])

    doctor = watch(model, step)
    assert ours(doctor)[0].numbers["places"] == 3
    return doctor


@sick("F73")
def nothing_arrives_in_the_first_step():
    model = Embedded(Attend(lambda s: s.softmax(-1)))
    nn.init.zeros_(model.head.weight)
    optimizer = torch.optim.SGD(model.parameters(), 0.5)
    warm_up = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: float(k > 0))
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for k in range(3):
            x, y = text(k)
            optimizer.zero_grad()
            F.cross_entropy(model(x).flatten(0, 1), y.flatten()).backward()
            optimizer.step()
            warm_up.step()
    return doctor


@sick("F73")
def second_of_two_models():
    good = nn.Sequential(nn.Flatten(), nn.Linear(50, 2))
    bad = Embedded(Attend(lambda s: s.softmax(-1)))
    optimizers = [torch.optim.Adam(m.parameters(), 1e-3) for m in (good, bad)]
    with Doctor({"good": good, "bad": bad}, optimizers, budget=math.inf) as doctor:
        for k in range(3):
            (x, y), (i, j) = series(k), text(k)
            for optimizer in optimizers:
                optimizer.zero_grad()
            (F.cross_entropy(good(x), y) + F.cross_entropy(bad(i).flatten(0, 1), j.flatten())).backward()
            for optimizer in optimizers:
                optimizer.step()
    assert ours(doctor)[0].layer == "bad.body"
    return doctor


@sick("F73")
def heads_not_swapped_back():
    class Merge(Attend):
        def forward(self, x):
            b, t, d = x.shape
            q, k, v = (z.view(b, t, self.heads, -1).transpose(1, 2) for z in self.qkv(x).chunk(3, -1))
            return self.out(F.scaled_dot_product_attention(q, k, v, is_causal=True).reshape(b, t, d))

    return next_symbol(Embedded(Merge(None)))


# The batch taken for time


class Last(nn.Module):
    def __init__(self, kind, pick=lambda h: h[:, -1], **options):
        super().__init__()
        self.rnn, self.head, self.pick = kind(5, 16, **options), nn.Linear(16, 2), pick

    def forward(self, x):
        return self.head(self.pick(self.rnn(x)[0]))


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_layers_that_run_along_the_batch_are_named(kind):
    finding = ours(classify(Last(kind)))[0]
    assert (finding.id, finding.layer, finding.severity) == ("F74", "rnn", "sick")


@pytest.mark.parametrize(
    ("options", "pick", "time_first", "found"),
    [
        ({}, lambda h: h[:, -1], False, True),
        ({"batch_first": True}, lambda h: h[-1], True, True),
        ({}, lambda h: h[-1], True, False),
        ({"batch_first": True}, lambda h: h[:, -1], False, False),
    ],
)
def test_the_batch_is_told_from_time_where_there_are_as_many_of_both(options, pick, time_first, found):
    model = Last(nn.LSTM, pick, **options)

    def step(k):
        x, y = series(k, 9, 9)
        return F.cross_entropy(model(x.transpose(0, 1) if time_first else x), y)

    assert [f.id for f in ours(watch(model, step))] == ["F74"] * found


@sick("F74")
def time_first_into_a_layer_with_batch_first():
    return classify(Last(nn.LSTM, lambda h: h[-1], batch_first=True), arrange=lambda x: x.transpose(0, 1))


@sick("F74")
def encoder_layer_that_expects_time_first():
    model = Lambda(
        lambda m, x: m.head(m.e(m.i(x)).mean(1)),
        i=nn.Linear(5, D), e=nn.TransformerEncoderLayer(D, 2, 32), head=nn.Linear(D, 2),
    )  # fmt: skip
    return classify(model)


@sick("F74")
def attention_over_the_batch():
    model = Lambda(
        lambda m, x: m.head(m.a(*[m.i(x)] * 3)[0].mean(1)),
        i=nn.Linear(5, D), a=nn.MultiheadAttention(D, 2), head=nn.Linear(D, 2),
    )  # fmt: skip
    return classify(model)


@sick("F74")
def attention_over_the_batch_of_what_one_along_time_gave():
    model = Lambda(
        lambda m, x: m.head(m.pool(*[m.encoder(m.i(x))] * 3)[0].mean(1)),
        i=nn.Linear(5, D), encoder=nn.TransformerEncoderLayer(D, 2, 32, batch_first=True),
        pool=nn.MultiheadAttention(D, 2), head=nn.Linear(D, 2),
    )  # fmt: skip
    return classify(model)


@sick("F74")
def attention_over_the_batch_to_what_was_read():
    def forward(m, x):
        h = m.i(x)
        read = m.itself(h, h, h)[0]
        return m.head(m.across(h, read, read)[0].mean(1))

    parts = {"itself": nn.MultiheadAttention(D, 2, batch_first=True), "across": nn.MultiheadAttention(D, 2)}
    return classify(Lambda(forward, i=nn.Linear(5, D), **parts, head=nn.Linear(D, 2)))


@sick("F74")
def model_of_symbols_with_the_batch_as_time():
    return next_symbol(Embedded(Lambda(lambda m, x: m.r(x)[0], r=nn.LSTM(D, D))))


@sick("F74")
def sequence_picked_outside_the_model():
    model = Lambda(lambda m, x: m.head(m.r(x)[0]), r=nn.GRU(5, 16), head=nn.Linear(16, 1))

    def step(k):
        x, y = series(k)
        return F.binary_cross_entropy_with_logits(model(x)[:, -1, 0], y.float())

    return watch(model, step)


# Views that cut samples


@sick("F45")
def both_last_states_viewed_into_one():
    model = Lambda(
        lambda m, x: m.head(m.r(x)[1][0].view(len(x), -1)),
        r=nn.LSTM(5, 16, batch_first=True, bidirectional=True), head=nn.Linear(32, 2),
    )  # fmt: skip
    return classify(model)


@sick("F45")
def view_to_time_first():
    model = Lambda(lambda m, x: m.head(m.r(x.view(T, len(x), 5))[0][-1]), r=nn.LSTM(5, 16), head=nn.Linear(16, 2))
    return classify(model)


@sick("F45")
def feature_map_viewed_as_a_sequence():
    model = Lambda(
        lambda m, x: m.head(m.r(m.c(x[:, None]).view(T, len(x), -1))[0][-1]),
        c=nn.Conv2d(1, 4, 3, padding=1), r=nn.GRU(20, 16), head=nn.Linear(16, 2),
    )  # fmt: skip
    return classify(model)


@sick("F45")
def heads_first_and_then_reshaped():
    def attend(m, x):
        b, t, _ = x.shape
        q, k, v = m.qkv(x).view(b, t, 3, 4, D // 4).permute(2, 3, 0, 1, 4)  # (heads, B, T, d)
        return m.out(F.scaled_dot_product_attention(q, k, v).reshape(b, t, D))

    body = Lambda(attend, qkv=nn.Linear(D, 3 * D), out=nn.Linear(D, D))
    model = Lambda(lambda m, x: m.h(m.a(m.i(x)).mean(1)), i=nn.Linear(5, D), a=body, h=nn.Linear(D, 2))
    return classify(model)


@sick("F45")
def channels_last_by_reshape():
    model = Lambda(
        lambda m, x: m.h(m.f(x.permute(1, 2, 0).reshape(len(x), T, 5)).mean(1)),
        f=nn.Linear(5, D), h=nn.Linear(D, 2),
    )  # fmt: skip
    return classify(model)


# Softmaxes


@sick("F75")
def weights_of_an_attention_along_the_batch():
    model = Lambda(
        lambda m, x: m.h((m.s(m.i(x)).squeeze(-1).softmax(0).unsqueeze(-1) * m.i(x)).sum(1)),
        i=nn.Linear(5, D), s=nn.Linear(D, 1), h=nn.Linear(D, 2),
    )  # fmt: skip
    return classify(model)


def pooled(weigh):
    parts = {"i": nn.Linear(5, D), "a": Attend(weigh), "h": nn.Linear(D, 2)}
    return Lambda(lambda m, x: m.h(m.a(m.i(x)).mean(1)), **parts)


@sick("F75")
def softmax_along_queries():
    return classify(pooled(lambda s: s.softmax(-2)))


@sick("F75")
def softmax_along_heads():
    return classify(pooled(lambda s: s.softmax(1)))


@sick("F75")
def softmax_along_the_queries_of_an_einsum():
    def attend(m, x):
        q, k, v = m.qkv(x).chunk(3, -1)
        weights = F.dropout(torch.softmax(torch.einsum("bqd,bkd->bqk", q, k), 1), 0.1, m.training)
        return torch.einsum("bqk,bkd->bqd", weights, v)

    parts = {"i": nn.Linear(5, D), "a": Lambda(attend, qkv=nn.Linear(D, 3 * D)), "h": nn.Linear(D, 2)}
    return classify(Lambda(lambda m, x: m.h(m.a(m.i(x)).mean(1)), **parts))


@sick("F76")
def scores_with_their_one_unit_last():
    model = Lambda(
        lambda m, x: m.h((m.s(m.i(x)).softmax(-1) * m.i(x)).sum(1)),
        i=nn.Linear(5, D), s=nn.Linear(D, 1), h=nn.Linear(D, 2),
    )  # fmt: skip
    return classify(model)


@sick("F76")
def softmax_of_one_logit():
    model = nn.Sequential(nn.Flatten(), nn.Linear(50, 16), nn.ReLU(), nn.Linear(16, 1), nn.Softmax(1))

    def step(k):
        x, y = series(k)
        return F.binary_cross_entropy(model(x), y[:, None].float())

    return watch(model, step)


@sick("F77")
def heads_cut_across_time():
    class Cut(Attend):
        def forward(self, x):
            b, t, d = x.shape
            q, k, v = (z.reshape(b, self.heads, t, d // self.heads) for z in self.qkv(x).chunk(3, -1))
            return self.out(F.scaled_dot_product_attention(q, k, v).view(b, t, d))

    parts = {"i": nn.Linear(5, D), "a": Cut(None), "h": nn.Linear(D, 2)}
    return classify(Lambda(lambda m, x: m.h(m.a(m.i(x)).mean(1)), **parts))


# Tables of all pairs


def regress(loss, out=1, after=lambda p: p):
    model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, out))

    def step(k):
        x = series(k)[0][:, 0]
        return loss(after(model(x)), x)

    return watch(model, step)


@sick("F44")
def squeezed_predictions_and_a_column_of_targets():
    return regress(lambda p, x: (p - x.sum(1, keepdim=True)).abs().mean(), after=lambda p: p.squeeze(-1))


@sick("F44")
def policy_gradient_with_a_column_of_advantages():
    def loss(logits, x):
        policy = torch.distributions.Categorical(logits=logits)
        return -(policy.log_prob(x[:, 0].gt(0).long()) * x.sum(1, keepdim=True)).mean()

    return regress(loss, out=3)


@sick("F44")
def rewards_in_a_row_and_values_in_a_column():
    def loss(q, x):
        with torch.no_grad():
            target = x[:, 0] + 0.9 * q.detach()
        return (q - target).pow(2).mean()

    return regress(loss)


@sick("F44")
def pictures_with_a_channel_against_pictures_without():
    model = nn.Conv2d(1, 1, 3, padding=1)

    def step(k):
        x = torch.randn(B, 1, 6, 6, generator=torch.Generator().manual_seed(k))
        return ((model(x) - x[:, 0]) ** 2).mean()

    return watch(model, step)


@sick("F44")
def logarithm_of_the_hyperbolic_cosine_written_out():
    def loss(p, x):
        off = p - x.sum(1)
        return (off + F.softplus(-2.0 * off) - math.log(2)).mean()

    return regress(loss)


@sick("F44")
def errors_by_quantile():
    def loss(p, x):
        off = x.sum(1) - p
        return torch.maximum(0.9 * off, -0.1 * off).mean()

    return regress(loss)


@sick("F44")
def errors_that_are_squared_where_they_are_small():
    def loss(p, x):
        off = (p - x.sum(1)).abs()
        return torch.where(off < 1, 0.5 * off**2, off - 0.5).mean()

    return regress(loss)


@sick("F44")
def weighted_table_of_errors():
    return regress(lambda p, x: (0.5 * (p - x.sum(1)) ** 2).sum())


@sick("F43")
def rows_divided_by_sums_along_the_columns():
    class Table(nn.Module):
        def __init__(self):
            super().__init__()
            self.n = nn.Parameter(torch.rand(V, V) + 0.5)

        def forward(self, x):
            p = self.n.exp()
            return (p / p.sum(-1))[x].log()

    return next_symbol(Table())


@pytest.mark.parametrize("name", SICK)
def test_the_mistake_is_named(name):
    torch.manual_seed(0)
    function, expected = SICK[name]
    doctor = function()
    assert [f.id for f in ours(doctor)][:1] == list(expected), doctor.report()
    assert doctor.findings[0].id in expected, doctor.report()
