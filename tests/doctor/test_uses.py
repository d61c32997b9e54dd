"""Uses of the doctor: data checks, pre-flight, trace, scripts, reports, remedies."""

import json
import math
import sys
from html.parser import HTMLParser

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import Optimizer

from moreish.doctor import (
    FAULTS,
    Doctor,
    Operation,
    check_batch,
    check_samples,
    check_split,
    check_symbols,
    preflight,
    seed_fault,
    trace,
    watch_script,
)  # fmt: skip
from moreish.doctor.judge.rules import RULES
from moreish.doctor.treat.faults import Broken
from moreish.doctor.treat.remedies import REMEDIES, apply
from tests.doctor.worlds import V, fit, language, mlp


def ids(findings, floor=("watch", "sick")):
    return [f.id for f in findings if f.severity in floor]


# Data


def test_val_that_is_train_and_a_leak_are_told_apart_from_natural_duplicates():
    train = [f"item {k}" for k in range(1000)]
    assert ids(check_split(train, train[:100])) == ["F31"]
    assert ids(check_split(train, [*train[:30], *(f"new {k}" for k in range(70))])) == ["F26"]
    assert check_split(train, [f"new {k}" for k in range(100)]) == []
    natural = train + train[:150]
    findings = check_split(natural, [*train[150:160], *(f"new {k}" for k in range(90))])
    assert ids(findings) == []
    assert [f.id for f in findings] == ["F27"]


def test_targets_that_are_copies_or_shuffled_are_found_in_the_data_alone():
    x, y = language()
    assert ids(check_batch(x, y, V)) == []
    assert ids(check_batch(x, x[:, -1], V)) == ["F25"]
    assert ids(check_batch(x, y[torch.randperm(len(y), generator=torch.Generator().manual_seed(0))], V)) == ["F24"]


def test_padding_is_information_and_no_alarm():
    x = torch.zeros(100, 8, dtype=torch.int64)
    x[:, -2:] = torch.randint(1, V, (100, 2), generator=torch.Generator().manual_seed(0))
    findings = check_batch(x, torch.randint(0, V, (100,)), V)
    assert [(f.id, f.severity) for f in findings] == [("F50", "info")]


def test_a_symbol_that_is_never_a_target_is_named():
    findings = check_symbols(torch.tensor([0, 1, 3, 1]), list(".abc"))
    assert ids(findings) == ["F48"]
    assert "'b'" in findings[0].sentence
    assert check_symbols(torch.tensor([0, 1, 2, 3]), list(".abc")) == []


def test_a_sampler_that_repeats_is_told_from_one_whose_hits_are_chance():
    train, held_out = [f"t{k}" for k in range(500)], [f"h{k}" for k in range(500)]
    assert ids(check_samples(train[:100], train, held_out)) == ["F49"]
    assert check_samples(train[:60] + held_out[:60], train, held_out) == []
    assert check_samples(train[:10], train, held_out) == []


# Pre-flight and trace


def test_preflight_of_a_healthy_model_is_silent_and_changes_nothing():
    torch.manual_seed(0)
    model, (x, y) = mlp(), language()
    state = {k: v.clone() for k, v in model.state_dict().items()}
    rng = torch.get_rng_state()
    assert ids(preflight(model, x[:64], y[:64], steps=30)) == []
    assert all(torch.equal(state[k], v) for k, v in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert torch.equal(torch.get_rng_state(), rng)


def test_preflight_names_the_start_the_cut_and_the_batch_that_cannot_be_fitted():
    torch.manual_seed(0)
    x, y = language()
    loud = mlp()
    nn.init.normal_(loud[4].weight)
    assert ids(preflight(loud, x[:64], y[:64], steps=20))[0] == "F01"
    twice = mlp().append(nn.Softmax(-1))
    assert "F38" in ids(preflight(twice, x[:64], y[:64], steps=8))
    constant = nn.Sequential(nn.Embedding(V, 4), nn.Flatten(), nn.Linear(12, V), nn.Softmax(-1))
    assert "P01" in ids(preflight(constant, x[:64], y[:64], steps=8, lr=1e-6))


def test_trace_gives_every_layer_and_its_gradient_as_autograd_does():
    torch.manual_seed(0)
    model, (x, y) = mlp(), language()
    steps = trace(model, x[:1], lambda logits: F.cross_entropy(logits, y[:1]))
    assert [s.op for s in steps] == ["embedding", "linear", "tanh", "linear"]
    assert all(p.grad is None for p in model.parameters())
    h = model[2](model[1](model[0](x[:1]))).detach().requires_grad_()
    F.cross_entropy(model[4](model[3](h)), y[:1]).backward()
    torch.testing.assert_close(steps[1].output, h.detach())
    torch.testing.assert_close(steps[1].gradient, h.grad)


# Scripts

SCRIPT = """
import sys
import torch
from torch import nn
assert __name__ == "__main__" and sys.argv[1:] == ["--lr", "0.1"]
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3), nn.Softmax(-1))
optimizer = torch.optim.Adam(model.parameters(), 1e-2)
x = torch.randn(64, 4)
y = x[:, :3].argmax(1)
for _ in range(8):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
{end}
"""


@pytest.mark.parametrize(
    ("end", "error"),
    [("", None), ("raise KeyError('x')", KeyError), ("sys.exit(3)", SystemExit), ("sys.exit()", None)],
)
def test_a_script_is_watched_from_outside_and_torch_is_put_back(tmp_path, end, error):
    path = tmp_path / "train.py"
    path.write_text(SCRIPT.format(end=end))
    before = Optimizer.__init__, sys.argv, list(sys.path)
    watched = watch_script(path, ["--lr", "0.1"])
    assert (Optimizer.__init__, sys.argv, list(sys.path)) == before
    assert ids(watched.findings) == ["F38"]
    assert watched.findings[0].layer == "3"
    assert (type(watched.error) if watched.error else None) is error
    assert json.loads(json.dumps(watched.to_dict()))["findings"][0]["id"] == "F38"


def test_a_script_without_an_optimizer_gets_a_sentence_and_a_missing_one_an_error(tmp_path):
    path = tmp_path / "nothing.py"
    path.write_text("x = 1\n")
    assert "nothing to watch" in watch_script(path).report()
    with pytest.raises(ValueError, match="no such script"):
        watch_script(tmp_path / "missing.py")


# Reports


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.bad = [], []

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "link", "img", "iframe") or any(
            k == "src" or (k == "href" and not v.startswith("#")) for k, v in attributes
        ):
            self.bad.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def loud():
    torch.manual_seed(0)
    model = mlp()
    model.add_module("<b>", nn.Linear(V, V))
    nn.init.normal_(model[4].weight, std=2.0)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        fit(model, optimizer, *language(), 10)
    return doctor


def test_the_page_is_well_formed_loads_nothing_and_has_the_pictures(loud):
    page = loud.to_html()
    links = Links()
    links.feed(page)
    assert links.open == []
    assert links.bad == []
    assert "<b>" not in page
    for picture in ("Loss", "Updates, relative to the weights, by layer", "Size of the gradient, by layer"):
        assert picture in page


def test_text_and_plain_values_carry_the_finding(loud):
    finding = loud.findings[0]
    assert finding.sentence[:40] in loud.report().replace("\n  ", " ")
    plain = json.loads(json.dumps(loud.to_dict()))
    assert {"id", "severity", "layer", "step", "sentence", "remedy"} <= set(plain["findings"][0])
    assert plain["frames"] == 10


def test_a_finding_that_is_meant_can_be_ignored_and_an_unknown_one_is_refused():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.0)
    with Doctor(model, optimizer, budget=math.inf, ignore=("F19",)) as doctor:
        fit(model, optimizer, *language(), 6)
    assert "F19" not in [f.id for f in doctor.findings]
    with pytest.raises(ValueError, match="no finding F99"):
        Doctor(model, optimizer, ignore=("F99",))


# Tables


def test_every_fault_is_that_of_a_rule():
    assert set(FAULTS) <= set(RULES)


def test_every_operation_of_a_remedy_is_known():
    with pytest.raises(ValueError, match="no remedy"):
        apply(Operation("pray"), nn.Linear(1, 1), [])
    assert {"scale", "reinitialise", "set_lr", "zero_grad", "clip", "add_parameters"} <= set(REMEDIES)


def settings(model, optimizer):
    """All that a fault or a remedy may change, but for tensors: modules with hooks and options, groups, methods."""

    def plain(owner):
        own = {k: v for k, v in vars(owner).items() if not isinstance(v, torch.Tensor) and "hooks_with" not in k}
        sizes = {k: len(v) for k, v in own.items() if "hook" in k and hasattr(v, "__len__")}
        return sizes, {k: v for k, v in own.items() if isinstance(v, int | float | str | bool) or callable(v)}

    modules = [(name, id(m), *plain(m)) for name, m in model.named_modules()]
    groups = [
        {k: [id(p) for p in v] if k == "params" else v for k, v in group.items()} for group in optimizer.param_groups
    ]
    return modules, groups, plain(optimizer)


def worlds():
    """Small models, one for each activation, with an optimizer in two groups; the last one is deep and plain."""
    for act in (nn.Tanh, nn.ReLU, nn.Sigmoid, None):
        torch.manual_seed(0)
        layers = [nn.Embedding(V, 8), nn.Flatten(), nn.Linear(24, 16), act and act(), nn.BatchNorm1d(16)]
        model = nn.Sequential(*layers, nn.Dropout(0.1), nn.Linear(16, V)) if act else None
        if model is None:
            model = nn.Sequential(*(nn.Sequential(nn.Linear(8, 8), nn.Tanh()) for _ in range(4)), nn.Linear(8, 2))
        matrices, others = ([p for p in model.parameters() if (p.ndim > 1) is wide] for wide in (True, False))
        groups = [{"params": matrices, "weight_decay": 0.02}, {"params": others, "weight_decay": 0.0}]
        yield model, torch.optim.SGD(groups, 0.1)


@pytest.mark.parametrize("id", FAULTS)
def test_every_fault_can_be_seeded_and_is_taken_back_or_says_what_stays(id):
    seeded = 0
    for k, (model, optimizer) in enumerate(worlds()):
        before, weights = settings(model, optimizer), {k: v.clone() for k, v in model.state_dict().items()}
        broken = seed_fault(id, model, optimizer)
        if broken is None:
            assert settings(model, optimizer) == before
            continue
        seeded += 1
        assert isinstance(broken, Broken)
        again = seed_fault(id, model, optimizer)  # what is broken twice is healed twice, the last time first
        if not isinstance(model[0], nn.Sequential) and id != "F25":
            fit(model, optimizer, *language(), 3, loss=lambda z, t, b=broken: F.cross_entropy(*b.batch((z, t))))
        if again is not None:
            again.heal()
        broken.heal()
        assert settings(model, optimizer) == before
        pair = torch.arange(6), torch.arange(6)
        assert all(torch.equal(a, b) for a, b in zip(broken.batch(pair), pair, strict=True))
        fresh, other = list(worlds())[k]
        seed_fault(id, fresh, other)
        drawn = [name for name, v in fresh.state_dict().items() if name in weights and not v.equal(weights[name])]
        assert bool(drawn) == bool(broken.stays)
    assert seeded


REMEDIED = {
    "set_lr": {"factor": 0.1},
    "set_weight_decay": {"value": 0.001},
    "set_eps": {"value": 1e-4},
    "zero_grad": {},
    "clip": {"norm": 1.0},
    "add_parameters": {},
    "train_with_grad": {},
    "eval_without_grad": {},
    "skip_module": {"layer": "3"},
    "set_dropout": {"p": 0.05},
    "set_momentum": {"momentum": 0.3},
    "add_activation": {"layers": ("2",)},
}


def test_every_remedy_is_taken_back_but_for_what_it_does_to_weights():
    assert set(REMEDIES) == {*REMEDIED, "scale", "reinitialise"}
    for name, arguments in REMEDIED.items():
        model, _ = next(worlds())
        optimizer = torch.optim.AdamW(list(model.parameters())[1:], 0.1)
        before = settings(model, optimizer)
        handles = apply(Operation(name, arguments), model, [optimizer])
        assert settings(model, optimizer) != before, name
        for handle in reversed(handles):
            handle.remove()
        assert settings(model, optimizer) == before, name


@pytest.mark.parametrize("id", ["F01", "F13", "F20", "F33", "F38"])
def test_the_first_remedy_applied_takes_the_finding_away(id):
    x, y = language()

    def run(cure):
        torch.manual_seed(0)
        model = mlp(nn.Tanh)
        model.insert(4, nn.Dropout(0.1))
        if id == "F38":
            model.append(nn.Softmax(-1))
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        if id != "F38":
            seed_fault(id, model, optimizer, 300.0 if id == "F13" else None)
        if cure is not None:
            apply(cure, model, [optimizer])
        with Doctor(model, optimizer, budget=math.inf) as doctor:
            fit(model, optimizer, x, y, 8)
        return doctor

    found = run(None).findings[0]
    assert found.id == id
    assert id not in ids(run(found.operation).findings)
