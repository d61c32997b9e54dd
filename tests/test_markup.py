"""What notebooks show: complete, and what a list brought along is text."""

import dataclasses
from html.parser import HTMLParser

import pytest

import moreish
from moreish import markup
from moreish.data import from_items
from moreish.doctor.tell.cells import Findings
from moreish.runs import events

EVIL = "<script>alert(1)</script>"


class Tags(HTMLParser):
    """Which tags a piece of HTML has."""

    def __init__(self, html):
        super().__init__()
        self.tags = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]


def test_a_corpus_a_run_and_a_score_show_themselves_and_nothing_of_a_list_is_markup(tmp_path):
    corpus = from_items([EVIL, "anna", "emma", "\"onload='x'", *(f"item{k}" for k in range(40))])
    run = moreish.train(corpus, model="ngram", out=tmp_path / "run")
    for shown in (corpus, corpus.report, run, run.score(EVIL)[0], run.score("☃")[0]):
        html = shown._repr_html_()
        assert "<script" not in html
        assert "script" not in Tags(html).tags
    assert "44 items" in corpus._repr_html_()


def test_curves_leave_gaps_out_and_name_their_levels():
    html = markup.curves({"val": [(0, 3.0), (1, None), (2, 2.0)]}, {"unigram": 2.5}, "loss")
    assert Tags(html).tags[:2] == ["svg", "line"]
    assert "unigram" in html
    assert "nan" not in html
    assert markup.curves({"val": [(0, None)]}, {}, "loss") == ""


def test_a_run_shows_the_curve_of_its_training(tmp_path):
    options = {"train": {"steps": 30, "batch_size": 16, "device": "cpu"}, "model": {"n_hidden": 4}}
    corpus = from_items([f"{a}{b}{c}" for a in "abcd" for b in "efgh" for c in "ijkl"])
    run = moreish.train(corpus, model="mlp", options=options, out=tmp_path / "run")
    assert list(events.of_kind(run.run.events(), events.Eval))
    assert "polyline" in run._repr_html_()


def test_gradients_findings_and_a_trace_show_themselves_and_a_layers_name_is_text():
    torch = pytest.importorskip("torch")
    from moreish.backprop import compare_gradients
    from moreish.doctor import Doctor, Finding, trace

    net = torch.nn.Module()
    net.add_module(EVIL.replace(".", ""), torch.nn.Linear(3, 2))
    net.forward = lambda x: next(net.children())(x).tanh()
    x = torch.randn(4, 3)
    compared = compare_gradients(net, lambda: net(x).square().mean())
    traced = trace(net, x, lambda y: y.square().mean())
    doctor = Doctor(net)
    finding = Finding("F04", "sick", EVIL, 3, f"{EVIL} is saturated", "heal `it`")
    report = dataclasses.replace(doctor.to_report(), findings=[finding])
    assert "not computed" in trace(net, x)._repr_html_()
    for shown in (compared, traced, doctor.findings, Findings([finding]), finding, report):
        html = shown._repr_html_()
        tags = Tags(html).tags
        assert "script" not in tags
        assert len(tags) > 1
    assert "✓ to the bit" in compared._repr_html_()
    assert "4 × 2" in traced._repr_html_()
    assert "Nothing was found" in Findings()._repr_html_()
    assert "body.dark .moreish-cell" in finding._repr_html_()
