"""Kinds of mistakes that people report, each on the smallest training that has it, beside one that has not."""

import math
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from moreish.doctor import Doctor, watch_script
from moreish.doctor.frames.rows import Rows
from moreish.doctor.watch.updates import is_fresh


def alarms(doctor: Doctor) -> set[str]:
    return {f.id for f in doctor.findings if f.severity != "info"}


def test_numbers_of_classes_that_lie_in_a_row_have_neighbours_that_are_alike() -> None:
    torch.manual_seed(0)
    classes = torch.randint(0, 8, (600,))
    along, anywhere = torch.linspace(-4, 4, 8)[:, None].expand(8, 5), 4 * torch.randn(8, 5)
    places = []
    for means in (along, anywhere):
        rows = Rows()
        rows.add(means[classes] + 0.3 * torch.randn(600, 5), classes, 8)
        known = rows.neighbours()
        assert known is not None
        places.append(known.place)
    assert places[0] == 0
    assert places[1] > 0.05


def test_a_matrix_is_fresh_until_it_was_trained() -> None:
    torch.manual_seed(0)
    for layer in (nn.Linear(20, 40), nn.GRU(8, 16), nn.Conv2d(3, 8, 3), nn.Embedding(30, 16)):
        for name, p in layer.named_parameters():
            if p.dim() > 1:
                assert is_fresh(p), (layer, name)
                assert not is_fresh(p * 1.5)
    drawn = torch.randn(3000, 32)
    assert is_fresh(drawn)
    assert not is_fresh((drawn - drawn.mean(0)) / drawn.std(0))  # by hand, such as of vectors from counts
    assert not is_fresh(nn.functional.normalize(drawn, dim=1) * 32**0.5)


def train_attention(wrong: bool, nothing: bool = False) -> set[str]:
    torch.manual_seed(0)
    emb, attention, head = (
        nn.Embedding(12, 8, padding_idx=0),
        nn.MultiheadAttention(8, 2, batch_first=True),
        nn.Linear(8, 2),
    )

    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.emb, self.attention, self.head = emb, attention, head

        def forward(self, ids: Tensor) -> Tensor:
            h, hidden = self.emb(ids), (ids != 0) if wrong else (ids == 0)
            hidden = hidden | nothing
            scores = (h @ h.mT).masked_fill(hidden[:, None, :], -1e9) if nothing else None
            h = scores.softmax(-1) @ h if scores is not None else self.attention(h, h, h, key_padding_mask=hidden)[0]
            return self.head(h.mean(1))

    model = Reader()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer) as doctor:
        for _ in range(12):
            ids = torch.randint(1, 12, (16, 6))
            ids[:, 4:] = 0
            loss = nn.functional.cross_entropy(model(ids), (ids[:, 0] > 5).long())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return alarms(doctor)


def test_a_mask_that_shows_only_padding_or_nothing_is_named() -> None:
    assert "F93" in train_attention(wrong=True)
    assert "F93" in train_attention(wrong=False, nothing=True)
    assert "F93" not in train_attention(wrong=False)


def test_tensors_that_the_loop_by_hand_leaves_out_are_named_and_not_zero_grad() -> None:
    torch.manual_seed(0)
    W, V = torch.randn(3, 8, requires_grad=True), torch.randn(8, 1, requires_grad=True)
    with Doctor({"W": W, "V": V}, budget=math.inf) as doctor:
        for _ in range(30):
            x = torch.randn(16, 3)
            loss = (torch.tanh(x @ W) @ V - x[:, :1]).square().mean()
            V.grad = None
            loss.backward()
            assert V.grad is not None
            V.data -= 0.05 * V.grad
    assert "F18" in alarms(doctor)
    assert "F20" not in alarms(doctor)


def test_labels_of_one_class_are_named() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    for label, named in ((torch.zeros(64), True), (torch.randint(0, 3, (64,)), False)):
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        with Doctor(model, optimizer, budget=math.inf) as doctor:
            for _ in range(30):
                loss = nn.functional.cross_entropy(model(torch.randn(64, 4)), label.long())
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        assert ("F94" in alarms(doctor)) is named


@pytest.mark.slow
def test_warnings_name_the_line_that_they_name_without_the_doctor(tmp_path: Path) -> None:
    script = tmp_path / "warns.py"
    script.write_text(
        textwrap.dedent("""
        import torch
        from torch import nn
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        for _ in range(3):
            x, y = torch.randn(8, 3), torch.randn(8)
            loss = nn.functional.mse_loss(model(x), y)
            again = nn.MSELoss()(model(x), y)
            optimizer.zero_grad()
            (loss + again).backward()
            optimizer.step()
        """)
    )
    alone, watched = (
        subprocess.run([sys.executable, *how, str(script)], capture_output=True, text=True, check=True).stderr
        for how in ((), ("-m", "moreish", "doctor"))
    )
    assert f"{script}:8: UserWarning" in alone
    assert watched == alone


def test_a_training_by_torch_func_is_said_not_to_have_been_seen(tmp_path: Path) -> None:
    script = tmp_path / "functional.py"
    script.write_text(
        textwrap.dedent("""
        import torch
        from torch.func import grad
        w = torch.randn(3)
        step = grad(lambda w, x: (x @ w).square().mean())
        for _ in range(5):
            w = w - 0.1 * step(w, torch.randn(8, 3))
        """)
    )
    watched = watch_script(str(script))
    assert not watched.is_conclusive
    assert "torch.func.grad" in watched.report()
    assert any("torch.func.grad" in note for note in watched.to_dict()["notes"])
