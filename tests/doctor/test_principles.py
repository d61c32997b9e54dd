"""Rules from principles: what reaches the outputs, what is aimed at, what was loaded, what is evaluated."""

import copy
import textwrap
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moreish.doctor import Doctor, watch_script
from tests.doctor.test_further_kinds import small, told, trained


class Conditioned(nn.Module):
    """A net with a condition: used, forgotten, or behind a weight that is 0 at first."""

    def __init__(self, way: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.way, self.body, self.time = way, nn.Linear(6, 12), nn.Linear(1, 12)
        self.gate = nn.Parameter(torch.zeros(12) if way == "closed" else torch.ones(12))
        self.head = nn.Linear(12, 3)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        h = self.body(x)
        if self.way != "forgotten":
            h = h + self.gate * self.time(t[:, None])
        return self.head(torch.tanh(h))


@pytest.mark.parametrize(("way", "sick"), [("forgotten", True), ("used", False), ("closed", False)])
def test_an_argument_that_changes_nothing_is_found(way: str, sick: bool) -> None:
    model = Conditioned(way)
    for p in model.time.parameters():
        p.requires_grad_(way != "forgotten")
    said = trained(model, lambda k: F.mse_loss(model(torch.randn(16, 6), torch.rand(16)), torch.zeros(16, 3)))
    assert ("F104" in said) is sick
    assert not sick or "argument 2" in said["F104"]


def test_an_argument_that_is_the_same_for_all_samples_may_change_nothing() -> None:
    model = Conditioned("forgotten")
    said = trained(model, lambda k: F.mse_loss(model(torch.randn(16, 6), torch.ones(16)), torch.zeros(16, 3)))
    assert "F104" not in said


@pytest.mark.parametrize(("width", "sick"), [(1, True), (4, False)])
def test_a_norm_over_one_number_is_named_as_where_the_input_ends(width: int, sick: bool) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, width), nn.LayerNorm(width), nn.Linear(width, 2))
    said = trained(model, lambda k: F.mse_loss(model(torch.randn(16, 6)), torch.zeros(16, 2)))
    assert ("F104" in said) is sick
    assert not sick or "layer_norm" in said["F104"]


class Reads(nn.Module):
    def __init__(self, place: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.place, self.lstm, self.head = place, nn.LSTM(4, 8, batch_first=True), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        out, _ = self.lstm(x)
        return self.head(out.mean(1) if self.place == 2 else out[:, self.place])


@pytest.mark.parametrize(("place", "sick"), [(0, True), (-1, False), (2, False)])
def test_the_first_output_of_a_layer_that_runs_forwards_has_read_one_place(place: int, sick: bool) -> None:
    model = Reads(place)
    said = trained(model, lambda k: F.mse_loss(model(torch.randn(9, 40, 4)), torch.zeros(9, 2)))
    assert ("F105" in said) is sick


class Words(nn.Module):
    """A classifier of symbols with attention, and a vector for each place, one for all, or none."""

    def __init__(self, positions: str, *, mean: bool = True) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.positions, self.mean = positions, mean
        self.embedding, self.head = nn.Embedding(10, 16), nn.Linear(16, 10)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.register_buffer("pe", torch.randn(1, 20, 16))

    def forward(self, x: Tensor) -> Tensor:
        h, pe = self.embedding(x), self.get_buffer("pe")
        if self.positions == "each":
            h = h + pe[:, : x.shape[1]]
        elif self.positions == "one":
            h = h + pe[:, x.shape[1]]
        h = h + self.attention(h, h, h)[0]
        return self.head(h.mean(1) if self.mean else h)


@pytest.mark.slow
@pytest.mark.parametrize(("positions", "sick"), [("one", True), ("none", True), ("each", False)])
def test_an_order_that_is_not_read_is_found(positions: str, sick: bool) -> None:
    model = Words(positions)

    def loss(k: int) -> Tensor:
        x = torch.randint(0, 10, (16, 8))
        return F.cross_entropy(model(x), x[:, 2])

    said = trained(model, loss, 170)
    assert ("F106" in said) is sick
    assert "one and the same vector" in said.get("F106", "") or positions != "one"


@pytest.mark.slow
def test_a_set_that_is_learned_well_needs_no_order() -> None:
    model = Words("none")

    def loss(k: int) -> Tensor:
        x = torch.randint(0, 10, (64, 8))
        return F.mse_loss(model(x)[:, 0], (x == 3).float().sum(1))

    assert "F106" not in trained(model, loss, 170)


class Text(nn.Module):
    """A classifier of padded text: the last output of all, the last real one, or packed."""

    def __init__(self, way: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.way = way
        self.embedding, self.lstm = nn.Embedding(12, 8, padding_idx=0), nn.LSTM(8, 16, batch_first=True)
        self.head = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        lengths = (x != 0).sum(1)
        h = self.embedding(x)
        if self.way == "packed":
            packed = nn.utils.rnn.pack_padded_sequence(h, lengths, batch_first=True, enforce_sorted=False)
            return self.head(self.lstm(packed)[1][0][-1])
        out, _ = self.lstm(h)
        return self.head(out[:, -1] if self.way == "last" else out[torch.arange(len(x)), lengths - 1])


class Forecast(Reads):
    """One number for each sequence, from a layer that expects time first."""

    def __init__(self) -> None:
        super().__init__(-1)
        self.lstm = nn.LSTM(4, 8)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)[:, 0]


def test_one_place_is_read_because_the_batch_is_taken_for_time() -> None:
    model = Forecast()
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    with Doctor(model, optimizer, budget=float("inf")) as doctor:
        for _ in range(12):
            optimizer.zero_grad()
            F.mse_loss(model(torch.randn(9, 24, 4)), torch.zeros(9)).backward()
            optimizer.step()
    first = doctor.findings[0]
    assert first.id == "F74"
    assert "F105" in {symptom.id for symptom in first.symptoms}


class YesOrNo(Text):
    """With one number for each text."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)[:, 0]


@pytest.mark.parametrize("kind", [Text, YesOrNo])
@pytest.mark.parametrize(("way", "sick"), [("last", True), ("own", False), ("packed", False)])
def test_a_last_output_behind_padding_is_found(way: str, sick: bool, kind: type[Text]) -> None:
    model = kind(way)

    def loss(k: int) -> Tensor:
        length = torch.randint(3, 9, (32, 1))
        x = torch.randint(1, 12, (32, 40)) * (torch.arange(40) < length)
        if kind is Text:
            return F.cross_entropy(model(x), x[:, 1] % 4)
        return F.binary_cross_entropy_with_logits(model(x), (x[:, 1] % 2).float())

    assert ("F107" in trained(model, loss, 12)) is sick


class Keeps(nn.Module):
    def __init__(self, way: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.way, self.lstm, self.head = way, nn.LSTM(5, 8, batch_first=True), nn.Linear(8, 3)
        self.state: tuple[Tensor, Tensor] | None = None

    def forward(self, x: Tensor) -> Tensor:
        begin = self.state
        if self.way == "drawn":
            begin = (torch.randn(1, len(x), 8), torch.randn(1, len(x), 8))
        elif self.way == "zeros":
            begin = None
        out, state = self.lstm(x, begin)
        self.state = (state[0].detach(), state[1].detach())
        return self.head(out if self.way == "stream" else out[:, -1])


@pytest.mark.parametrize(("way", "sick"), [("kept", True), ("zeros", False), ("drawn", False), ("stream", False)])
def test_a_state_that_is_carried_over_to_other_samples_is_found(way: str, sick: bool) -> None:
    model = Keeps(way)

    def loss(k: int) -> Tensor:
        y = torch.randint(0, 3, (8, 6) if way == "stream" else (8,))
        return F.cross_entropy(model(torch.randn(8, 6, 5)).reshape(-1, 3), y.reshape(-1))

    assert ("F108" in trained(model, loss)) is sick


def script(folder: Path, text: str) -> dict[str, str]:
    """What is said of a script, symptoms included."""
    path = folder / "train.py"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    watched = watch_script(str(path))
    assert watched.error is None
    every = [s for f in watched.findings for s in (f, *f.symptoms)]
    return {f.id: f.sentence for f in every if f.severity != "info"}


LOADS = """
import copy, torch, torch.nn as nn, torch.nn.functional as F
torch.manual_seed(0)
make = lambda: nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
net, other = make(), make()
{before}
optimizer = torch.optim.SGD(net.parameters(), 0.1)
for _ in range(12):
    x = torch.randn(16, 4)
    loss = F.mse_loss(net(x), x[:, :2].tanh())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    {inside}
{after}
"""


@pytest.mark.parametrize(
    ("before", "inside", "after", "sick"),
    [
        (
            'net.load_state_dict({"module." + k: v for k, v in other.state_dict().items()}, strict=False)',
            "",
            "",
            True,
        ),
        ("own = net.state_dict(); own.update({}); net.load_state_dict(own)", "", "", True),
        ("", "best = net.state_dict()", "net.load_state_dict(best)", True),
        ("net.load_state_dict(other.state_dict())", "", "", False),
        (
            'net.load_state_dict({"0.weight": other[0].weight.data, "odd": torch.ones(1)}, strict=False)',
            "",
            "",
            False,
        ),
        ("", "best = copy.deepcopy(net.state_dict())", "net.load_state_dict(best)", False),
        (
            'net.load_state_dict({"module.0.weight": torch.ones(1)}, strict=False); '
            "net.load_state_dict(other.state_dict())",
            "",
            "",
            False,
        ),
        ("net[0].load_state_dict(other[0].state_dict()); net[1].load_state_dict({}, strict=False)", "", "", False),
    ],
)
def test_what_is_loaded_in_vain_is_found(tmp_path: Path, before: str, inside: str, after: str, sick: bool) -> None:
    said = script(tmp_path, LOADS.format(before=before, inside=inside, after=after))
    assert ("F109" in said) is sick
    assert "module." in said.get("F109", "") or "module." not in before or not sick


@pytest.mark.parametrize(("beginning", "sick"), [("model.", True), ("", False)])
def test_a_frozen_part_that_got_nothing_is_found_although_nothing_trains_it(
    tmp_path: Path, beginning: str, sick: bool
) -> None:
    said = script(
        tmp_path,
        f"""
        import torch, torch.nn as nn, torch.nn.functional as F
        encoder, head = nn.Sequential(nn.Linear(4, 8), nn.ReLU()), nn.Linear(8, 2)
        trained = nn.Sequential(nn.Linear(4, 8), nn.ReLU()).state_dict()
        encoder.load_state_dict({{"{beginning}" + k: v for k, v in trained.items()}}, strict=False)
        encoder.requires_grad_(False)
        optimizer = torch.optim.Adam(head.parameters(), 0.01)
        for _ in range(30):
            x = torch.randn(16, 4)
            optimizer.zero_grad()
            F.mse_loss(head(encoder(x)), x[:, :2]).backward()
            optimizer.step()
        """,
    )
    assert ("F109" in said) is sick


@pytest.mark.parametrize(
    ("order", "sick"), [("clip(); step()", False), ("step(); clip()", True), ("clip(); step(); clip()", False)]
)
def test_clipping_after_the_step_is_found(tmp_path: Path, order: str, sick: bool) -> None:
    said = script(
        tmp_path,
        f"""
        import torch, torch.nn as nn
        net = nn.Linear(4, 2)
        optimizer = torch.optim.SGD(net.parameters(), 0.01)
        clip = lambda: nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        step = optimizer.step
        for _ in range(20):
            optimizer.zero_grad()
            net(torch.randn(8, 4)).square().mean().backward()
            {order}
        """,
    )
    assert ("F72" in said) is sick
    assert not sick or "after step" in said["F72"]


# What is aimed at


def policy_loss(way: str, net: nn.Module) -> Tensor:
    state = torch.randn(32, 6)
    choice = torch.distributions.Categorical(logits=net(state))
    action = choice.sample()
    reward = (action == state[:, :3].argmax(1)).float()
    advantage = reward - reward.mean()
    logs = choice.log_prob(action)
    if way == "gathered":
        logs = net(state).log_softmax(1).gather(1, action[:, None])[:, 0]
        return (logs * advantage).mean()
    if way == "cross-entropy":
        return (F.cross_entropy(net(state), action, reduction="none") * advantage).mean()
    if way == "ratio":
        ratio = (logs - logs.detach()).exp()
        return -torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
    if way == "cost":
        cost = 1 - reward
        del advantage, reward
        return (logs * (cost - cost.mean())).mean()
    if way == "turned":
        return (logs * -advantage).mean() - 0.01 * choice.entropy().mean()
    return (logs * advantage).mean() if way == "wrong" else -(logs * advantage).mean()


@pytest.mark.parametrize(
    ("way", "sick"),
    [
        *[("wrong", True), ("gathered", True)],
        *[(way, False) for way in ("right", "cross-entropy", "ratio", "cost", "turned")],
    ],
)
def test_a_policy_loss_with_the_wrong_sign_is_found(way: str, sick: bool) -> None:
    net = small()
    assert ("F110" in trained(net, lambda k: policy_loss(way, net))) is sick


@pytest.mark.parametrize("detached", [True, False])
def test_an_advantage_with_a_gradient_is_found(detached: bool) -> None:
    net = small(4)

    def loss(k: int) -> Tensor:
        out = net(torch.randn(32, 6))
        choice = torch.distributions.Categorical(logits=out[:, :3])
        action = choice.sample()
        returns = (action == 1).float()
        advantage = returns - out[:, 3]
        weight = advantage.detach() if detached else advantage
        return -(choice.log_prob(action) * weight).mean() + advantage.square().mean()

    assert ("F111" in trained(net, loss)) is not detached


def test_the_parts_of_a_normal_distribution_are_no_weights() -> None:
    net = small(2)

    def loss(k: int) -> Tensor:
        mean, spread = net(torch.randn(32, 6)).chunk(2, 1)
        choice = torch.distributions.Normal(mean, spread.exp())
        action = choice.sample()
        advantage = -action.square()
        return -(choice.log_prob(action) * (advantage - advantage.mean())).mean()

    assert not {"F110", "F111"} & set(trained(net, loss))


@pytest.mark.parametrize(("way", "sick"), [("moving", True), ("detached", False), ("two views", False)])
def test_a_target_that_has_the_gradient_of_its_own_model_is_found(way: str, sick: bool) -> None:
    net = small(3)

    def loss(k: int) -> Tensor:
        now, then = net(torch.randn(32, 6)), net(torch.randn(32, 6))
        if way == "two views":
            return F.mse_loss(now, then)
        target = torch.rand(32) + 0.9 * then.max(1).values
        return F.mse_loss(now[:, 0], target.detach() if way == "detached" else target)

    assert ("F111" in trained(net, loss)) is sick


@pytest.mark.parametrize(("way", "sick"), [("minus", True), ("bonus", True), ("plain", False), ("penalty", False)])
def test_a_loss_that_falls_while_the_data_are_met_worse_is_found(way: str, sick: bool) -> None:
    net = small(3)
    x = torch.randn(64, 6)
    y = x[:, :3].sin()

    def loss(k: int) -> Tensor:
        out = net(x)
        error = F.mse_loss(out, y)
        if way == "minus":
            return -error
        if way == "bonus":
            return error - 20 * out.std()
        return error + 0.01 * sum(p.square().sum() for p in net.parameters()) if way == "penalty" else error

    assert ("F112" in trained(net, loss, 60)) is sick


# Answers


@pytest.mark.parametrize(
    ("way", "sick"), [("column", True), ("window", True), ("autoencoder", False), ("own", False)]
)
def test_an_answer_that_stands_among_the_inputs_is_found(way: str, sick: bool) -> None:
    net = small(5 if way == "autoencoder" else 1, 5)

    def loss(k: int) -> Tensor:
        x = torch.randn(32, 5)
        y = {"column": x[:, 2], "window": x[:, 4], "own": 2 * x[:, 2]}.get(way)
        return F.mse_loss(net(x), x) if y is None else F.mse_loss(net(x)[:, 0], y)

    said = trained(net, loss)
    assert ("F113" in said) is sick


@pytest.mark.parametrize(
    ("way", "sick"), [("noisy", True), ("clean", False), ("noise", False), ("other noise", False)]
)
def test_a_denoiser_that_is_held_against_the_noise_is_found(way: str, sick: bool) -> None:
    net = small(5, 5)

    def loss(k: int) -> Tensor:
        x, noise = torch.rand(32, 5).sin(), torch.randn(32, 5)
        noisy = x + torch.rand(32, 1) * noise
        target = {"noisy": noisy, "clean": x, "noise": noise, "other noise": x + 0.1 * torch.randn(32, 5)}[way]
        return F.mse_loss(net(noisy), target)

    assert ("F113" in trained(net, loss)) is sick


@pytest.mark.parametrize(("way", "sick"), [("raw", True), ("same", False), ("small", False)])
def test_an_evaluation_on_another_scale_is_found(way: str, sick: bool) -> None:
    net = small()

    def after() -> None:
        x = torch.randn(32, 6)
        with torch.no_grad():
            net({"raw": 30 + 20 * x, "same": x, "small": torch.zeros(2, 6)}[way])

    said = trained(net, lambda k: F.cross_entropy(net(torch.randn(32, 6)), torch.arange(32) % 3), 12, after)
    assert ("F114" in said) is sick


@pytest.mark.parametrize(("way", "sick"), [("half", True), ("round", True), ("zero", False), ("sigmoid", False)])
def test_a_threshold_for_probabilities_on_logits_is_found(way: str, sick: bool) -> None:
    net = small(1)

    def loss(k: int) -> Tensor:
        out, y = net(torch.randn(32, 6))[:, 0], (torch.arange(32) % 2).float()
        {"half": lambda: out > 0.5, "round": out.round, "zero": lambda: out > 0}.get(
            way, lambda: torch.sigmoid(out) > 0.5
        )()
        return F.binary_cross_entropy_with_logits(out, y)

    assert ("F115" in trained(net, loss)) is sick


@pytest.mark.parametrize(("last", "sick"), [(True, True), (False, False)])
def test_dropout_on_the_outputs_is_found(last: bool, sick: bool) -> None:
    torch.manual_seed(0)
    parts = [nn.Linear(6, 12), nn.Tanh(), nn.Dropout(0.2), nn.Linear(12, 3)]
    net = nn.Sequential(*parts[:2], parts[3], parts[2]) if last else nn.Sequential(*parts)
    said = trained(net, lambda k: F.cross_entropy(net(torch.randn(32, 6)), torch.arange(32) % 3))
    assert ("F116" in said) is sick


@pytest.mark.parametrize("way", ["as it lies", "turned", "batch first"])
def test_outputs_and_targets_that_are_flattened_in_another_order_are_found(way: str) -> None:
    torch.manual_seed(0)
    first = way == "batch first"
    lstm, head = nn.LSTM(5, 8, batch_first=first), nn.Linear(8, 4)
    net = nn.ModuleList([lstm, head])

    def loss(k: int) -> Tensor:
        x, y = torch.randn(6, 9, 5), torch.randint(0, 4, (6, 9))
        out = head(lstm(x if first else x.transpose(0, 1))[0])
        out = out.transpose(0, 1) if way == "turned" else out
        return F.cross_entropy(out.reshape(-1, 4), y.view(-1))

    assert ("F117" in trained(net, loss)) is (way == "as it lies")


@pytest.mark.parametrize(("way", "sick"), [("several", True), ("one", False), ("shares", False)])
@pytest.mark.parametrize("by", ["cross-entropy", "softmax", "sigmoid"])
def test_several_classes_at_once_that_share_one_softmax_are_found(by: str, way: str, sick: bool) -> None:
    net = small(4)

    def loss(k: int) -> Tensor:
        several = (torch.rand(32, 4) > 0.5).float()
        targets = {"several": several, "one": F.one_hot(torch.arange(32) % 4, 4).float()}
        target, scores = targets.get(way, torch.rand(32, 4).softmax(1)), net(torch.randn(32, 6))
        if by == "cross-entropy":
            return F.cross_entropy(scores, target)
        return F.binary_cross_entropy(scores.softmax(1) if by == "softmax" else scores.sigmoid(), target)

    assert ("F118" in trained(net, loss)) is (sick and by != "sigmoid")


# Healthy neighbours of earlier rules, and real trainings for what was tried on counts alone


@pytest.mark.parametrize("together", [True, False])
def test_rows_that_come_again_with_another_label_are_found_in_a_training(together: bool) -> None:
    net = small(4, 5)
    x = torch.randn(150, 5)
    y = (x[:, 0] > 0).long() + 2 * (x[:, 1] > 0).long()

    def loss(k: int) -> Tensor:
        p, q = torch.randperm(150), torch.randperm(150)
        return F.cross_entropy(net(x[p[:50]]), y[(p if together else q)[:50]])

    assert ("F96" in trained(net, loss, 40)) is not together


@pytest.mark.parametrize("together", [True, False])
def test_pictures_turned_without_their_targets_are_found_in_a_training(together: bool) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 3, padding=1))
    x = torch.randn(12, 1, 8, 8)
    mask = (x > 0.5).float()

    def loss(k: int) -> Tensor:
        turn = bool(torch.rand(()) < 0.5)
        shown = x.flip(3) if turn else x
        return F.binary_cross_entropy_with_logits(net(shown), mask.flip(3) if turn and together else mask)

    assert ("F102" in trained(net, loss, 20)) is not together


def test_a_discriminator_that_is_frozen_for_the_generators_step_is_no_idle_optimizer() -> None:
    made, judge = small(2, 4), small(1, 2)
    by = [torch.optim.Adam(m.parameters(), 1e-3) for m in (made, judge)]
    with Doctor([made, judge], by, budget=float("inf")) as doctor:
        for _ in range(70):
            judge.requires_grad_(True)
            real, fake = torch.randn(16, 2), made(torch.randn(16, 4)).detach()
            by[1].zero_grad()
            F.softplus(torch.cat([-judge(real), judge(fake)])).mean().backward()
            by[1].step()
            judge.requires_grad_(False)
            by[0].zero_grad()
            F.softplus(-judge(made(torch.randn(16, 4)))).mean().backward()
            by[0].step()
    assert "F67" not in told(doctor)


def test_a_copy_that_is_made_on_purpose_and_trained_by_an_optimizer_of_its_own_is_no_alarm() -> None:
    model = small()
    x, y = torch.randn(16, 6), torch.randn(16, 3)
    first = torch.optim.SGD(model.parameters(), 0.05)
    with Doctor(model, first, budget=float("inf")) as doctor:
        now, optimizer = model, first
        for k in range(40):
            if k == 15:
                now = copy.deepcopy(model)
                optimizer = torch.optim.SGD(now.parameters(), 0.05)
                doctor.watch_model(now)
                doctor.watch(optimizer)
            optimizer.zero_grad()
            F.mse_loss(now(x), y).backward()
            optimizer.step()
    assert "F71" not in told(doctor)
