"""What notebooks show: complete, and what a list brought along is text."""

from html.parser import HTMLParser

import moreish
from moreish import markup
from moreish.data import from_items
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
