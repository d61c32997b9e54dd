"""The pictures of what happens inside a network: what they show is measured right, and each is drawn."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import moreish
from moreish.cli.plot import plot
from moreish.doctor import Traced, inside
from moreish.plots.inside import activations, draw, stuck

PNG = b"\x89PNG"


def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(6, 8, bias=False), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 3)
    )  # fmt: skip


def test_a_batch_is_seen_as_in_training_and_nothing_of_the_model_changes():
    model, x, y = net().eval(), torch.randn(16, 6, generator=torch.Generator().manual_seed(1)), torch.arange(16) % 3
    before = {k: v.clone() for k, v in model.state_dict().items()}
    seen = inside(model, x, lambda logits: F.cross_entropy(logits, y))
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert not any(m.training for m in model.modules())
    z = x @ model[0].weight.T
    h = torch.tanh((z - z.mean(0)) / (z.var(0, correction=0) + 1e-5).sqrt()).detach().requires_grad_()
    F.cross_entropy(model[4](h), y).backward()
    (tanh,) = activations(seen)
    torch.testing.assert_close(tanh.output, h.detach())
    torch.testing.assert_close(tanh.gradient, h.grad)
    values, gradient = seen.weights["4.weight"]
    assert torch.equal(values, model[4].weight)
    torch.testing.assert_close(gradient, model[4].weight.grad)


@pytest.mark.parametrize(
    ("op", "values", "expected"),
    [
        ("tanh", [-0.995, -0.98, 0.0, 0.991], [1, 0, 0, 1]),
        ("sigmoid", [0.004, 0.006, 0.5, 0.996], [1, 0, 0, 1]),
        ("relu", [0.0, 1e-6, 2.0, 0.0], [1, 0, 0, 1]),
        ("gru", [-0.995, 0.5, 0.98, 0.5], [1, 0, 0, 0]),
    ],
)
def test_a_unit_is_stuck_at_either_end_of_its_range(op, values, expected):
    hit = stuck(Traced("h", op, torch.tensor([values]), None))
    assert hit.int().tolist() == [expected]
    assert stuck(Traced("h", "gelu", torch.tensor([values]), None)) is None


def test_a_cell_that_is_called_for_every_step_is_one_layer():
    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(4, 4)

        def forward(self, x):
            for _ in range(3):
                x = torch.tanh(self.lin(x))
            return x

    seen = inside(Cell(), torch.ones(5, 4), lambda h: h.sum())
    assert sum(len(t.output) for t in activations(seen)) == 15
    assert [t.op for t in activations(seen)] == ["tanh"] * len(activations(seen))


@pytest.mark.slow
def test_every_picture_is_drawn_and_updates_only_where_they_were_measured(tmp_path):
    seen = inside(net(), torch.randn(16, 6), lambda logits: logits.square().mean())
    drawn = list(draw("a $run", seen, {}, lambda what: tmp_path / f"{what}.png"))
    assert [p.stem for p in drawn] == ["activations", "gradients", "saturation", "weight-gradients"]
    ratios = {"0.weight": [(0.0, -2.0), (10.0, -3.0)]}
    drawn = list(draw("run", seen, ratios, lambda what: tmp_path / f"{what}.svg"))
    assert drawn[-1].stem == "updates"
    assert "0.weight" in drawn[-1].read_text()
    assert all(p.stat().st_size > 5000 for p in drawn)
    assert all(p.read_bytes().startswith(PNG) for p in tmp_path.glob("*.png"))


@pytest.mark.slow
def test_a_run_is_drawn_with_the_updates_that_its_doctor_measured(corpus, tmp_path, capfd):
    options = {"train": {"steps": 12, "batch_size": 16}}
    for name, doctor in (("with", True), ("without", False)):
        options["train"]["doctor"] = doctor
        moreish.train(corpus, model="mlp", options=options, out=tmp_path / name)
        plot(str(tmp_path / name), inside=True, to=tmp_path / f"{name}.png", root=tmp_path)
        said = capfd.readouterr()
        assert (tmp_path / f"{name}-updates.png").exists() == doctor
        assert ("trained with --doctor" in said.err) == (not doctor)
        assert f"{name}-saturation.png" in said.out
