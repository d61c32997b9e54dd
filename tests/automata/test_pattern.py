"""Regular expressions and holes, judged by `re.fullmatch`, and beginnings by the regex package's partial matching."""

import re
import unicodedata
from itertools import product
from re import _compiler, _constants, _parser  # pyright: ignore[reportAttributeAccessIssue]

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from moreish.automata import DEAD, Automaton, Hole, TooManyStates, holes, pattern
from moreish.automata.pattern import unlisted
from tests.automata.words import WORDS, V, allowed

ALPHABET = sorted("abKké1- ")
TEXTS = ["".join(word) for length in range(4) for word in product(ALPHABET, repeat=length)]
IDS = {symbol: i for i, symbol in enumerate(ALPHABET, start=1)}

literals = st.sampled_from([re.escape(symbol) for symbol in ALPHABET])
sets = st.builds(
    lambda no, some: f"[{no}{''.join(some)}]",
    st.sampled_from(["", "^"]),
    st.lists(st.sampled_from(["a", "b", "K", "k", "é", "1", r"\-", r"\d", r"\s", "a-m", "A-Z", "é-ü"]), min_size=1),
)
atoms = literals | sets | st.sampled_from([".", r"\w", r"\W", r"\d", r"\D", r"\s", r"\S", r"\x61", r"\u00e9"])
repeats = st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,}", "{,2}", "{1,3}", "{0,2}?"])


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    grouped = st.builds(str.format, st.sampled_from(["({})", "(?:{})", "(?i:{})", "(?a:{})", "(?s:{})"]), inner)
    return (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.lists(grouped, min_size=2, max_size=3).map("|".join)
        | st.builds(lambda body, how: f"(?:{body}){how}", inner, repeats)
        | grouped
    )


patterns = st.recursive(atoms, larger, max_leaves=8)
flags = st.sampled_from(["", "(?i)", "(?a)", "(?x)"])


def accepts(automaton: Automaton, texts: list[str]) -> list[bool]:
    offsets = np.cumsum([0, *(len(text) + 1 for text in texts)])
    ids = np.array([0, *(i for text in texts for i in (*(IDS[c] for c in text), 0))])
    return automaton.accepted(ids, offsets).tolist()


@pytest.mark.slow
@given(flags, patterns, st.randoms(use_true_random=False))
def test_a_regular_expression_allows_what_python_matches_as_a_whole(how, text, rng):
    automaton = pattern(how + text, ALPHABET)
    compiled = re.compile(how + text)
    texts = TEXTS + [walk(automaton, rng) for _ in range(200)]
    assert accepts(automaton, texts) == [bool(compiled.fullmatch(each)) for each in texts]


def walk(automaton: Automaton, rng) -> str:
    """A text that goes only where something can still succeed, and one symbol further."""
    state, text = automaton.start, ""
    for _ in range(rng.randrange(12)):
        options = [i for i in range(1, len(ALPHABET) + 1) if automaton.table[state, automaton.classes[i]] != DEAD]
        if not options:
            break
        i = rng.choice(options)
        state, text = int(automaton.table[state, automaton.classes[i]]), text + ALPHABET[i - 1]
    return text if rng.random() < 0.7 else text + rng.choice(ALPHABET)


LETTERS = ["a", "b", "c"]
plain = st.recursive(
    st.sampled_from([*LETTERS, ".", "[ab]", "[^a]"]),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.builds("({}|{})".format, inner, inner)
        | st.builds("({}){}".format, inner, st.sampled_from(["*", "+", "?", "{1,2}"]))
    ),
    max_leaves=6,
)


@given(plain)
def test_a_beginning_is_alive_where_it_can_still_become_a_match_and_else_dead(text):
    automaton, compiled = pattern(text, LETTERS), regex.compile(text)
    for word in WORDS[:364]:
        state = automaton.start
        for i in word:
            state = int(automaton.table[state, automaton.classes[i]])
        partial = compiled.fullmatch("".join(LETTERS[i - 1] for i in word), partial=True)
        assert (state != DEAD) == bool(partial), word


@pytest.mark.parametrize(
    ("text", "symbol"),
    [(r"\w", "ß"), (r"\w", "ก"), (r"(?i)K", "\u212a"), (r"(?i)ß", "ẞ"), (r"(?i)σ", "ς"), (r"\d", "٣"), (r".", "\n")],
)
def test_sets_mean_what_they_mean_to_python(text, symbol):
    assert pattern(text, [symbol]).allows([1]) == bool(re.fullmatch(text, symbol))
    assert pattern(rf"(?a){text}", [symbol]).allows([1]) == bool(re.fullmatch(rf"(?a){text}", symbol))


@pytest.mark.parametrize(
    "text", ["^ab$", r"\Aab\Z", "^(a|b)$", "^a|b$", "(^a)b", "^^ab$$", "^$", "(?m)^ab$", "(?:^a)?b"]
)
def test_anchors_at_either_end_say_nothing(text):
    automaton = pattern(text, ALPHABET)
    assert accepts(automaton, TEXTS) == [bool(re.fullmatch(text, each)) for each in TEXTS]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("(?=a)b", "lookahead"),
        ("(?!a)b", "negative lookahead"),
        ("b(?<=b)", "lookbehind"),
        ("(?<!b)a", "negative lookahead or lookbehind"),
        ("(?!)", "lookahead"),
        (r"(a)\1", "backreference"),
        ("(a)?(?(1)b|c)", "condition on a group"),
        ("(?>a)", "atomic group"),
        ("a++", "possessive repeat"),
        (r"\ba", "word boundary"),
        (r"a\B", "word boundary"),
        ("a^b", r"\^ within it"),
        ("(^a)*", r"\^ within it"),
        ("a$b", r"\$ within it"),
        ("$^", r"\$ within it"),
        (r"a\Ab", "within it"),
        (r"a\Zb", "within it"),
    ],
)
def test_what_no_automaton_can_do_is_refused_by_name(text, why):
    with pytest.raises(ValueError, match=rf"the regular expression .* has .*{why}"):
        pattern(text, ALPHABET)


@pytest.mark.parametrize("text", ["(", "[a", "a{3}{2}", "*", r"\p{L}", "(?P<a", "a{99999999999}", "(" * 3000])
def test_what_cannot_be_read_is_refused_in_a_sentence(text):
    with pytest.raises(ValueError, match=r"the regular expression .* cannot be read: "):
        pattern(text, ALPHABET)


@pytest.mark.parametrize("text", ["(a|b)*a(a|b){18}", "(a{900}){900}", "(){4000000}", "((a{0,99}){0,99}){0,99}"])
def test_what_would_need_too_many_states_is_refused_in_a_sentence(text):
    with pytest.raises(TooManyStates, match=r"make it simpler|use smaller numbers"):
        pattern(text, ALPHABET)


def test_flags_hold_within_their_group_alone():
    for text in [r"(?a:\w)\w", r"(?i)a(?-i:k)a", r"(?a)(?u:\w)\w", r"(?i:k)k", r"(?s:.)."]:
        symbols = ["a", "k", "K", "A", "é", "\n"]
        automaton = pattern(text, symbols)
        for ids in (word for length in range(4) for word in product(range(1, 7), repeat=length)):
            assert automaton.allows(ids) == bool(re.fullmatch(text, "".join(symbols[i - 1] for i in ids)))


def test_what_python_warns_of_is_read_without_a_warning():
    assert accepts(pattern("[[a]", ALPHABET), ["a", "b"]) == [True, False]


SYLLABLES = ["ka", "k", "a", "na", "nak", "🇩🇪", "क्षि", "q"]


@given(st.sampled_from(["(ka|nak)*", "k.*a", ".{3}", "k?a+(n|🇩)*", "[^q]+", "क.*|🇩🇪+", ".*"]))
def test_symbols_of_several_characters_walk_character_by_character(text):
    automaton = pattern(text, SYLLABLES)
    for ids in (word for length in range(4) for word in product(range(1, len(SYLLABLES) + 1), repeat=length)):
        assert automaton.allows(ids) == bool(re.fullmatch(text, "".join(SYLLABLES[i - 1] for i in ids)))


SOME_WORDS = ["the", "of", "then", "\n", ","]


@given(
    st.sampled_from(["the.*", "(the|of)( (the|of))*", r"\w+\s\w+", "(?s:.*)then", "[^ ]*", r"the\nof", " .*", ".* "])
)
def test_words_are_joined_as_the_list_joins_them(text):
    from moreish.data.symbols import join

    automaton = pattern(text, SOME_WORDS, between=" ")
    for ids in (word for length in range(5) for word in product(range(1, len(SOME_WORDS) + 1), repeat=length)):
        assert automaton.allows(ids) == bool(re.fullmatch(text, join([SOME_WORDS[i - 1] for i in ids], "word"))), ids


def test_so_many_words_told_apart_that_no_table_holds_them_are_refused():
    words = [f"{i:05}" for i in range(40_000)]
    with pytest.raises(TooManyStates, match="tells too many of the list's symbols apart"):
        pattern("0123456789" * 90, words)


def test_the_characters_that_no_symbol_has_are_named():
    assert unlisted("(ß|[xé])q?(?i:K)B", ALPHABET) == ["ß", "x", "q", "B"]
    assert unlisted("(?i)B[^z][x-z]", ALPHABET) == []
    assert unlisted("B", ALPHABET, ignore_case=True) == []


@given(st.lists(st.integers(1, V - 1) | st.just(-1) | st.sampled_from(Hole), max_size=6))
def test_holes_stand_for_one_symbol_or_for_any_number(pieces):
    of = {Hole.ONE: ".", Hole.ANY: ".*", -1: "z"}
    compiled = re.compile("".join(of.get(piece, str(piece)) for piece in pieces))
    assert allowed(holes(pieces, V)) == [word for word in WORDS if compiled.fullmatch("".join(map(str, word)))]


# ---- what is relied on of Python's private parser and compiler ----


def names(text: str) -> list[str]:
    return [str(op) for op, _ in _parser.parse(text)]


def test_the_parser_gives_the_nodes_that_are_read():
    assert names("ab") == ["LITERAL", "LITERAL"]
    assert names("[ab]") == ["IN"]
    assert names("[^a]") == ["NOT_LITERAL"]
    assert names("a*b+?c{2,3}") == ["MAX_REPEAT", "MIN_REPEAT", "MAX_REPEAT"]
    assert names(".(a)(?i:b)") == ["ANY", "SUBPATTERN", "SUBPATTERN"]
    assert names("ab|cd") == ["BRANCH"]
    assert names("^a$") == ["AT", "LITERAL", "AT"]
    assert [str(where) for _, where in _parser.parse(r"^\A\b\B$\Z")] == [
        *("AT_BEGINNING", "AT_BEGINNING_STRING", "AT_BOUNDARY"),
        *("AT_NON_BOUNDARY", "AT_END", "AT_END_STRING"),
    ]
    assert names(r"(?=a)(?!a)(?>a)a++(a)\1(?(1)a|b)") == [
        *("ASSERT", "ASSERT_NOT", "ATOMIC_GROUP", "POSSESSIVE_REPEAT"),
        *("SUBPATTERN", "GROUPREF", "GROUPREF_EXISTS"),
    ]


def test_the_parser_gives_the_arguments_that_are_read():
    ((_, (low, high, inner)),) = _parser.parse("a{2,}")
    assert (low, high, [str(op) for op, _ in inner]) == (2, _constants.MAXREPEAT, ["LITERAL"])
    ((_, (group, added, taken, inner)),) = _parser.parse("(?i:a)")
    assert (group, added, taken, len(inner)) == (None, re.IGNORECASE, 0, 1)
    ((_, (group, branches)),) = _parser.parse("ab|cd")
    assert (group, [len(branch) for branch in branches]) == (None, [2, 2])
    ((_, members),) = _parser.parse("[^ab]")
    assert [str(op) for op, _ in members] == ["NEGATE", "LITERAL", "LITERAL"]
    assert _parser.parse("(?i)a").state.flags & re.IGNORECASE


@pytest.mark.parametrize("how", [0, int(re.IGNORECASE), int(re.ASCII), int(re.IGNORECASE | re.ASCII)])
def test_the_compiler_takes_one_node_and_gives_what_the_whole_expression_gives(how):
    everything = "".join(map(chr, range(0x3000)))
    for text in ["k", "[^k]", "[a-f]", r"\w", r"[\W\d]", ".", "ſ"]:
        state = _parser.State()
        state.flags = how | (0 if how & re.ASCII else re.UNICODE)
        node = _parser.SubPattern(state, [_parser.parse(text)[0]])
        one = {found.start() for found in _compiler.compile(node).finditer(everything)}
        assert one == {i for i, c in enumerate(everything) if re.fullmatch(text, c, how)}


def test_the_vocabulary_may_have_any_order_and_any_size():
    symbols = [chr(c) for c in range(0x10000) if unicodedata.category(chr(c))[0] in "LN"][::-1]
    automaton = pattern("[k-m]ß*", symbols)
    k, sharp = symbols.index("k") + 1, symbols.index("ß") + 1
    assert automaton.allows([k, sharp, sharp])
    assert np.flatnonzero(automaton.allowed(np.array([automaton.start]))[0]).tolist() == [k - 2, k - 1, k]
