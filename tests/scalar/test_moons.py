import math
import random
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
import torch

from moreish.scalar import nn
from moreish.scalar.boundary import CELLS, MARGIN, WIDTH, draw_boundary
from moreish.scalar.demo import main
from moreish.scalar.moons import Point, train, two_moons

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("n", [2, 7, 100])
def test_without_noise_the_points_lie_on_two_half_circles(n):
    points = two_moons(n, 0.0, random.Random(0))
    upper, lower = ([p for p in points if p.side == side] for side in (-1, 1))
    assert (len(upper), len(lower)) == (n - n // 2, n // 2)
    assert all(math.hypot(p.x, p.y) == pytest.approx(1) and p.y >= 0 for p in upper)
    assert all(math.hypot(p.x - 1, p.y - 0.5) == pytest.approx(1) and p.y <= 0.5 for p in lower)


def test_noise_has_the_standard_deviation_asked_for():
    n = 4000
    clean, noisy = (two_moons(n, noise, random.Random(0)) for noise in (0.0, 0.1))
    off = [d for a, b in zip(clean, noisy, strict=True) for d in (a.x - b.x, a.y - b.y)]
    assert math.sqrt(sum(d * d for d in off) / len(off)) == pytest.approx(0.1, rel=0.05)


def test_training_is_a_stream_of_records_and_learns():
    points = two_moons(30, 0.1, random.Random(0))
    model = nn.MLP(2, [8, 1], "relu", generator=random.Random(0))
    records = list(train(model, points, steps=30))
    assert [r.step for r in records] == list(range(31))
    assert records[-1].loss < records[0].loss / 2
    right = sum(model((p.x, p.y))[0].data * p.side > 0 for p in points)
    assert records[-1].accuracy == right / len(points)


def test_each_step_is_the_one_that_torch_would_take():
    """Loss with penalty, fresh gradients at every step, and a learning rate that falls from 1.0 towards 0.1."""
    points = two_moons(8, 0.1, random.Random(1))
    model = nn.MLP(2, [3, 1], "relu", generator=random.Random(1))
    flat = torch.tensor([p.data for p in model.parameters()], dtype=torch.float64, requires_grad=True)
    x = torch.tensor([(p.x, p.y) for p in points], dtype=torch.float64)
    sides = torch.tensor([p.side for p in points])
    for record in train(model, points, steps=5):
        hidden = torch.relu(x @ flat[:9].view(3, 3)[:, :2].T + flat[:9].view(3, 3)[:, 2])
        scores = hidden @ flat[9:12] + flat[12]
        loss = torch.relu(1 - sides * scores).mean() + 1e-4 * (flat**2).sum()
        assert record.loss == pytest.approx(loss.item(), rel=1e-9)
        [gradient] = torch.autograd.grad(loss, flat)
        flat = (flat - (1.0 - 0.9 * record.step / 5) * gradient).detach().requires_grad_()


@pytest.mark.slow
def test_the_command_trains_the_published_net_to_100_percent_and_draws_it(tmp_path):
    """In a process of its own, without the checks of annotations that the tests run under: it is faster."""
    file = tmp_path / "moons.svg"
    command = [sys.executable, "-m", "moreish.scalar", "--moons", str(file)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines[0] == "100 points, 337 parameters"
    loss = re.fullmatch(r"step 100  loss (.*)  accuracy 100%", lines[-1])
    assert loss
    assert float(loss.group(1)) < 0.015
    picture = ElementTree.parse(file).getroot()
    assert len(list(picture.iter(f"{SVG}circle"))) == 100


def path_of(picture, kind):
    """The polygons of the first path of this class, as lists of corners."""
    [path, *_] = (e for e in ElementTree.fromstring(picture).iter(f"{SVG}path") if e.get("class") == kind)
    outlines = path.get("d", "").replace("z", "").split("M")[1:]
    return [[tuple(map(float, corner.split())) for corner in outline.split("L")] for outline in outlines]


def area(polygon):
    return (
        abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(polygon, polygon[1:] + polygon[:1], strict=True))) / 2
    )


def test_the_boundary_is_where_the_score_is_zero():
    points = [Point(-1.0, -1.0, -1), Point(1.0, 1.0, 1)]
    picture = draw_boundary(lambda x, y: 3 * y - x - 0.3, points)
    pixels, top = WIDTH / (2 + 2 * MARGIN), 1 + MARGIN
    for line in path_of(picture, "line"):
        for px, py in line:
            x, y = px / pixels - top, top - py / pixels
            assert 3 * y - x - 0.3 == pytest.approx(0, abs=0.005)


def test_the_two_sides_share_the_plane_between_them():
    points = [Point(-1.0, -1.0, -1), Point(1.0, 1.0, 1)]
    picture = draw_boundary(lambda x, y: x + 0.37 * y, points)
    sides = [sum(map(area, path_of(picture, kind))) for kind in ("minus", "plus")]
    assert sides == pytest.approx([WIDTH * WIDTH / 2] * 2, rel=1e-3)
    assert len(path_of(picture, "plus")) < CELLS * CELLS / 2


def test_the_command_shows_an_example_and_writes_its_picture(tmp_path, capsys):
    svg, dot = tmp_path / "graph.svg", tmp_path / "graph.dot"
    assert main(["--svg", str(svg), "--dot", str(dot)]) == 0
    assert capsys.readouterr().out == "g = 24.7041\ndg/da = 138.8338\ndg/db = 645.5773\n"
    assert "645.5773" in svg.read_text(encoding="utf-8")
    assert "645.5773" in dot.read_text(encoding="utf-8")


def test_the_command_tells_the_backward_pass(capsys):
    assert main(["neuron", "--trace"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "o = tanh(n)    (tanh x has the slope 1 - tanh(x)^2)"
    assert lines[-5:] == [
        "do/dx1 = -1.5000",
        "do/dw1 = 1.0000",
        "do/dx2 = 0.5000",
        "do/dw2 = 0.0000",
        "do/db = 0.5000",
    ]


def test_the_command_says_where_it_cannot_write(tmp_path, capsys):
    assert main(["--svg", str(tmp_path / "nowhere" / "graph.svg")]) == 2
    assert capsys.readouterr().err.endswith("nowhere/graph.svg: No such file or directory\n")


def test_the_engine_needs_nothing_but_the_standard_library():
    script = "import sys, moreish.scalar; print({'numpy', 'torch', 'rich'} & {m.split('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
