"""What a person reads: the page, a notebook's cell, the text; and that nothing of a stranger's is more than text."""

import base64
import hashlib
import itertools
import json
import math
import re
from html.parser import HTMLParser

import msgspec
import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from moreish.doctor import Doctor, Finding
from moreish.doctor.frames.frame import Call, Frame, Histogram, Loss
from moreish.doctor.frames.history import History, Validation
from moreish.doctor.judge.fields import MOST_COUNT
from moreish.doctor.judge.table import found
from moreish.doctor.tell.axis import Axis
from moreish.doctor.tell.html import fragment, page
from moreish.doctor.tell.pictures import draw
from moreish.doctor.tell.report import Report, joined
from moreish.doctor.tell.style import DARK, LIGHT, cell_style, page_style
from moreish.doctor.tell.svg import MOST_POINTS, thinned
from moreish.doctor.tell.words import layer_label, shortened, tick, visible
from moreish.doctor.watch.describe import assigned, description
from moreish.runs import events
from moreish.training.reports import histories_of, reports_of
from tests.doctor.worlds import fit, language, mlp

VOID = {"meta", "br"}


class Seen(HTMLParser):
    """Every element with its attributes, and the text of each figure and article."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), [name for name, _ in attributes]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), [name for name, _ in attributes]))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def shape(self):
        """Elements with the names of their attributes: what a reader's browser builds."""
        return [(tag, tuple(names)) for tag, _, names in self.elements]

    def values(self, name):
        return [attributes[name] for _, attributes, _ in self.elements if name in attributes]

    def text(self):
        return "".join(data for tag, data in self.texts if tag != "style")


def run_of(values, steps=None):
    """A history whose frames have these values: a dict of lists, one entry a frame."""
    history = History()
    for k in range(len(next(iter(values.values())))):
        frame = Frame(steps[k] if steps else k, {name: float(v[k]) for name, v in values.items()})
        frame.is_step = True
        history.add(frame)
    return history


def layers(count, frames=3, ratio=-3.0):
    """A run of so many layers, each of which receives a tenth of the gradient of the next."""
    values = {"loss": [3.0 - 0.1 * k for k in range(frames)]}
    for k in range(count):
        values[f"net.{k}.weight/update_ratio"] = [ratio] * frames
        values[f"net.{k}.weight/grad_rms"] = [10.0 ** (k - count)] * frames
    history = run_of(values)
    history.described = {f"net.{k}": f"Linear({k}, {k + 1})" for k in range(count)}
    return history


def finding(**fields):
    usual = {
        "id": "F09",
        "severity": "sick",
        "layer": "net.0",
        "step": 2,
        "sentence": "It `vanishes`.",
        "remedy": "Do.",
    }
    return Finding(**usual | fields)


def report(*findings, notes=()):
    return Report(list(findings), list(notes), 300, 37, 0.02)


# Pictures beside findings


def test_a_picture_stands_beside_its_finding_and_each_links_to_the_other():
    vanishing = finding(picture="gradient by layer")
    slow = finding(id="F12", severity="watch", picture="update_ratio", layer="net.3")
    again = finding(id="F13", severity="watch", picture="update_ratio", layer="net.4")
    text = page(report(vanishing, slow, again), {"": layers(6)})
    articles = re.findall(r"<article.*?</article>", text, re.S)
    assert [len(re.findall("<figure", article)) for article in articles] == [1, 1, 0]
    assert "Size of the gradient, by layer" in articles[0]
    assert '<a href="#finding-1">F09</a>' in articles[0]
    anchor = re.search(r'<figure id="([^"]+)">', articles[1]).group(1)
    assert f'<a href="#{anchor}">Updates, relative to the weights, by layer</a>' in articles[2]
    assert '<a href="#finding-3">F13</a>' in articles[1]
    seen = Seen(text)
    names = seen.values("id")
    assert len(names) == len(set(names))
    assert {link.removeprefix("#") for link in seen.values("href")} <= set(names)


def test_the_loss_has_a_mark_at_the_step_of_every_alarm_and_lines_for_what_guessing_costs():
    history = run_of({"loss": [3.4, 3.0, 2.5]}, [0, 100, 200])
    history.first.losses = [Loss("cross_entropy", 27, 32)]
    history.counts.count(torch.tensor([0] * 300 + [1] * 100), 27)
    history.validations = [Validation(100, 3.1, 3.0), Validation(200, 2.8, 2.4)]
    alarm, worth_knowing = finding(step=100), finding(id="F36", severity="info", step=50)
    text = page(report(alarm, worth_knowing), {"": history})
    (figure,) = [f for f in re.findall(r"<figure.*?</figure>", text, re.S) if "<strong>Loss</strong>" in f]
    assert "guessing: ln 27 = 3.30" in figure
    assert "knowing how often each occurs: 0.56" in figure
    assert '<a href="#finding-1"><path class="mark sick"' in figure
    assert "F36" not in figure
    assert re.findall(r"</svg>([^<]+)</li>", figure) == ["loss of a batch", "val", "train, evaluated"]


def test_layers_are_coloured_by_depth_and_the_legend_names_them_from_the_first_to_the_last():
    picture = draw(layers(5), "update_ratio")
    assert [key.style for key in picture.legend] == ["d0", "d2", "d4", "d6", "d8"]
    assert picture.legend[0].name == "net.0: Linear(0, 1)"
    many = draw(layers(100), "update_ratio")
    assert len(many.legend) == 12
    assert "12 of 100 layers are drawn" in many.says
    assert (many.legend[0].name, many.legend[-1].name) == ("net.0: Linear(0, 1)", "net.99: Linear(99, 100)")


def test_the_layer_that_a_finding_is_about_is_drawn_even_where_most_are_left_out():
    text = page(report(finding(picture="update_ratio", layer="net.57")), {"": layers(100)})
    assert "net.57: Linear(57, 58)" in text
    assert re.search(r'<title>net.57: Linear\(57, 58\)</title><path class="line d5 hot"', text)


def test_gradients_a_thousand_times_apart_can_be_told_apart():
    svg = draw(layers(6), "gradient by layer").svg
    places = [float(x) for x in re.findall(r'<circle class="dot main" cx="([\d.]+)"', svg)]
    gaps = [b - a for a, b in itertools.pairwise(places)]
    assert max(gaps) - min(gaps) < 0.5
    assert min(gaps) > 30


def test_one_spike_hides_nothing_of_the_rest():
    history = run_of({"grad_norm": [1.0, 2.0, 1e6, 1.0, 2.0]})
    svg = draw(history, "grad_norm").svg
    ys = [float(y) for y in re.findall(r'<circle class="dot main" cx="[\d.]+" cy="([\d.]+)"', svg)]
    assert abs(ys[0] - ys[1]) > 3


def test_what_is_not_finite_is_marked_and_what_is_zero_lies_on_the_floor():
    history = run_of({"loss": [1.0, math.nan, math.inf], "w.weight/update_ratio": [-3.0, -30.0, math.nan]})
    assert draw(history, "loss").svg.count('class="lost"') == 2
    ratio = draw(history, "update_ratio").svg
    assert ratio.count('class="lost"') == 1
    assert 'class="end zero"' in ratio


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("loss", {"loss": [math.nan, math.nan]}),
        ("loss", {"grad_norm": [1.0, 1.0]}),
        ("update_ratio", {"loss": [1.0, 1.0]}),
        ("learning_rate", {"loss": [1.0, 1.0]}),
        ("saturated by layer", {"t/saturated": [0.0, 0.001]}),
        ("dead by layer", {"t/dead": [0.0, 0.0]}),
        ("gradient by layer", {"a.weight/update_ratio": [-3.0, -3.0], "a.weight/grad_rms": [0.0, 0.0]}),
        ("t/map", {"loss": [1.0, 1.0]}),
        ("t/activation", {"loss": [1.0, 1.0]}),
        ("nothing of this name", {"loss": [1.0, 1.0]}),
    ],
)
def test_nothing_empty_is_drawn(name, values):
    assert draw(run_of(values), name) is None


def test_units_are_mapped_only_where_one_is_stuck():
    history = run_of({"loss": [1.0]})
    frame = Frame(
        0, histograms={"a/activation": Histogram([0.0, 1.0], [3])}, stuck={"a": [[0, 0]], "b": [[1, 0], [1, 0]]}
    )
    history.pictures = [frame]
    assert draw(history, "a/map") is None
    assert draw(history, "b/map").says == "1 of 2 units stuck on each of 2 examples: full columns."


def test_outputs_are_shown_with_the_saturated_ends_shaded():
    history = run_of({"loss": [1.0]})
    history.first.calls = [Call("t", "tanh", "activation", "t", (4, 4))]
    history.pictures = [Frame(0, histograms={"t/activation": Histogram([-1.0, 0.0, 1.0], [3, 5], nan=2)})]
    picture = draw(history, "t/activation")
    assert picture.svg.count('class="ill"') == 2
    assert "2 values not finite" in picture.says


def test_a_number_of_a_finding_keeps_its_size_however_small():
    verdict = found("watch", "a", 0, "s", "r", ratio=4.123456789e-07)
    assert verdict.numbers == {"ratio": 4.12346e-07}
    text = page(report(finding(numbers={"ratio": 4.12346e-07})), {})
    assert "ratio = 4.123e-07" in text


def test_what_stands_in_backticks_is_code():
    text = page(report(finding(sentence="`a<b` and one ` alone", remedy="Use `c`.")), {})
    assert "<code>a&lt;b</code> and one ` alone" in text
    assert "<code>c</code>" in text


def test_the_page_says_what_was_seen_and_what_was_not():
    history = run_of({"loss": [3.0, 2.0]}, [0, 1])
    text = Seen(page(report(notes=["no optimizer step was seen."]), {"": history})).text()
    assert "Nothing wrong was found" in text
    assert "300, 37 of them looked at, which took 2.0% of the time" in text
    assert "the loss, in steps 0 and 1" in text
    assert "Not seenno optimizer step was seen." in text


def test_each_network_has_its_pictures_and_findings_keep_to_their_own():
    reports = {"mlp (1)": report(finding(picture="update_ratio", layer="net.0")), "gru (2)": report()}
    text = page(joined(reports), {"mlp (1)": layers(3), "gru (2)": layers(2)})
    (article,) = re.findall(r"<article.*?</article>", text, re.S)
    assert "mlp (1): Updates, relative to the weights, by layer" in article
    assert "Inside gru (2)" in text
    assert 'class="line d0 hot"' in article


# Styles


def test_a_page_may_load_and_run_nothing_and_its_style_is_the_one_that_is_allowed():
    text = page(report(finding(picture="loss")), {"": layers(3)})
    seen = Seen(text)
    (policy,) = [a["content"] for tag, a, _ in seen.elements if a.get("http-equiv") == "Content-Security-Policy"]
    digest = base64.b64encode(
        hashlib.sha256(re.search("<style>(.*?)</style>", text, re.S).group(1).encode()).digest()
    )
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest.decode()}'")
    assert seen.values("style") == seen.values("src") == []
    assert "url(" not in text
    assert "@import" not in text


def test_every_picture_says_what_it_shows():
    text = page(report(), {"": layers(3)})
    pictures = [svg for svg in re.findall(r"<svg.*?</svg>", text, re.S) if "aria-hidden" not in svg]
    assert pictures
    for svg in pictures:
        assert re.match(
            r'<svg viewBox="[^"]+" role="(img|group)" aria-label="[^"]+"><title>[^<]+</title><desc>[^<]+</desc>', svg
        )


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def colours(scheme):
    found = dict(re.findall(r"--(\w+):(#\w+);", scheme))
    return {name: f"#{c[1] * 2}{c[2] * 2}{c[3] * 2}" if len(c) == 4 else c for name, c in found.items()}


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_lines_stand_out_from_what_lies_behind_them(scheme):
    named = colours(scheme)
    for behind in ("paper", "card"):
        for name, least in [(n, 4.5) for n in ("ink", "soft", "link", "sick", "watch", "info", "good", "main")] + [
            (n, 3.0) for n in ("second", "third", *(f"d{k}" for k in range(9)))
        ]:
            light, dark = sorted((luminance(named[name]), luminance(named[behind])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= least, (name, behind)


def test_a_style_touches_nothing_else_on_a_notebooks_page():
    css = cell_style()
    for rule in re.findall(r"([^{}]+)\{[^{}]*\}", css):
        for selector in rule.split(","):
            assert ".moreish-cell" in selector, selector
    assert "prefers-color-scheme" not in css
    assert "prefers-color-scheme:dark" in page_style()


def test_a_fragment_has_no_names_that_could_meet_those_of_another_cell():
    text = fragment(report(finding(picture="update_ratio"), notes=["`m` is compiled."]), {"": layers(3)})
    seen = Seen(text)
    assert seen.values("id") == seen.values("href") == []
    assert not {tag for tag, _, _ in seen.elements} & {"script", "link", "html", "body", "a"}
    assert "Not seen: <code>m</code> is compiled." in text
    assert text.count("<figure") == 2


# Layers by name and type, and lines of code


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(6, 8)
        self.second = nn.Linear(8, 3)

    def forward(self, x):
        return self.second(torch.tanh(self.first(x)))


def test_layers_have_types_and_the_line_that_calls_them():
    model = Pair()
    nn.init.normal_(model.first.weight, std=20.0)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for _ in range(4):
            optimizer.zero_grad()
            F.cross_entropy(model(torch.randn(64, 6)), torch.randint(0, 3, (64,))).backward()
            optimizer.step()
    assert doctor.history.type_of("first") == doctor.history.type_of("first.weight") == "Linear(6, 8)"
    line = Pair.forward.__code__.co_firstlineno + 1
    assert doctor.history.line_of("second") == f"test_page.py:{line}"
    saturated = next(f for f in doctor.findings if f.id == "F04")
    assert (saturated.layer, saturated.layer_type, saturated.line) == ("tanh", "tanh", f"test_page.py:{line}")
    assert f"at `tanh`, called in test_page.py:{line}, step 0" in doctor.report()
    plain = json.loads(json.dumps(doctor.to_dict()))["findings"][0]
    assert (plain["layer"], plain["layer_type"], plain["line"]) == ("tanh", "tanh", f"test_page.py:{line}")


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (nn.Linear(64, 32), "Linear(64, 32)"),
        (nn.Linear(3, 4, bias=False), "Linear(3, 4, bias=False)"),
        (nn.Conv2d(3, 16, 3), "Conv2d(3, 16, 3)"),
        (nn.Conv2d(3, 16, (3, 5), stride=2), "Conv2d(3, 16, (3, 5), stride=2)"),
        (nn.Conv1d(3, 4, 5, padding=2), "Conv1d(3, 4, 5, padding=2)"),
        (nn.BatchNorm1d(100), "BatchNorm1d(100)"),
        (nn.LayerNorm(32), "LayerNorm(32)"),
        (nn.LayerNorm((4, 4)), "LayerNorm((4, 4))"),
        (nn.Dropout(0.5), "Dropout(0.5)"),
        (nn.Softmax(1), "Softmax(dim=1)"),
        (nn.Tanh(), "Tanh"),
        (nn.LSTM(3, 4, batch_first=True), "LSTM(3, 4, batch_first=True)"),
        (nn.Sequential(nn.Linear(1, 1)), "Sequential"),
    ],
)
def test_a_module_is_described_by_what_is_not_usual(module, said):
    assert description(module) == said


def test_a_module_that_cannot_say_what_it_is_is_named_by_its_type():
    class Odd(nn.Module):
        def extra_repr(self):
            raise RuntimeError

    class Long(nn.Module):
        def extra_repr(self):
            return "x" * 1000

    assert description(Odd()) == "Odd"
    assert len(description(Long())) < 80


class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(6, 8),
            nn.Linear(8, 3),
        )
        self.parts = nn.Sequential(*[nn.Linear(3, 3) for _ in range(2)])
        self.pair = Pair()


def test_the_line_that_made_a_layer_is_known_where_its_class_says_it():
    history, line = History(), Nested.__init__.__code__.co_firstlineno
    history.add(Frame(0, assigned=assigned("", Nested())))
    assert history.made_in("body") == f"test_page.py:{line + 2}"
    assert history.made_in("body.1") == history.made_in("body.1.weight") == f"test_page.py:{line + 4}"
    assert history.made_in("parts.1") == ""
    assert history.made_in("pair") == f"test_page.py:{line + 7}"
    assert history.made_in("pair.second") == f"test_page.py:{Pair.__init__.__code__.co_firstlineno + 3}"
    assert history.made_in("nobody") == ""


def test_a_layer_is_shown_by_name_and_type_once():
    assert layer_label("1", "Linear(64, 32)") == "1: Linear(64, 32)"
    assert layer_label("block.tanh", "tanh") == "block.tanh"
    assert layer_label("fc", "") == "fc"
    many = finding(layers=("a", "b", "c"), layer="a", layer_types=("Linear(1, 1)", "", "Tanh"))
    assert "Also at: b, c: Tanh" in report(many).text()


# Text


@pytest.mark.parametrize("width", [40, 80, 100, 120])
def test_the_text_keeps_to_the_width_of_the_terminal(width):
    long = finding(sentence="A sentence of many words. " * 8, symptoms=(finding(id="F12", sentence="word " * 40),))
    text = report(long, notes=["word " * 40]).text(width)
    assert max(map(len, text.splitlines())) <= width
    assert text.index("SICK") < text.index("Do: ") < text.index("With it: ") < text.index("Note: ")


def test_the_text_moves_no_cursor():
    odd = finding(sentence="a\x1b[2Jb\u202ec\rd", layer="\x1b]0;t\x07")
    text = report(odd, notes=["\x1b[31mred"]).text()
    assert all(c.isprintable() or c == "\n" for c in text)
    assert "a\\u001b[2Jb\\u202ec\\u000dd" in text


def test_long_names_are_shortened_in_the_middle_and_numbers_beside_an_axis_are_short():
    assert shortened("encoder.block.11.attention.output.dense", 20) == "encoder.b…tput.dense"
    assert [tick(v) for v in (0.0, 0.01, 1e-5, 3e-5, 250.0, 1e6, -2e7, math.inf)] == [
        "0", "0.01", "10⁻⁵", "3·10⁻⁵", "250", "10⁶", "-2·10⁷", "inf",
    ]  # fmt: skip


@given(st.lists(st.floats(), max_size=8), st.booleans())
def test_an_axis_holds_whatever_it_is_given(values, log):
    axis = Axis(values, log=log)
    ticks = axis.ticks()
    assert len(ticks) <= 8
    assert all(math.isfinite(t) for t in ticks)
    for value in filter(axis.holds, values):
        assert 0 <= axis.place(value) <= 1


def test_a_long_curve_is_thinned_and_keeps_its_spikes():
    points = [(float(k), 1.0) for k in range(5000)]
    points[3333] = (3333.0, 9.0)
    kept = thinned(points)
    assert len(kept) <= 2 * MOST_POINTS
    assert (3333.0, 9.0) in kept


# What a stranger wrote

HOSTILE = st.one_of(
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "' onmouseover='alert(1)",
            "</title></svg></style><script>1</script>",
            "`<b>`",
            "\x1b[2J\x1b]0;owned\x07",
            "\ud800",
            "javascript:alert(1)",
            "&lt;script&gt;",
            "--><!--",
            "]]>",
            "\u202egnp.exe",
            "#finding-1",
            "a" * 900,
        ]
    ),
    st.text(max_size=20),
)
ANYTHING = st.recursive(
    st.one_of(
        HOSTILE, st.none(), st.booleans(), st.integers(), st.floats(), st.just(10**400), st.just(-1), st.just(2**60)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(HOSTILE, inner, max_size=3)),
    max_leaves=6,
)
FIELDS = list(finding().to_dict())
SOUND = json.loads(
    json.dumps(
        finding(
            layers=("net.0", "net.1"), numbers={"ratio": 0.1, "word": "w"}, picture="update_ratio", why="One.\nTwo.",
            symptoms=(finding(id="F12"),), layer_types=("Linear(1, 2)", ""), line="train.py:3",
        ).to_dict()
    )
)  # fmt: skip


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING))
@settings(max_examples=300)
def test_a_finding_of_a_stranger_is_read_whole_or_refused_in_one_sentence(hostile):
    refused = ""
    try:
        read = Finding.from_dict(SOUND | hostile)
    except ValueError as error:
        refused = str(error)
    if refused:
        assert re.match(r"(a|the operation of a) finding is damaged: (its .+ is|it is) ", refused), refused
        assert len(refused) < 200
        return
    assert read.severity in ("info", "watch", "sick")
    assert 0 <= read.step <= MOST_COUNT
    assert 0 <= read.confidence <= 1
    json.dumps(read.to_dict(), allow_nan=False, ensure_ascii=False).encode()
    assert Finding.from_dict(json.loads(json.dumps(read.to_dict()))) == read


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        ({"severity": "<b>"}, "its severity is none of info, watch, sick"),
        ({"step": "<script>"}, "its step is text, and a whole number belongs there"),
        ({"step": 10**400}, "its step is too large"),
        ({"step": -1}, "its step is negative"),
        ({"step": True}, "its step is true or false, and a whole number belongs there"),
        ({"confidence": math.nan}, "its confidence is a number, and a finite number belongs there"),
        ({"confidence": 3}, "its confidence is not between 0 and 1"),
        ({"sentence": None}, "its sentence is missing"),
        ({"sentence": "x" * 100_000}, "its sentence is 100,000 characters long"),
        ({"layers": "net"}, "its layers is text, and a list belongs there"),
        ({"numbers": {"a": [1]}}, "its numbers is a table with a list, and numbers belong there"),
        ({"operation": {"name": 3}}, "its name is a whole number, and text belongs there"),
    ],
)
def test_what_is_wrong_with_a_finding_is_said(hostile, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        Finding.from_dict(SOUND | hostile)


def test_symptoms_of_symptoms_end_somewhere():
    nested = dict(SOUND)
    for _ in range(300):
        nested = SOUND | {"symptoms": [nested]}
    with pytest.raises(ValueError, match="its symptoms is nested too deeply"):
        Finding.from_dict(nested)


def words_of(hostile, number):
    """A finding whose every text is this one."""
    texts = dict.fromkeys(("id", "layer", "sentence", "remedy", "name", "slug", "picture", "line"), hostile) | {
        "why": f"One.\n{hostile}"
    }
    lists = {"layers": [hostile, "x"], "layer_types": [hostile, hostile], "layer_type": hostile}
    return SOUND | texts | lists | {"numbers": {hostile: hostile, "n": number}, "step": 7}


@given(HOSTILE, st.floats(allow_nan=False))
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_element_and_no_attribute_of_the_page_comes_from_a_record(hostile, value):
    def whole(text, number):
        seen = run_of({"loss": [1.0, number], f"{text}/update_ratio": [-3.0, -2.0], f"{text}/saturated": [0.5, 0.5]})
        seen.described = {text: text}
        read = Finding.from_dict(words_of(text, number))
        both = [read, Finding.from_dict(words_of(text, number) | {"picture": "update_ratio"})]
        told = Report(both, [text], 3, None, None)
        return Seen(page(told, {text: seen, "": seen})), Seen(fragment(told, {text: seen}))

    for ours, theirs in zip(whole("plain", 0.5), whole(hostile, value), strict=True):
        known = set(ours.shape())
        assert {tag for tag, _ in theirs.shape()} <= {tag for tag, _ in known} | {"code", "circle", "rect"}
        assert {name for _, names in theirs.shape() for name in names} <= {n for _, names in known for n in names}
        for name in ("class", "id", "href", "d"):
            assert all(re.fullmatch(r"[#\w .,-]*", v or "") for v in theirs.values(name)), name
        assert all(c.isprintable() or c in "\n\u200c\u200d" for c in theirs.text())
        theirs.text().encode()


@given(HOSTILE)
@settings(deadline=None)
def test_control_characters_of_a_record_do_not_reach_the_terminal(hostile):
    try:
        read = Finding.from_dict(words_of(hostile, 1.0))
    except ValueError:
        return
    text = Report([read], [hostile], 3, None, None).text()
    assert all(c.isprintable() or c in "\n\u200c\u200d" for c in text)
    text.encode()


def record(**fields):
    return events.from_record(
        {"event": "doctor", "step": 9, "notes": [], "steps": 9, "frames": 3, "cost": 0.1} | fields
    )


def network():
    return events.Network(1, 1, "mlp", 10, 1, 0)


def test_a_damaged_finding_of_a_run_is_left_out_and_the_report_says_so():
    bad = record(findings=[SOUND, SOUND | {"numbers": {"a": [1]}}])
    (told,) = reports_of([network(), bad]).values()
    assert [f.id for f in told.findings] == ["F09"]
    assert told.notes == [
        "1 finding could not be read and is left out: a finding is damaged: its numbers is a table with a list, and "
        "numbers belong there."
    ]
    half_way = events.Finding(3, msgspec.convert(SOUND | {"numbers": {"a": {}}}, events.FindingFields))
    (told,) = reports_of([network(), half_way]).values()
    assert "is left out" in told.notes[1]


@pytest.mark.parametrize("fields", [{"steps": 10**30}, {"frames": 10**30}, {"cost": 1e999}])
def test_a_damaged_report_of_a_run_is_refused(fields):
    with pytest.raises(ValueError, match=r"damaged: Expected|a report is damaged"):
        reports_of([network(), record(findings=[], **fields)])


def test_quantities_that_no_run_can_have_are_passed_over():
    said = [events.Quantities(1, at, {"loss": 1.0, "x" * 5000: 2.0}) for at in (1, 10**400)]
    (history,) = histories_of([network(), *said]).values()
    assert [(f.step, f.values) for f in history.frames] == [(1, {"loss": 1.0})]
    assert "Loss" in page(report(), {"": history})


def test_control_characters_are_visible_and_what_joins_letters_stays():
    assert visible("a\tb\nc\x07\u202e") == "a b c\\u0007\\u202e"
    assert (
        visible("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")
        == "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    )


@pytest.mark.slow
def test_a_watched_run_makes_a_page_that_is_whole():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        fit(model, optimizer, *language(), 20)
    seen = Seen(doctor.to_html())
    assert "2: Linear(24, 32)" in seen.text()
