"""What is done when something is found: a callback, a stop, a notebook's view; and from `start()` to `stop()`."""

import math
import pickle
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from moreish.doctor import Doctor, SickRun, start, stop
from moreish.doctor.judge.finding import Finding
from moreish.doctor.tell.alerts import Alerts
from tests.doctor.worlds import V, fit, language, mlp


def finding(id, severity, *symptoms):
    return Finding(id, severity, "net.3", 4, "It is ill.", "Mend it.", slug="illness", symptoms=symptoms)


def sick():
    torch.manual_seed(0)
    model = nn.Sequential(*mlp(), nn.Softmax(1))
    return model, torch.optim.SGD(model.parameters(), 0.1)


# ---- which findings are told ----


def test_a_finding_is_told_once_and_again_when_it_is_worse():
    told = []
    alerts = Alerts(told.append)
    for severities in (["info"], ["info", "watch"], ["watch", "watch"], ["sick", "watch"], ["sick", "watch"]):
        alerts.told([finding(id, severity) for id, severity in zip(("F04", "F16"), severities, strict=False)])
    assert [(f.id, f.severity) for f in told] == [
        ("F04", "info"),
        ("F16", "watch"),
        ("F04", "watch"),
        ("F04", "sick"),
    ]


def test_what_was_found_before_a_resume_is_neither_told_nor_a_reason_to_stop():
    told = []
    alerts = Alerts(told.append, "watch", [finding("F04", "watch")])
    alerts.told([finding("F04", "watch")])
    alerts.stop([finding("F04", "watch")])
    assert told == []
    alerts.told([finding("F04", "sick"), finding("F16", "watch")])
    assert [f.id for f in told] == ["F04", "F16"]
    with pytest.raises(SickRun, match=r"^watch: F16 illness at net\.3: It is ill\. Mend it\.$"):
        alerts.stop([finding("F04", "sick"), finding("F16", "watch")])


def test_a_run_is_stopped_once_for_each_finding_also_for_one_that_stands_under_another():
    alerts = Alerts(None, "dead-relu")
    alerts.stop([finding("F04", "sick")])
    both = [finding("F04", "sick", finding("F07", "watch"))]
    with pytest.raises(SickRun) as caught:
        alerts.stop(both)
    assert caught.value.finding.id == "F07"
    alerts.stop(both)
    assert pickle.loads(pickle.dumps(caught.value)).finding == caught.value.finding


def test_a_name_that_no_finding_has_is_refused_before_anything_is_watched():
    with pytest.raises(ValueError, match="there is no finding dreadful"):
        Doctor(*sick(), stop_on="dreadful")


# ---- in a loop ----


def test_the_callback_hears_of_it_between_two_steps():
    model, optimizer = sick()
    heard = []

    def callback(found):
        heard.append((found.id, doctor.to_dict()["steps"], doctor.looking, torch.is_grad_enabled()))

    with Doctor(model, optimizer, budget=math.inf, on_finding=callback) as doctor:
        fit(model, optimizer, *language(), 12)
    assert [id for id, *_ in heard].count("F38") == 1
    assert heard[0][1:] == (1, True, True)


def test_the_callback_hears_of_what_is_found_when_all_is_over():
    model, optimizer = sick()
    heard = []
    with Doctor(model, optimizer, on_finding=lambda f: heard.append(f.id)):
        F.cross_entropy(model(language()[0][:32]), language()[1][:32]).backward()
        assert heard == []
    assert "F38" in heard


def test_what_the_callback_raises_ends_the_loop_and_not_the_doctor():
    def callback(found):
        raise RuntimeError(found.id)

    model, optimizer = sick()
    with pytest.raises(RuntimeError, match=r"^F38$"), Doctor(model, optimizer, on_finding=callback) as doctor:
        fit(model, optimizer, *language(), 12)
    assert doctor._probe.failure is None
    assert doctor.findings[0].id == "F38"


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.AdamW, torch.optim.LBFGS])
def test_a_stop_leaves_a_state_from_which_one_can_go_on_as_if_it_had_never_been(kind):
    stops = []

    def trained(steps, **options):
        torch.manual_seed(0)
        model = nn.Sequential(*mlp(), nn.Softmax(1))
        optimizer, (x, y) = kind(model.parameters(), lr=0.05), language()
        done = 0

        def closure():
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x[32 * done : 32 * done + 32]), y[32 * done : 32 * done + 32])
            loss.backward()
            return loss

        while done < steps:
            try:
                with Doctor(model, optimizer, **options) if options else torch.enable_grad():
                    while done < steps:
                        done += 1
                        optimizer.step(closure)
            except SickRun as stopped:
                options = {}
                stops.append((stopped.finding.id, done))
        return model, optimizer

    (model, optimizer), (twin, other) = trained(6), trained(6, stop_on="sick")
    assert stops == [("F38", 1)]
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(p, q)
    assert len(optimizer.state) == len(other.state)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in twin.modules())
    assert not other._optimizer_step_post_hooks


def test_a_healthy_run_is_not_stopped():
    torch.manual_seed(0)
    model = mlp()
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    with Doctor(model, optimizer, budget=math.inf, stop_on="watch") as doctor:
        fit(model, optimizer, *language(), 40)
    assert doctor.to_dict()["steps"] == 40


def test_a_notebook_shows_the_report_and_no_name_of_a_stranger_is_read_as_html():
    model = nn.Sequential()
    for k, layer in enumerate(sick()[0]):
        model.add_module(f"<script>{k}", layer)
    with Doctor(model, torch.optim.SGD(model.parameters(), 0.1)) as doctor:
        fit(model, torch.optim.SGD(model.parameters(), 0.1), *language(), 3)
    shown = doctor._repr_html_()
    assert "double-softmax" in shown
    assert "<script>" not in shown


# ---- wrappers ----


class Wrapper(torch.optim.Optimizer):
    """An optimizer around another, as accelerate's is."""

    def __init__(self, optimizer):
        self.optimizer = optimizer

    @property
    def param_groups(self):
        return self.optimizer.param_groups

    @property
    def state(self):
        return self.optimizer.state

    def zero_grad(self, set_to_none=True):
        self.optimizer.zero_grad(set_to_none)

    def step(self, closure=None):
        self.optimizer.step(closure)


def test_an_optimizer_around_another_is_watched_in_its_inside():
    model, optimizer = sick()
    with Doctor(model, Wrapper(Wrapper(optimizer))) as doctor:
        fit(model, Wrapper(optimizer), *language(), 5)
    assert doctor.to_dict()["steps"] == 5


def test_of_a_model_that_processes_share_this_processs_own_is_watched(monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # torch replaces it for good
    if not torch.distributed.is_available():
        pytest.skip("torch is built without torch.distributed")
    model, optimizer = sick()
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    try:
        shared = DistributedDataParallel(model)
        with Doctor(shared, optimizer) as doctor:
            fit(shared, optimizer, *language(), 5)
    finally:
        torch.distributed.destroy_process_group()
    assert doctor.findings[0].layer == "5"


# ---- from start to stop ----


def test_everything_made_between_start_and_stop_is_watched():
    heard = []
    start(on_finding=lambda f: heard.append(f.id))
    fit(*sick(), *language(), 12)
    watched = stop()
    assert watched.findings[0].id == "F38"
    assert heard[0] == "F38"
    assert "F38 double-softmax" in watched.report()
    made = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.1)
    assert not made._optimizer_step_post_hooks


def test_stop_on_ends_what_was_started():
    start(stop_on="double-softmax")
    with pytest.raises(SickRun):
        fit(*sick(), *language(), 12)
    assert stop().to_dict()["steps"] == 1


def test_stop_without_start_says_so_and_a_second_start_begins_anew():
    with pytest.raises(RuntimeError, match=r"start\(\) comes before stop\(\)"):
        stop()
    start()
    fit(*sick(), *language(), 3)
    start()
    assert stop().findings == []


@pytest.mark.slow
def test_a_process_may_end_without_a_stop(tmp_path):
    code = "from moreish import doctor\ndoctor.start()\nprint('trained')"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "trained\n", "")


@pytest.mark.slow
def test_the_modules_for_other_programs_are_not_loaded_with_the_doctor():
    code = (
        "import sys, moreish.doctor; print([name for name in ('lightning', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n"


def test_a_second_optimizer_is_looked_at_although_the_run_did_well_before():
    torch.manual_seed(0)
    x, y = language()
    model = mlp()
    start()
    first = torch.optim.Adam(model.parameters(), 1e-2)
    fit(model, first, x, y, 400)
    second = torch.optim.SGD(model[-1].parameters(), 1e-2)
    model[-1] = nn.Linear(model[-1].in_features, V)  # after the optimizer that was to train it
    fit(model, second, x, y, 60)
    doctor = stop()
    assert [f.id for f in doctor.findings if f.severity == "sick"][:1] == ["F18"]


def test_a_module_with_a_state_of_its_own_kind_is_loaded_as_without_the_doctor():
    class Own(nn.Linear):
        asked = 0

        def state_dict(self):
            self.asked += 1
            return {"of my own": self.weight.detach().clone()}

        def load_state_dict(self, state):
            return super().load_state_dict({"weight": state["of my own"]}, strict=False)

    class Odd(dict):
        def items(self):
            raise RuntimeError("not now")

    start()
    one, other = Own(3, 2), Own(3, 2)
    one.load_state_dict(other.state_dict())
    with pytest.raises(RuntimeError, match="Missing key"):  # as torch says, which asks for no items
        nn.Module.load_state_dict(one, Odd(weight=other.weight))
    stop()
    assert torch.equal(one.weight, other.weight)
    assert (one.asked, other.asked) == (0, 1)
