"""What stands behind what: the sets at risk of a Cox loss, the edges of a graph, the corners of boxes."""

import math

import numpy
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor import Doctor
from tests.doctor.test_further_kinds import small, told


def breslow(risk, event, time=None):
    return -((risk - risk.logcumsumexp(0)) * event).sum() / event.sum().clamp(min=1)


def by_index(descending):
    def cox(risk, time, event):
        order = time.argsort(descending=descending)
        return breslow(risk[order], event[order])

    return cox


def with_times_in_order(descending):
    def cox(risk, durations, event):
        durations, order = durations.sort(descending=descending)
        risk, event = risk.index_select(0, order), event[order]
        return breslow(risk, event)

    return cox


def by_hand(descending):
    def cox(risk, time, event):
        order = torch.argsort(time if not descending else -time)
        risk = risk[order] - risk.max()
        return -((risk - torch.log(torch.cumsum(risk.exp(), 0))) * event[order]).mean()

    return cox


def turned_round(flip):
    def cox(risk, time, event):
        order = time.argsort()
        risk, event = risk[order], event[order]
        if not flip:
            return breslow(risk, event)
        return -((risk - risk.flip(0).logcumsumexp(0).flip(0)) * event).mean()

    return cox


def of_a_column(descending):
    def cox(risk, y, _):
        order = y[:, 0].argsort(descending=descending)
        risk = risk[order][:, None]
        return -((risk - risk.logcumsumexp(0))[:, 0] * y[order, 1]).mean()

    return lambda risk, time, event: cox(risk, torch.stack([time, event], 1), None)


def from_before(descending):
    def cox(risk, tte, event):  # the rows of a batch in an order that was made before the model
        return breslow(risk, event, tte)

    def batch(risk, time, event):
        order = time.argsort(descending=descending)
        return cox(risk[order], time[order].numpy(), event[order])

    return batch


def with_an_epsilon(descending):
    def cox(risk, durations, events):
        d, index = durations, durations.sort(descending=descending)[1]
        return summed(risk[index], events[index]) + 0 * d.mean()

    def summed(risk, events, eps=1e-7):
        largest = risk.max()
        running = risk.sub(largest).exp().cumsum(0).add(eps).log().add(largest)
        return -risk.sub(running).mul(events).mean()

    return cox


def turned_back(descending):
    def cox(risk, time, event):
        order = time.argsort(descending=not descending)
        risk, event = risk[order], event[order]
        return -((risk - risk.exp().flip(0).cumsum(0).flip(0).log()) * event).mean()

    return cox


FORMS = {
    "with an epsilon": with_an_epsilon,
    "turned back": turned_back,
    "by an index": by_index,
    "times in order": with_times_in_order,
    "written out": by_hand,
    "turned round": turned_round,
    "a column": of_a_column,
    "from before": from_before,
}


def survival(loss, steps=12):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 16), nn.SELU(), nn.Linear(16, 1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(steps):
            x = torch.randn(40, 6)
            time, event = torch.rand(40) * torch.exp(-x[:, 0]) + 0.01, (torch.rand(40) < 0.7).float()
            optimizer.zero_grad()
            loss(model(x).squeeze(1), time, event).backward()
            optimizer.step()
    return told(doctor)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("right", [True, False], ids=["the longest time first", "the shortest first"])
def test_a_running_sum_over_times_that_do_not_fall_is_found(form, right):
    assert ("F142" in survival(form(right))) is not right


def test_rows_in_no_order_of_their_times_are_found():
    assert "F142" in survival(lambda risk, time, event: breslow(risk, event, time))


def cohort(rows, sort, index=True):
    """A training whose loss gets risks and events only: the times stand where the batches are drawn."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 16), nn.SELU(), nn.Linear(16, 1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    x = torch.randn(rows, 6)
    t, e = torch.rand(rows) * torch.exp(-x[:, 0]) + 0.01, (torch.rand(rows) < 0.7).float()
    numbers = numpy  # a module with a function `size`
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(12):
            i = torch.randperm(rows)[:40]
            i = i[t[i].argsort(descending=sort == "falling")] if sort else i
            optimizer.zero_grad()
            if index:
                loss = breslow(model(x[i]).squeeze(1), e[i])
            else:
                xb, time, event = x[i], t[i], e[i]  # noqa: F841 - times are looked for by their name
                loss = breslow(model(xb).squeeze(1), event)
            loss.backward()
            optimizer.step()
    assert doctor._probe.failure is None
    assert numbers.size(numpy.ones(2)) == 2
    return told(doctor)


@pytest.mark.parametrize("index", [True, False], ids=["by an index", "as a batch"])
@pytest.mark.parametrize(("sort", "found"), [("", True), ("rising", True), ("falling", False)])
def test_times_that_stand_beside_the_events_of_the_loss_are_theirs(index, sort, found):
    assert ("F142" in cohort(200, sort, index)) is found


def picks(use, steps=12):
    """Rows in the order in which they were picked, made elsewhere, and how long each decision took."""

    def drawn():
        x = torch.randn(40, 6)
        order = (x[:, 0] + torch.rand(40)).argsort(descending=True)
        return x[order], (torch.rand(40) < 0.7).float(), torch.rand(40) * 30

    def step(model, optimizer):
        x, deliberate, decision_time = drawn()
        optimizer.zero_grad()
        (use(model(x).squeeze(1), deliberate) + 0 * decision_time.mean()).backward()
        optimizer.step()

    torch.manual_seed(0)
    model = small(1)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(steps):
            step(model, optimizer)
    assert any(f.id == "F142" and f.severity == "info" for f in doctor.findings)
    return told(doctor)


def all_that_are_left(score, deliberate):
    return ((score.flip(0).logcumsumexp(0).flip(0) - score) * deliberate).mean()


def in_one_function(score, deliberate):
    reaction_time = torch.rand(40)
    return ((score.flip(0).logcumsumexp(0).flip(0) - score) * deliberate).mean() + 0 * reaction_time.mean()


def written_out(score, deliberate):
    reaction_time = torch.rand(40)
    left = score.flip(0).exp().cumsum(0).flip(0).log()
    return ((left - score) * deliberate).mean() + 0 * reaction_time.mean()


def from_the_front(score, deliberate):
    return breslow(score, deliberate)


PICKS = [all_that_are_left, from_the_front, in_one_function, written_out]


@pytest.mark.parametrize("use", PICKS)
def test_times_that_the_sum_is_not_given_are_only_mentioned(use):
    assert "F142" not in picks(use)


@pytest.mark.parametrize(
    ("shuffle", "sorts", "found"), [(True, False, True), (False, False, False), (True, True, False)]
)
def test_rows_of_a_loader_that_draws_them_are_in_no_order_of_their_times(shuffle, sorts, found):
    torch.manual_seed(0)
    model, x = small(1), torch.randn(200, 6)
    data = torch.utils.data.TensorDataset(x, torch.rand(200) + 0.01, (torch.rand(200) < 0.7).float())
    loader = torch.utils.data.DataLoader(data, 40, shuffle=shuffle)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(3):
            for xb, time, event in loader:
                order = time.argsort(descending=True) if sorts else torch.arange(40)
                optimizer.zero_grad()
                breslow(model(xb[order]).squeeze(1), event[order]).backward()
                optimizer.step()
    assert ("F142" in told(doctor)) is found


def test_times_of_other_events_are_not_theirs():
    t, e = torch.rand(40), (torch.rand(40) < 0.5).float()  # of another group
    rank = torch.arange(40.0)

    def own(risk, time, event):
        return plackett_luce_of(risk, rank)

    def plackett_luce_of(risk, weight):
        hits = (torch.arange(40) % 3 == 0).float()
        return -((risk - risk.logcumsumexp(0)) * hits * weight).mean()

    assert t.numel() == e.numel()
    assert "F142" not in survival(own)


def test_rows_that_were_sorted_by_the_end_under_another_name_are_no_alarm():
    torch.manual_seed(0)
    model = nn.Linear(6, 1)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    x, smoked_years, stop = torch.randn(200, 6), torch.rand(200), torch.rand(200)
    died = (torch.rand(200) < 0.7).float()
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(12):
            k = torch.randperm(200)[:40]
            k = k[stop[k].argsort(descending=True)]
            optimizer.zero_grad()
            breslow(model(x[k]).squeeze(1), died[k]).backward()
            optimizer.step()
    assert len(smoked_years) == 200
    assert "F142" not in told(doctor)


def plackett_luce(scores, relevance):
    scores = scores[relevance.argsort(descending=True)]
    return (scores.flip(0).logcumsumexp(0).flip(0) - scores).mean()


def over_a_table(risk, time, event):
    at_risk = time[None, :] >= time[:, None]
    return -((risk - risk[None, :].masked_fill(~at_risk, -math.inf).logsumexp(1)) * event).mean()


def in_columns(risk, time, event):
    table = torch.stack([risk, time, event], 1)
    table = table[table[:, 1].argsort(descending=True)]
    risk, _, event = (column.squeeze(1) for column in table.split(1, 1))
    return -((risk - risk.logcumsumexp(0)) * event).mean()


def gathered(risk, time, event):
    order = time.argsort(descending=True)
    risk, event = risk.gather(0, order), event.gather(0, order)
    return -((risk - risk.logcumsumexp(0)) * event).mean()


def of_now(risk, days, event):  # a share of all, added up day by day
    return (torch.log(risk.softmax(0).cumsum(0)) * event + 0 * days.sort()[0]).square().mean()


def by_age(risk, time, event):
    """The rows come by the age at the end; how long somebody smoked is no time of the study."""
    age, years_smoking = 80 - torch.arange(len(risk)) / 2, time
    return breslow(risk, event) + 0 * (age * years_smoking).sum()


def from_the_other_end(risk, time, event):
    order = time.argsort()
    risk, event = risk[order], event[order]
    each = risk.exp()
    running = each.cumsum(0)
    return -((risk - (running[-1] - running + each + 1e-6).log()) * event).mean()


WELL = {
    "from the other end": from_the_other_end,
    "columns": in_columns,
    "gathered": gathered,
    "shares": of_now,
    "another scale": by_age,
    "graded": lambda risk, time, event: plackett_luce(risk, torch.randint(5, (len(event),)) + 0 * time),
    "a ranking": lambda risk, time, event: plackett_luce(risk, event + torch.rand(len(event))),
    "a table": over_a_table,
    "a running mean": lambda risk, time, event: (risk.cumsum(0) / torch.arange(1, 41) - event).square().mean(),
}


@pytest.mark.parametrize("loss", WELL.values(), ids=WELL)
def test_other_sums_over_rows_are_no_alarm(loss):
    assert "F142" not in survival(loss)


def test_rows_that_were_sorted_before_the_model_are_no_alarm():
    torch.manual_seed(0)
    model = small(1)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(12):
            x, time, event = torch.randn(40, 6), torch.rand(40), (torch.rand(40) < 0.7).float()
            order = time.argsort(descending=True)
            optimizer.zero_grad()
            breslow(model(x[order]).squeeze(1), event[order]).backward()
            optimizer.step()
    assert "F142" not in told(doctor)


# Graphs: papers cite older ones, and the newest are asked about.


def citations(nodes=120):
    torch.manual_seed(0)
    source = torch.arange(8, nodes).repeat_interleave(4)
    return torch.stack([source, (torch.rand(len(source)) * source).long()])


def added(h, edges):
    return torch.zeros_like(h).index_add(0, edges[1], h[edges[0]])


def scattered(h, edges):
    sent = h.index_select(0, edges[0])
    return torch.zeros_like(h).scatter_add(0, edges[1][:, None].expand_as(sent), sent)


def with_loops(h, edges):
    loops = torch.arange(len(h))
    source, target = torch.cat([edges[0], loops]), torch.cat([edges[1], loops])
    degree = torch.zeros(len(h)).index_add_(0, target, torch.ones(len(target)))
    return torch.zeros(len(h), h.shape[1]).index_add_(0, target, h[source] / degree[source, None])


def weighed(h, edges):
    score = (h[edges[1]] * h[edges[0]]).sum(1, keepdim=True).sigmoid()
    return torch.zeros_like(h).index_add(0, edges[1], h[edges[0]] * score)


def by_table(h, edges):
    table = torch.zeros(len(h), len(h))
    table[edges[1], edges[0]] = 1
    return table @ h


def by_sparse_table(h, edges):
    size = len(h), len(h)
    table = torch.sparse_coo_tensor(edges.flip(0), torch.ones(edges.shape[1]), size, check_invariants=True)
    return torch.sparse.mm(table, h)


MESSAGES = {m.__name__: m for m in (added, scattered, with_loops, weighed, by_table, by_sparse_table)}


class Graph(nn.Module):
    def __init__(self, messages):
        super().__init__()
        self.messages, self.one, self.two = messages, nn.Linear(6, 16), nn.Linear(16, 3)

    def forward(self, x, edges):
        h = self.one(x)
        h = F.relu(h + self.messages(h, edges))
        h = self.two(h)
        return h + self.messages(h, edges)


def trained(messages, edges, chosen, drawn=None, asked=None, masked_later=False, every=1, kind=None):
    torch.manual_seed(0)
    nodes = int(edges.max()) + 1
    model, x, y = (kind or Graph)(messages), torch.randn(nodes, 6), torch.randint(3, (nodes,))
    optimizer = torch.optim.SGD(model.parameters(), 0.001)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for k in range(6):
            optimizer.zero_grad()
            some = edges if drawn is None else edges[:, torch.rand(edges.shape[1]) < drawn]
            F.cross_entropy(model(x, some)[chosen], y[chosen]).backward()
            optimizer.step()
            if asked is not None and k % every == 0:
                with torch.no_grad():
                    decided = model(x, some).argmax(1)
                    if not masked_later:
                        _ = (decided[asked] == y[asked]).float().mean()
                if masked_later:
                    _ = (decided == y)[asked].float().mean()
    return told(doctor)


OLD, NEW = torch.arange(60), torch.arange(60, 120)


@pytest.mark.parametrize("messages", MESSAGES.values(), ids=MESSAGES)
def test_new_nodes_that_hear_nobody_are_found(messages):
    edges = citations()
    assert "F143" in trained(messages, edges, OLD, asked=NEW)
    assert "F143" not in trained(messages, torch.cat([edges, edges.flip(0)], 1), OLD, asked=NEW)


def test_new_nodes_are_asked_about_where_a_mask_is_laid_on_what_was_right_afterwards():
    new = torch.arange(120) >= 60
    assert "F143" in trained(added, citations(), OLD, asked=new, masked_later=True)
    assert "F143" in trained(added, citations(), OLD, asked=new, masked_later=True, every=4)
    assert "F143" not in trained(added, citations(), OLD, asked=~new, masked_later=True)


class OfTwoKinds(Graph):
    """New nodes have an encoder of their own, so the model chooses by a mask itself."""

    def forward(self, x, edges):
        new = torch.arange(len(x)) >= 60
        h = torch.zeros(len(x), 6)
        h[new], h[~new] = x[new], 2 * x[~new]
        return super().forward(h, edges)


def test_nodes_that_a_model_chooses_for_itself_are_asked_about_by_nobody():
    assert "F143" not in trained(added, citations(), OLD, asked=OLD, kind=OfTwoKinds)


@pytest.mark.parametrize(
    "asked", [None, OLD, torch.arange(120) < 60], ids=["nobody", "those in the loss", "by a mask"]
)
def test_nodes_that_are_not_evaluated_may_hear_nobody(asked):
    assert "F143" not in trained(added, citations(), OLD, asked=asked)


def test_one_way_edges_are_no_alarm_where_all_nodes_hear_alike():
    edges, mixed = citations(), torch.randperm(120)
    assert "F143" not in trained(added, edges, mixed[:60], asked=mixed[60:])  # drawn by chance
    assert "F143" not in trained(added, edges, torch.arange(120), asked=NEW)  # all of them in the loss
    assert "F143" not in trained(added, edges.flip(0), OLD, asked=NEW)  # the new ones hear the old ones


def test_edges_that_are_drawn_anew_are_no_alarm():
    assert "F143" not in trained(added, citations(), OLD, drawn=0.8, asked=NEW)


def test_a_river_may_flow_one_way():
    """Each node has one below it; springs are in no loss and asked about by nobody, though they are chosen."""
    below = torch.stack([torch.arange(1, 120), (torch.arange(1, 120) - 1) // 2])
    torch.manual_seed(0)
    model, x, y = Graph(added), torch.randn(120, 6), torch.randint(3, (120,))
    optimizer = torch.optim.SGD(model.parameters(), 0.001)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(6):
            optimizer.zero_grad()
            F.cross_entropy(model(x, below)[:40], y[:40]).backward()
            optimizer.step()
            with torch.no_grad():
                _ = (model(x, below)[40:60].argmax(1) == y[40:60]).float().mean()
    assert "F143" not in told(doctor)


# Boxes


def sliced(a, b):
    size = (torch.min(a[:, 2:], b[:, 2:]) - torch.max(a[:, :2], b[:, :2])).clamp(min=0)
    return size.prod(1)


def unbound(a, b):
    left, top, right, low = a.unbind(-1)
    x, y, x2, y2 = b.unbind(-1)
    wide = (torch.minimum(right, x2) - torch.maximum(left, x)).clamp(0)
    return wide * (torch.minimum(low, y2) - torch.maximum(top, y)).clamp(0)


def of_all(a, b):
    lower, upper = torch.max(a[:, None, :2], b[:, :2]), torch.min(a[:, None, 2:], b[:, 2:])
    return (upper - lower).clamp(min=0).prod(2).diagonal()


def area(a):
    return (a[:, 2:] - a[:, :2]).clamp(min=0).prod(1)


@pytest.mark.parametrize("overlap", [sliced, unbound, of_all])
@pytest.mark.parametrize("form", ["corners", "centre and size", "corner and size"])
def test_boxes_that_are_no_corners_are_found_where_they_overlap_as_such(overlap, form):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 4), nn.Sigmoid())
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    middle, size = torch.rand(200, 2) * 0.6 + 0.2, torch.rand(200, 2) * 0.2 + 0.1
    first = {"corners": middle - size / 2, "centre and size": middle, "corner and size": middle - size / 2}[form]
    boxes = torch.cat([first, middle + size / 2 if form == "corners" else size], 1)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for k in range(8):
            optimizer.zero_grad()
            seen, b = model(torch.randn(20, 6)), boxes[k * 20 : k * 20 + 20]
            over = overlap(seen, b)
            (1 - over / (area(seen) + area(b) - over + 1e-6)).mean().backward()
            optimizer.step()
    assert ("F144" in told(doctor)) is (form != "corners")


def hull_of_distances(a, b):  # how far left, up, right and down: those are added, and the hull is the larger ones
    wide = torch.min(a[:, 0], b[:, 0]) + torch.min(a[:, 2], b[:, 2])
    high = torch.min(a[:, 1], b[:, 1]) + torch.min(a[:, 3], b[:, 3])
    hull = (torch.max(a[:, 0], b[:, 0]) + torch.max(a[:, 2], b[:, 2])) * (torch.max(a[:, 1], b[:, 1]) + 1)
    return wide * high / hull


def by_axis(a, b):  # (left, right, top, bottom)
    wide = torch.min(a[:, 1], b[:, 1]) - torch.max(a[:, 0], b[:, 0])
    return wide.clamp(0) * (torch.min(a[:, 3], b[:, 3]) - torch.max(a[:, 2], b[:, 2])).clamp(0)


def upwards(a, b):  # (left, top, right, bottom), the top above the bottom
    wide = torch.min(a[:, 2], b[:, 2]) - torch.max(a[:, 0], b[:, 0])
    return wide.clamp(0) * (torch.min(a[:, 1], b[:, 1]) - torch.max(a[:, 3], b[:, 3])).clamp(0)


def jaccard(a, b):
    return torch.min(a, b).sum(1) / torch.max(a, b).sum(1)


@pytest.mark.parametrize("overlap", [hull_of_distances, by_axis, upwards, jaccard])
def test_four_numbers_that_are_met_in_another_way_are_no_corners(overlap):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 4), nn.Sigmoid())
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    boxes = torch.rand(200, 4) + 0.1
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for k in range(8):
            optimizer.zero_grad()
            (1 - overlap(model(torch.randn(20, 6)), boxes[k * 20 : k * 20 + 20])).mean().backward()
            optimizer.step()
    assert "F144" not in told(doctor)


def test_boxes_beside_a_class_are_read_where_they_stand():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 4), nn.Sigmoid())
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    rows = torch.cat([torch.zeros(200, 1), torch.rand(200, 2) * 0.5 + 0.4, torch.rand(200, 2) * 0.2], 1)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for k in range(8):
            optimizer.zero_grad()
            (1 - sliced(model(torch.randn(20, 6)), rows[k * 20 : k * 20 + 20, 1:])).mean().backward()
            optimizer.step()
    assert "F144" in told(doctor)


class Sealed:
    def __getattribute__(self, name):
        raise RuntimeError("ask me nothing")


def test_what_is_no_plain_table_and_what_will_not_be_asked_is_passed_by():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(9, 8), nn.Linear(8, 9))
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    sealed, length = Sealed(), torch.arange(16)[:, None] % 5 + 2
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(4):
            ids = torch.randint(1, 9, (16, 8)) * (torch.arange(8) < length)
            y = torch.where(torch.arange(1, 8) < length, ids[:, 1:], -100)
            optimizer.zero_grad()
            out = model(ids[:, :-1])
            ragged = torch.nested.nested_tensor(list(out), layout=torch.jagged)
            far = torch.empty(40, 40, device="meta") @ torch.empty(40, 2, device="meta", requires_grad=True)
            _ = (
                far.index_add(0, torch.empty(50, dtype=torch.int64, device="meta"), far[:1].expand(50, 2))
                .cumsum(0)
                .log()
            )
            loss = F.cross_entropy(out.flatten(0, 1), y.flatten()) + 0 * ragged.sum()
            loss = loss + 0 * (out[:, 0].sum(1).exp()[:0].cumsum(0) + 1).log().sum()
            loss.backward()
            optimizer.step()
    assert doctor._probe.failure is None, repr(doctor._probe.failure)
    assert type(sealed) is Sealed
