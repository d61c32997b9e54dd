"""Where the graph of a loss ends, loops that leave out a part of a step, trainings by hand, several trainings."""

import copy
import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor import Doctor, watch_script
from moreish.doctor.ask import ward
from moreish.doctor.ask.ward import owners
from moreish.doctor.judge.rules import RULES
from tests.doctor.worlds import V, language, mlp


def batches(steps=40, rows=32):
    x, y = language()
    for k in range(steps):
        rows_of = slice(k * rows % 2000, k * rows % 2000 + rows)
        yield x[rows_of], y[rows_of]


class Two(nn.Module):
    """An embedding, a layer, whatever lies between, and a head."""

    def __init__(self, between):
        super().__init__()
        self.table, self.lower, self.head = nn.Embedding(V, 8), nn.Linear(24, 16), nn.Linear(16, V)
        self.between = between

    def forward(self, x):
        return self.head(self.between(torch.tanh(self.lower(self.table(x).flatten(1)))))


def watched(model, loss_of=F.cross_entropy, steps=40, **kind):
    optimizer = kind.get("optimizer", torch.optim.SGD)(model.parameters(), 0.05)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for x, y in batches(steps):
            optimizer.zero_grad()
            loss_of(model(x), y).backward()
            optimizer.step()
    return doctor


def finding(doctor, id):
    every = [s for f in doctor.findings for s in (f, *f.symptoms)]
    return next((f for f in every if f.id == id), None)


@pytest.mark.parametrize(
    ("between", "named"),
    [
        (lambda h: h.detach(), ".detach()"),
        (lambda h: h.data, ".data"),
        (lambda h: torch.from_numpy(h.detach().numpy()), ".detach()"),
        (lambda h: F.one_hot(h.argmax(1), 16).float(), "argmax"),
        (lambda h: torch.tensor(h.tolist()), ".tolist()"),
    ],
)
def test_the_operation_that_ends_the_graph_is_named(between, named):
    seen = finding(watched(Two(between)), "F16")
    assert seen is not None
    assert seen.layer == "lower"
    assert named in seen.sentence


def test_a_layer_that_runs_in_no_grad_is_named_with_no_grad():
    class Quiet(Two):
        def forward(self, x):
            with torch.no_grad():
                h = self.lower(self.table(x).flatten(1))
            return self.head(h)

    seen = finding(watched(Quiet(None)), "F16")
    assert seen is not None
    assert "no_grad" in seen.sentence


def test_a_straight_through_choice_and_a_logged_item_cut_nothing():
    def straight(h):
        soft = h.softmax(1)
        hard = F.one_hot(soft.argmax(1), 16).float()
        return hard + soft - soft.detach()

    logged = []
    doctor = watched(Two(straight), lambda z, y: (loss := F.cross_entropy(z, y), logged.append(loss.item()))[0])
    assert finding(doctor, "F16") is None


def test_a_loss_that_is_wrapped_anew_is_told_from_one_without_a_backward():
    again = lambda z, y: torch.tensor(F.cross_entropy(z, y).item(), requires_grad=True)  # noqa: E731
    seen = finding(watched(mlp(), again), "F16")
    assert seen is not None
    assert "not connected" in seen.sentence
    assert ".item()" in seen.sentence
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for x, y in batches(10):
            F.cross_entropy(model(x), y)
            optimizer.step()
    seen = finding(doctor, "F16")
    assert seen is not None
    assert "never called" in seen.sentence


class Listed(nn.Module):
    def __init__(self, holder):
        super().__init__()
        self.table, self.head = nn.Embedding(V, 8), nn.Linear(24, V)
        self.hidden = holder([nn.Linear(24, 24) for _ in range(2)])

    def forward(self, x):
        h = self.table(x).flatten(1)
        for layer in self.hidden:
            h = torch.relu(layer(h))
        return self.head(h)


def test_layers_in_a_plain_list_are_found_and_those_in_a_module_list_are_not():
    seen = watched(Listed(list)).findings[0]
    assert (seen.id, seen.severity) == ("F66", "sick")
    assert seen.numbers["parameters"] == 4
    assert finding(watched(Listed(nn.ModuleList)), "F66") is None


def test_layers_in_a_plain_list_that_an_optimizer_holds_are_not_called_lost():
    model = Listed(list)
    optimizer = torch.optim.SGD([*model.parameters(), *[p for m in model.hidden for p in m.parameters()]], 0.05)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for x, y in batches(20):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    assert finding(doctor, "F66") is None


def test_a_loop_without_a_step_is_sick_and_one_without_anything_is_not_called_well():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer) as doctor:
        for x, y in batches(100):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
    assert doctor.findings[0].id == "F63"
    with Doctor(model, optimizer) as idle:
        pass
    assert not idle.findings
    assert "Nothing wrong" not in idle.report()


def test_weights_that_somebody_changes_by_hand_are_no_missing_step():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer) as doctor:
        for x, y in batches(30):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= 0.1 * torch.as_tensor(p.grad)
    assert finding(doctor, "F63") is None


@pytest.mark.parametrize("set_to_none", [True, False])
def test_gradients_that_are_cleared_before_the_step_are_found(set_to_none):
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for x, y in batches(20):
            F.cross_entropy(model(x), y).backward()
            optimizer.zero_grad(set_to_none=set_to_none)
            optimizer.step()
    assert doctor.findings[0].id == "F64"
    assert finding(watched(mlp()), "F64") is None


def test_an_optimizer_that_never_steps_beside_one_that_does_is_found():
    lower, upper = nn.Sequential(nn.Embedding(V, 8), nn.Flatten(), nn.Linear(24, 16)), nn.Linear(16, V)
    first, second = torch.optim.Adam(lower.parameters(), 1e-2), torch.optim.Adam(upper.parameters(), 1e-2)
    with Doctor([lower, upper], [first, second], budget=math.inf) as doctor:
        for x, y in batches(60):
            first.zero_grad()
            second.zero_grad()
            F.cross_entropy(upper(torch.tanh(lower(x))), y).backward()
            second.step()
    assert finding(doctor, "F67") is not None
    assert doctor.steps == 60
    assert len(doctor.history.training()) > 40


def by_hand(lr, steps=300, scale=1.0, reset=True):
    x, y = language()
    g = torch.Generator().manual_seed(3)
    C, W, b = torch.randn(V, 6, generator=g), torch.randn(18, V, generator=g) * scale, torch.zeros(V)
    parameters = [C, W, b]
    for p in parameters:
        p.requires_grad_()
    last = 0.0
    with Doctor(parameters) as doctor:
        for k in range(steps):
            rows = torch.arange(k * 32, k * 32 + 32) % len(x)
            loss = F.cross_entropy(C[x[rows]].flatten(1) @ W + b, y[rows])
            if reset:
                for p in parameters:
                    p.grad = None
            loss.backward()
            for p in parameters:
                p.data += -lr * torch.as_tensor(p.grad)
            last = loss.item()
    return doctor, last


def test_a_training_by_hand_is_watched_with_the_names_of_its_variables():
    doctor, loss = by_hand(0.1, scale=0.1)
    assert loss < math.log(V)
    assert [f for f in doctor.findings if f.severity != "info"] == []
    assert {"C", "W", "b"} <= set(doctor.history.frames[-1].shapes)
    assert doctor.steps == 300
    assert doctor.history.frames[-1].learning_rates == [pytest.approx(0.1, rel=1e-4)]


def test_a_training_by_hand_that_never_resets_its_gradients_is_found():
    assert by_hand(0.1, reset=False)[0].findings[0].id == "F20"


def test_a_training_by_hand_with_too_large_a_head_is_found():
    doctor, _ = by_hand(0.1, scale=3.0)
    assert finding(doctor, "F01") is not None


def test_tensors_trained_by_hand_are_as_they_would_be_without_the_doctor():
    torch.manual_seed(0)
    results = []
    for doctored in (False, True):
        W = torch.ones(18, V).requires_grad_()
        x, y = language()
        state = torch.get_rng_state()

        def train(W=W, x=x, y=y):
            for _ in range(30):
                F.cross_entropy(F.one_hot(x[:64], V).float().flatten(1)[:, :18] @ W, y[:64]).backward()
                W.data -= 0.1 * torch.as_tensor(W.grad)
                W.grad = None

        if doctored:
            with Doctor({"W": W}):
                train()
        else:
            train()
        assert torch.equal(torch.get_rng_state(), state)
        results.append(W.detach().clone())
        assert not W._post_accumulate_grad_hooks
    assert torch.equal(*results)


def test_modules_and_tensors_in_one_list_are_refused():
    with pytest.raises(TypeError, match="not both"):
        Doctor([nn.Linear(2, 2), torch.zeros(2)])  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="needs a model"):
        Doctor([])


SCRIPT = """
import torch
import torch.nn.functional as F
torch.manual_seed(0)
proto = torch.randn(5, 8)
"""


def script(tmp_path, body):
    path = tmp_path / "train.py"
    path.write_text(SCRIPT + body, encoding="utf-8")
    return watch_script(path, budget=math.inf)


def test_a_script_that_trains_raw_tensors_by_hand_is_watched_from_its_first_loss(tmp_path):
    seen = script(
        tmp_path,
        """
W1 = (torch.randn(8, 32)).requires_grad_()
W2 = (torch.randn(32, 5) * 4).requires_grad_()
for step in range(200):
    y = torch.randint(0, 5, (32,)); x = proto[y] + torch.randn(32, 8)
    loss = F.cross_entropy(torch.relu(x @ W1) @ W2, y)
    for p in (W1, W2): p.grad = None
    loss.backward()
    for p in (W1, W2): p.data -= 0.01 * p.grad
""",
    )
    assert "F01" in [f.id for f in seen.findings]
    assert seen.doctor is not None
    assert {"W1", "W2"} <= set(seen.doctor.history.frames[-1].shapes)


def test_a_script_that_trains_a_module_by_hand_is_watched(tmp_path):
    seen = script(
        tmp_path,
        """
net = torch.nn.Linear(8, 5)
for step in range(100):
    y = torch.randint(0, 5, (32,)); x = proto[y] + torch.randn(32, 8)
    F.cross_entropy(net(x), y).backward()
    with torch.no_grad():
        for p in net.parameters(): p -= 0.1 * p.grad
""",
    )
    assert [f.id for f in seen.findings] == ["F20"]


FOLDS = """
for fold in range(4):
    net = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 5))
    opt = torch.optim.SGD(net.parameters(), lr=1e-5 if fold == SICK else 0.1)
    for step in range(120):
        y = torch.randint(0, 5, (32,)); x = proto[y] + 0.3 * torch.randn(32, 8)
        opt.zero_grad(); F.cross_entropy(net(x), y).backward(); opt.step()
"""


@pytest.mark.slow
def test_every_fold_has_its_own_training_and_the_sick_one_is_named(tmp_path):
    seen = script(tmp_path, FOLDS.replace("SICK", "2"))
    assert [f.id for f in seen.findings if f.severity != "info"] == ["F14"]
    assert "training 3" in seen.report()
    assert seen.to_dict()["steps"] == 480
    well = script(tmp_path, FOLDS.replace("SICK", "9"))
    assert [f for f in well.findings if f.severity != "info"] == []


@pytest.mark.slow
def test_a_finding_of_every_fold_is_told_once(tmp_path):
    seen = script(tmp_path, FOLDS.replace("1e-5 if fold == SICK else 0.1", "1e-5"))
    assert [f.id for f in seen.findings if f.severity != "info"] == ["F14"]
    assert "4 of 4 trainings" in seen.report()


@pytest.mark.slow
def test_a_student_whose_teacher_was_trained_first_has_its_own_clock(tmp_path):
    seen = script(
        tmp_path,
        """
teacher, student = torch.nn.Linear(8, 5), torch.nn.Linear(8, 5)
one, two = torch.optim.SGD(teacher.parameters(), 0.1), torch.optim.SGD(student.parameters(), 1e-5)
def batch():
    y = torch.randint(0, 5, (32,)); return proto[y] + 0.3 * torch.randn(32, 8), y
for step in range(150):
    x, y = batch(); one.zero_grad(); F.cross_entropy(teacher(x), y).backward(); one.step()
for step in range(150):
    x, y = batch(); two.zero_grad()
    F.kl_div(F.log_softmax(student(x), 1), teacher(x).detach().softmax(1), reduction="batchmean").backward()
    two.step()
""",
    )
    assert seen.to_dict()["steps"] == 299  # the one that showed that it is a training of its own is not counted
    assert [f.id for f in seen.findings if f.severity != "info"] == ["F14"]


@pytest.mark.slow
def test_optimizers_made_in_the_loop_are_found_and_do_not_slow_the_loop_down(tmp_path, monkeypatch):
    searches = []
    monkeypatch.setattr(ward, "owners", lambda parameters: searches.append(1) or owners(parameters))
    seen = script(
        tmp_path,
        """
net = torch.nn.Linear(8, 5)
for step in range(200):
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    y = torch.randint(0, 5, (32,)); x = proto[y] + torch.randn(32, 8)
    opt.zero_grad(); F.cross_entropy(net(x), y).backward(); opt.step()
""",
    )
    assert seen.findings[0].id == "F65"
    assert len(searches) == 1
    assert seen.to_dict()["steps"] == 200


@pytest.mark.slow
def test_a_program_with_many_trainings_is_watched_within_bounds(monkeypatch):
    monkeypatch.setattr(ward, "MOST", 6)
    watching = ward.Ward(1.0, ())
    with watching.open():
        for _ in range(10):
            model = mlp()
            optimizer = torch.optim.SGD(copy.deepcopy(model).parameters(), 0.1)
            optimizer = torch.optim.SGD(model.parameters(), 0.1)
            for x, y in batches(2):
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
    assert len(watching.doctors) <= 6
    assert watching.unwatched > 0
    assert sum(bool(d._probe.roots) for d in watching.doctors) <= 4


def test_a_rule_that_fails_is_left_out_and_said_and_the_others_speak(monkeypatch):
    def breaks(history):
        raise IndexError("of a stranger's shape")

    monkeypatch.setitem(RULES, "F39", dataclasses.replace(RULES["F39"], verdicts=breaks))
    doctor = watched(Listed(list))
    assert doctor.findings[0].id == "F66"
    assert any("F39 failed" in note and "IndexError" in note for note in doctor.notes)


def test_a_layer_whose_output_nobody_uses_is_worth_knowing_and_no_alarm():
    class DeadEnd(Two):
        def __init__(self):
            super().__init__(lambda h: h)
            self.beside = nn.Linear(16, 4)

        def forward(self, x):
            h = torch.tanh(self.lower(self.table(x).flatten(1)))
            self.beside(h)
            return self.head(h)

    seen = finding(watched(DeadEnd()), "F16")
    assert seen is not None
    assert seen.severity == "info"
    assert "not used" in seen.sentence


def test_biases_alone_being_trained_is_found_and_a_frozen_body_with_a_head_is_not():
    for frozen, alarmed in (
        (("0.weight", "2.weight", "2.bias", "4.weight"), True),
        (("0.weight", "2.weight"), False),
    ):
        model = mlp()
        for name, p in model.named_parameters():
            p.requires_grad = name not in frozen
            p.data *= 3 if name == "0.weight" else 5  # a body is not as torch draws it: something was learned there
        assert any(not p.requires_grad for p in model.parameters())
        assert (finding(watched(model, steps=60), "F69") is not None) == alarmed


@pytest.mark.parametrize("freeze", [True, False])
def test_one_number_a_row_is_no_weight_matrix(freeze):
    class Ratings(nn.Module):
        def __init__(self):
            super().__init__()
            self.user = nn.Embedding.from_pretrained(torch.randn(40, 6) / 3, freeze=freeze)
            self.item = nn.Embedding.from_pretrained(torch.randn(40, 6) / 3, freeze=freeze)
            self.bias = nn.Embedding(40, 1)

        def forward(self, x):
            return (self.user(x[:, 0]) * self.item(x[:, 1])).sum(1) + self.bias(x[:, 1]).squeeze(1)

    torch.manual_seed(0)
    model = Ratings()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(60):
            x = torch.randint(40, (64, 2))
            optimizer.zero_grad()
            F.mse_loss(model(x), ((x[:, 0] * x[:, 1]) % 7 - 3).float()).backward()
            optimizer.step()
    assert (finding(doctor, "F69") is not None) is freeze


def test_an_exception_of_torch_is_a_finding_with_the_numbers_that_it_leaves_out(tmp_path):
    seen = script(
        tmp_path,
        """
net = torch.nn.Sequential(torch.nn.Embedding(5, 4), torch.nn.Flatten(), torch.nn.Linear(4, 5))
opt = torch.optim.SGD(net.parameters(), 0.1)
for step in range(20):
    ids = torch.randint(0, 5 if step < 10 else 9, (32, 1))
    opt.zero_grad(); F.cross_entropy(net(ids), ids[:, 0] % 5).backward(); opt.step()
""",
    )
    assert seen.findings[0].id == "F68"
    assert "rows 0 to 4" in seen.findings[0].remedy
    assert isinstance(seen.error, IndexError)


@pytest.mark.slow
def test_a_hinge_whose_margins_are_all_kept_is_done_and_not_ill():
    torch.manual_seed(0)
    x = torch.randn(200, 4)
    y = torch.sign(x[:, 0] + 0.5 * x[:, 1])
    keep = (x[:, 0] + 0.5 * x[:, 1]).abs() > 0.3
    x, y = x[keep], y[keep]
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.3)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(1500):
            optimizer.zero_grad()
            loss = F.relu(1 - y * model(x).squeeze(1)).mean()
            loss.backward()
            optimizer.step()
    assert doctor.history.frames[-1].values["grad_norm"] == 0
    assert finding(doctor, "F17") is None


THREADS = """
import threading
def train():
    net = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 5))
    opt = torch.optim.SGD(net.parameters(), 0.1)
    for step in range(60):
        y = torch.arange(32) % 5
        opt.zero_grad(); F.cross_entropy(net(proto[y]), y).backward(); opt.step()
    trained.append(1)
trained = []
threads = [threading.Thread(target=train) for _ in range(3)]
for t in threads: t.start()
for t in threads: t.join()
assert len(trained) == 3
"""


@pytest.mark.slow
def test_trainings_in_several_threads_are_watched_apart_and_none_is_disturbed(tmp_path):
    seen = script(tmp_path, THREADS)
    assert seen.error is None
    assert len(seen.doctors) == 3
    assert seen.steps == 180
    assert all(doctor.cost >= 0 for doctor in seen.doctors)
    assert [f for f in seen.findings if f.severity != "info"] == []


def test_an_empty_batch_does_not_end_the_watching(tmp_path):
    seen = script(
        tmp_path,
        """
net = torch.nn.Sequential(torch.nn.Linear(8, 5), torch.nn.Softmax(1))
opt = torch.optim.SGD(net.parameters(), 0.1)
for step in range(30):
    y = torch.randint(0, 5, (0 if step == 0 else 32,)); x = proto[y]
    opt.zero_grad(); F.cross_entropy(net(x), y, reduction="sum").backward(); opt.step()
""",
    )
    assert seen.doctor is not None
    assert seen.doctor._probe.failure is None
    assert seen.doctor.history.seen > 10


def test_a_doctor_that_failed_does_not_say_that_nothing_is_wrong(monkeypatch):
    doctor = Doctor(model := mlp(), optimizer := torch.optim.SGD(model.parameters(), 0.1))
    monkeypatch.setattr(doctor._probe.updates, "before", None)
    with doctor:
        for x, y in batches(5):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    assert not doctor.to_report().is_conclusive
    assert "Nothing wrong" not in doctor.report()


def test_what_is_compiled_later_is_not_looked_into_and_that_is_said(tmp_path):
    seen = script(
        tmp_path,
        """
net = torch.nn.Linear(8, 5)
opt = torch.optim.SGD(net.parameters(), 0.1)
fast = torch.compile(net, backend="eager")
for step in range(30):
    y = torch.randint(0, 5, (32,))
    opt.zero_grad(); F.cross_entropy(fast(proto[y]), y).backward(); opt.step()
""",
    )
    assert seen.error is None
    assert "compiled" in seen.report()
    assert seen.steps == 30


def test_nan_in_a_run_that_did_well_is_not_blamed_on_the_learning_rate(tmp_path):
    seen = script(
        tmp_path,
        """
net = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 5))
opt = torch.optim.Adam(net.parameters(), 1e-2)
for step in range(60):
    y = torch.randint(0, 5, (32,))
    opt.zero_grad(); F.cross_entropy(net(proto[y]), y).backward(); opt.step()
    if step == 40: net[0].weight.data[0, 0] = float("nan")
""",
    )
    assert seen.findings[0].id == "F15"
