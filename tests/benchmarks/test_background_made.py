"""The flaws of made items, the chains that make them, and the table of losses."""

import math

import pytest

from benchmarks.background import chains, flaws, kneser_ney, protocol, run

ITEMS = [f"{a}{b}{c}" for a in "abcd" for b in "ijkl" for c in "qrst"]


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("É", "upper"),
        ("ß", "lower"),
        ("7", "digit"),
        ("’", "apostrophe"),
        ("-", "hyphen"),
        ("(", "("),
        ("\u00a0", "space"),
    ],
)
def test_symbols_have_classes(symbol, expected):
    assert flaws.symbol_class(symbol) == expected


def test_other_letters_and_marks_are_of_their_script():
    assert {flaws.symbol_class(symbol) for symbol in "मसाला"} == {"DEVANAGARI"}
    assert flaws.symbol_class("寿") == "CJK"
    assert flaws.symbol_class("す") != flaws.symbol_class("ス")


@pytest.mark.parametrize("item", ["(a", "a)", '"a', "(a]", ")a(", "«a"])
def test_unbalanced(item):
    assert flaws.unbalanced(item)
    assert not flaws.unbalanced('(a [b]) "c" «d» don\'t')


def test_one_edit():
    for other in ("abd", "ab", "abcd", "xabc", "xbc", "axbc", "bc"):
        assert flaws.one_edit_apart("abc", other)
        assert flaws.one_edit_apart(other, "abc")
    for other in ("abc", "acb", "a", "abcde", "xby", "bca"):
        assert not flaws.one_edit_apart("abc", other)


def test_shares():
    shares = flaws.shares(["Abc", "Def-g"], ["Abc", "Abd", "abc", "Longer", "Abc (", "Xyz"])
    assert shares == {
        "too long": 1 / 6,
        "new pair": 2 / 6,
        "unbalanced": 1 / 6,
        "copy": 1 / 6,
        "one edit": 2 / 6,
    }


def test_a_chain_makes_only_what_it_has_seen():
    made = chains.chain(ITEMS, tuple("abcdijklqrst"), 50, 1)
    assert len(made) == 50
    assert set(made) <= set(ITEMS)
    assert (
        made == chains.chain(ITEMS, tuple("abcdijklqrst"), 50, 1) != chains.chain(ITEMS, tuple("abcdijklqrst"), 50, 2)
    )


def test_kneser_ney_gives_probabilities():
    symbols = ("a", "b")
    score = kneser_ney.fit(["ab", "aab", "b", "ba", "abb", "bb"], symbols)
    texts = [""]
    total = 0.0
    for _ in range(13):
        total += sum(math.exp(-nats) for nats, _ in score(texts))
        texts = [text + symbol for text in texts for symbol in symbols]
    assert 0.98 < total < 1
    assert [count for _, count in score(["", "a", "abb"])] == [1, 2, 4]
    assert score([]) == []


def test_kneser_ney_learns_what_there_is():
    symbols = tuple("abcdijklqrst")
    given, others = protocol.judged(ITEMS, 32, 1)
    loss = sum(nats for nats, _ in kneser_ney.fit(given, symbols)(others)) / len(others)
    assert loss < 4 * math.log(13) * 0.7


def test_the_table_compares_on_the_same_items():
    def doubled(given, symbols, seed):
        score = kneser_ney.fit(given, symbols, seed)
        return lambda items: [(2 * nats, count) for nats, count in score(items)]

    models = {run.BASELINE: kneser_ney.fit, "doubled": doubled}
    rows = list(run.measured(models, {"made up": ITEMS}, {20}, 1))
    mean = run.means(rows)[20]
    assert mean["lists"] == 1
    assert math.isclose(mean["ratio"]["doubled"], 2)
    assert any("(2.000)" in line for line in run.table(rows, with_lists=False))
    assert not any("made up" in line for line in run.table(rows, with_lists=False))


def test_a_model_that_skips_items_or_miscounts_is_refused():
    with pytest.raises(ValueError, match="3 items"):
        run.checked_loss("it", ["a", "b", "c"], [(1.0, 2), (1.0, 2)])
    with pytest.raises(ValueError, match="its end"):
        run.checked_loss("it", ["a"], [(1.0, 1)])
