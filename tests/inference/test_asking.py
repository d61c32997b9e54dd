"""Requests to every sort of model: what comes obeys, keeps its distance, and says how rare it is."""

import re

import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein

import moreish
from moreish.data import Corpus, from_items
from moreish.fitting.fitted import Counted, shares_in
from moreish.inference.asking import Asked, Request
from moreish.inference.contradictions import Impossible
from moreish.inference.network import network_of
from moreish.inference.parts import ngram_in
from moreish.models import build_model, model_class
from moreish.models.contract import LanguageModel
from moreish.models.mixture import Mixture
from moreish.ngram import KneserNey
from moreish.options import build
from tests.support.lists import made_items

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

ITEMS = [*made_items(250), "abo", "Kalomi", "Bri'an", "Brita", "Ölmi"]


def ngram_of(corpus: Corpus, order: int = 3) -> KneserNey:
    train = corpus.split("train")
    return KneserNey.fit(train.ids, train.offsets, len(corpus.vocab), order)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return from_items(ITEMS)


@pytest.fixture(scope="module")
def models(corpus) -> dict[str, LanguageModel]:
    counted = ngram_of(corpus)
    options = build(model_class("gru").Options, {"n_embd": 8, "n_hidden": 16})
    net = network_of(build_model("gru", options, len(corpus.vocab), 0))
    return {
        "ngram": counted,
        "net": net,
        "mixture": Mixture([counted, net], np.array([0.7, 0.3])),
        "blend": moreish.listen(ITEMS[:40]).model,
    }


WISHES: list[tuple[dict[str, object], str]] = [
    ({"starts_with": "ka"}, "ka.*"),
    ({"starts_with": "ka", "ends_with": "n"}, "ka.*n"),
    ({"contains": ("lo", "mi")}, "(?=.*lo)(?=.*mi).*"),
    ({"length": "4-6", "without": "ae"}, "[^ae]{4,6}"),
    ({"pattern": "k_l*"}, "k.l.*"),
    ({"regex": "(ka|mi)+"}, "(ka|mi)+"),
    ({"max_length": 3}, ".{1,3}"),
    ({"ends_with": "an", "temperature": 0.7, "top_k": 5, "max_length": 30}, "(?=.{1,30}$).*an"),
]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ngram", "net", "mixture", "blend"])
@pytest.mark.parametrize(("wishes", "expected"), WISHES, ids=[str(w) for w, _ in WISHES])
def test_every_item_of_every_model_obeys(name, wishes, expected, models, corpus):
    own = from_items(ITEMS[:40]) if name == "blend" else corpus
    asked = Asked(models[name], own, Request.of(**wishes))
    items = list(asked.items(10, np.random.default_rng(0)))
    assert items
    assert all(re.fullmatch(expected, item.text) for item in items)
    assert len({item.text for item in items}) == len(items)


@pytest.mark.parametrize("name", ["ngram", "mixture"])
@pytest.mark.parametrize("best", [False, True])
def test_what_is_asked_to_be_far_from_the_list_is(name, best, models, corpus):
    request = Request.of(new_by=2, best=best, nearest=True, ends_with="a")
    items = list(Asked(models[name], corpus, request).items(8, np.random.default_rng(0)))
    assert len(items) == 8
    for item in items:
        nearest = min(Levenshtein.distance(item.text, known) for known in corpus)
        assert item.distance == nearest >= 2
        assert Levenshtein.distance(item.text, item.nearest) == nearest


@pytest.mark.parametrize("best", [False, True])
def test_no_two_items_are_nearer_to_each_other_than_asked(best, models, corpus):
    items = list(Asked(models["ngram"], corpus, Request.of(apart=2, best=best)).items(12, np.random.default_rng(0)))
    texts = [item.text for item in items]
    assert len(texts) == 12
    assert min(Levenshtein.distance(a, b) for a in texts for b in texts if a != b) > 2


def test_the_best_come_in_order_and_say_how_certain_that_is(models, corpus):
    asked = Asked(models["ngram"], corpus, Request.of(best=True, starts_with="mi"))
    items = list(asked.items(20, np.random.default_rng(0)))
    assert [item.logprob for item in items] == sorted((item.logprob for item in items), reverse=True)
    assert all(item.text.startswith("mi") for item in items)
    assert asked.verdict == "exact"


def test_new_items_under_a_rule_are_drawn_without_rejection(models, corpus):
    asked = Asked(models["ngram"], corpus, Request.of(new_only=True, regex="[kalomiren]{2,8}"))
    items = list(asked.items(50, np.random.default_rng(0)))
    assert len(items) == 50
    assert not {item.text for item in items} & set(corpus)


def test_how_rare_a_rule_is_is_the_share_of_free_items_that_obey(models, corpus):
    asked = Asked(models["ngram"], corpus, Request.of(contains=("lo",)))
    list(asked.items(1, np.random.default_rng(0)))
    free = Asked(models["ngram"], corpus, Request.of(unique=False)).items(20_000, np.random.default_rng(1))
    share = np.mean(["lo" in item.text for item in free])
    assert asked.probability == pytest.approx(share, abs=0.015)
    assert asked.rare == f"1 in {1 / asked.probability:,.0f} items of this model does this by itself"


@pytest.mark.parametrize("name", ["ngram", "mixture"])
def test_how_rare_a_beginning_is_is_known_before_anything_is_drawn(models, corpus, name):
    free = Asked(models[name], corpus, Request.of(unique=False, min_p=0)).items(20_000, np.random.default_rng(1))
    share = np.mean([item.text.startswith("mi") for item in free])
    assert Asked(models[name], corpus, Request.of(starts_with="mi")).probability == pytest.approx(share, abs=0.015)


def test_a_beginning_is_as_rare_as_the_same_rule_said_as_an_expression(models, corpus):
    begun, said = (Request.of(starts_with="mi"), Request.of(regex="mi.*"))
    begun, said = (Asked(models["ngram"], corpus, request).probability for request in (begun, said))
    assert begun == pytest.approx(said, rel=1e-6)


def test_how_rare_a_beginning_is_at_another_temperature_is_not_known(models, corpus):
    assert Asked(models["ngram"], corpus, Request.of(starts_with="mi", temperature=0.5)).probability is None


def test_weighted_draws_say_what_they_are_worth_and_how_rare_the_rule_is(models, corpus):
    asked = Asked(models["mixture"], corpus, Request.of(contains=("lo",), ends_with="n"))
    list(asked.items(5, np.random.default_rng(0)))
    assert asked.effective is not None
    assert asked.effective > 20
    assert asked.rare is not None
    assert asked.rare.startswith("about 1 in ")


def test_what_contradicts_itself_is_refused_before_anything_is_drawn(models, corpus):
    with pytest.raises(Impossible, match="--length 2 leaves no room"):
        Asked(models["net"], corpus, Request.of(starts_with="kalo", length="2"))
    with pytest.raises(ValueError, match="no item of at most 3 symbols"):
        Asked(models["net"], corpus, Request.of(starts_with="kalo", max_length=3))
    with pytest.raises(ValueError, match="can make no item that is new"):
        list(
            Asked(models["ngram"], corpus, Request.of(regex="Kalomi", new_only=True)).items(
                1, np.random.default_rng(0)
            )
        )


def test_a_part_that_the_list_never_shows_gets_a_hint(models, corpus):
    asked = Asked(models["ngram"], corpus, Request.of(starts_with="bri"))
    assert any("Bri" in hint for hint in asked.hints)
    assert Asked(models["ngram"], corpus, Request.of(starts_with="ka")).hints == []


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        ({"startswith": "a"}, 'cannot be asked for by "startswith"; did you mean "starts_with"'),
        ({"best": True, "temperature": 2.0}, "temperature changes nothing"),
        ({"best": True, "unique": False}, "each comes once"),
        ({"new_by": -1}, "at least 0"),
        ({"length": "8-4"}, "ends before it begins"),
        ({"rules": "x"}, "cannot be asked for"),
    ],
)
def test_a_request_that_makes_no_sense_is_a_sentence(wishes, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Request.of(**wishes)


def test_the_first_items_of_a_seed_are_the_same_however_many_are_asked_for(models, corpus):
    for name in ("ngram", "mixture"):
        few, many = (
            [
                i.text
                for i in Asked(models[name], corpus, Request.of(ends_with="n")).items(n, np.random.default_rng(5))
            ]
            for n in (4, 12)
        )
        assert many[:4] == few


def test_the_ngram_of_a_model_is_found_wherever_it_is(models):
    assert ngram_in(models["mixture"]) is models["ngram"]
    assert ngram_in(models["net"]) is None
    assert ngram_in(models["blend"]) is models["blend"].ensemble.counts


def test_kinds_are_asked_for_by_name_and_by_share():
    assert shares_in("elves", ["elves", "dwarves"]) == {"elves": 1.0}
    assert shares_in("elves:0.7, dwarves:0.3", ["elves", "dwarves"]) == {"elves": 0.7, "dwarves": 0.3}
    assert shares_in("a:1,b", ["a:1,b"]) == {"a:1,b": 1.0}
    with pytest.raises(ValueError, match="no kind with its share"):
        shares_in("elves:much", ["elves"])


def test_a_list_without_kinds_says_so(corpus, models):
    with pytest.raises(ValueError, match="no kinds at all"):
        Counted(corpus, models["ngram"]).more(1, of="elves")


def test_items_of_other_lists_do_not_come(models, corpus):
    first = [
        item.text for item in Asked(models["ngram"], corpus, Request.of(best=True)).items(5, np.random.default_rng(0))
    ]
    rest = Asked(models["ngram"], corpus, Request.of(best=True, not_in=tuple(first))).items(
        5, np.random.default_rng(0)
    )
    assert not {item.text for item in rest} & set(first)
