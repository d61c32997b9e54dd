"""Rules: every part and random conjunctions against plain Python on every word up to six symbols."""

import re
from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from moreish.automata import conjunction
from moreish.data import Corpus, DataOptions, from_items
from moreish.inference.contradictions import Impossible, combined, longest, shortest
from moreish.inference.rules import Part, Rules, Span, parse_length

LIST = ["aab", "B-a", "bBa", "b-", "abab", "Ba"]
CORPUS = from_items(LIST)
VOCAB = CORPUS.vocab
WORDS = ["".join(word) for n in range(1, 7) for word in product("-Bab", repeat=n)]

OFFSETS = np.cumsum([0, *(len(word) + 1 for word in WORDS)])
IDS = np.array([0, *(VOCAB.ids.get(c, 0) for word in WORDS for c in word + "\n")])

texts = st.text("-Bab", min_size=1, max_size=3)
lengths = st.sampled_from(["3", "2-4", "-3", "4-", "0-2", "5-6"])
hole_patterns = st.text("Bab_?*-", min_size=1, max_size=5)
regexes = st.sampled_from(["a.*", "[^a]+", "(ab|B)*", "b{2,3}.?", "(?i)b+a", r"\w+", "a*", ".*-.*", "(..)*"])
questions = st.fixed_dictionaries(
    {},
    optional={
        "starts_with": texts,
        "ends_with": texts,
        "contains": st.lists(texts, max_size=2).map(tuple),
        "length": lengths,
        "pattern": hole_patterns,
        "regex": regexes,
        "only": st.sampled_from(["ab", "B-", "abB", "a-b"]),
        "without": st.sampled_from(["b", "-", "aB"]),
        "not_in": st.sampled_from([tuple(LIST), tuple(WORDS[:20])]),
    },
)


def demands(asked: Rules) -> list[Callable[[str], object]]:
    """The same in plain Python."""
    found: list[Callable[[str], object]] = [
        lambda word: word.startswith(asked.starts_with),
        lambda word: word.endswith(asked.ends_with),
        lambda word: all(text in word for text in asked.contains),
        lambda word: not asked.regex or re.fullmatch(asked.regex, word),
        lambda word: not set(word) & set(asked.without),
        lambda word: word not in asked.not_in,
    ]
    if asked.pattern:
        holes = {"_": ".", "?": ".", "*": ".*"}
        as_regex = "".join(holes.get(c, re.escape(c)) for c in asked.pattern)
        found.append(lambda word: re.fullmatch(as_regex, word))
    if asked.length:
        low, _, high = asked.length.partition("-")
        most = float(high or ("inf" if "-" in asked.length else low))
        found.append(lambda word: int(low or 0) <= len(word) <= most)
    if asked.only:
        listed = {"a", "b"} if asked.only == "a-b" else set(asked.only)
        found.append(lambda word: set(word) <= listed)
    return found


def obeys(word: str, asked: Rules) -> bool:
    return bool(word) and all(demand(word) for demand in demands(asked))


def refusal(parts: Sequence[Part]) -> Impossible | None:
    try:
        combined(parts, VOCAB)
    except Impossible as error:
        return error
    return None


def contradict(parts: Sequence[Part]) -> bool:
    return conjunction([part.automaton for part in parts], len(VOCAB)).is_empty


@pytest.mark.slow
@given(questions)
def test_all_parts_together_allow_what_plain_python_allows(question):
    asked = Rules(**question)
    parts, wanted = asked.parts(VOCAB), [word for word in WORDS if obeys(word, asked)]
    if refusal(parts):
        assert not wanted
        return
    automaton = combined(parts, VOCAB)
    assert [WORDS[i] for i in np.flatnonzero(automaton.accepted(IDS, OFFSETS))] == wanted
    assert not automaton.allows([])
    first, last = VOCAB.decode(shortest(automaton, VOCAB)), longest(automaton)
    assert obeys(first, asked)
    assert all(len(word) >= len(first) for word in wanted)
    assert last is None or last > 6 or last == max(map(len, wanted))
    longer = Rules(length="40-" if last is None else f"{last + 1}-").parts(VOCAB)
    assert contradict([*parts, *longer]) is (last is not None)


@pytest.mark.slow
@settings(max_examples=20)
@given(questions)
def test_what_contradicts_does_so_together_but_not_with_any_part_left_out(question):
    parts = Rules(**question).parts(VOCAB)
    error = refusal(parts)
    assume(error is not None)
    assert error is not None
    assert contradict(error.parts)
    for part in error.parts:
        assert not contradict([other for other in error.parts if other is not part])
        assert part.written in str(error) or part.kind != "length"
    if error.cure:
        left_out, item = error.cure
        assert [part for part in parts if not part.automaton.allows(VOCAB.encode(item))] == [left_out]
        assert f'without {left_out.written}, "{item}" would do' in str(error)
    else:
        assert len(parts) == 1 or all(contradict([p for p in parts if p is not part]) for part in error.parts)


def test_no_part_at_all_allows_everything_but_the_empty_item():
    automaton = combined(Rules().parts(VOCAB), VOCAB)
    assert all(automaton.allows(VOCAB.encode(word)) for word in WORDS)
    assert not automaton.allows([])


@pytest.mark.parametrize(
    ("text", "span", "says"),
    [
        ("4-8", Span(4, 8), "is 4 to 8 symbols long"),
        ("6", Span(6, 6), "is 6 symbols long"),
        ("1", Span(1, 1), "is 1 symbol long"),
        ("4-", Span(4, None), "is at least 4 symbols long"),
        ("-8", Span(0, 8), "is at most 8 symbols long"),
        (" 3 - 5 ", Span(3, 5), "is 3 to 5 symbols long"),
        ("3–5", Span(3, 5), "is 3 to 5 symbols long"),
    ],
)
def test_a_length_is_read_as_people_write_it(text, span, says):
    assert parse_length(text) == span
    assert span.describe("symbol") == says


@pytest.mark.parametrize("text", ["-", "", "x", "3-x", "--3", "3.5", "8-4", "1-99999", "4 8", "9" * 5000])
def test_a_length_that_is_none_is_refused_in_a_sentence(text):
    with pytest.raises(ValueError, match=r'the length ".*" (is none of|ends before|is too much)'):
        parse_length(text)
    if text:
        with pytest.raises(ValueError, match="the length"):
            Rules(length=text)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (Rules(starts_with="C"), r'the prefix "C" has "C", which never occurs in this list'),
        (Rules(ends_with="A"), r'the ending "A" has "A", which never .* Nearest: "a"'),
        (Rules(contains=("ab", "aé")), r'the text "aé" has "é", which never'),
        (Rules(pattern="A_b"), r'the pattern\'s piece "A" has "A", which never .* Nearest: "a"'),
        (Rules(only="b-a"), r'"b-a" is no range of symbols'),
        (Rules(regex="(?=a)"), r"has a lookahead"),
    ],
)
def test_what_the_list_cannot_write_is_refused_with_what_is_nearest(asked, sentence):
    with pytest.raises(ValueError, match=sentence):
        asked.parts(VOCAB)


def test_letters_that_the_list_never_has_are_no_error_where_something_else_is_allowed():
    parts = Rules(regex="[aé]|C+", only="aéC", without="xB").parts(VOCAB)
    assert [part.unlisted for part in parts] == [("é", "C"), ("é", "C"), ("x",)]
    assert combined(parts, VOCAB).allows(VOCAB.encode("a"))


def test_a_hole_is_escaped_with_a_backslash():
    vocab = from_items(["a_b", "a*b", "a?c", r"a\b"]).vocab
    for text, item, other in [
        (r"a\_b", "a_b", "a*b"),
        (r"a\*b", "a*b", "aab"),
        (r"a\?_", "a?c", "a*c"),
        (r"a\\b", r"a\b", "a*b"),
        ("a\\", "a\\", "a*"),
    ]:
        (part,) = Rules(pattern=text).parts(vocab)
        assert part.automaton.allows(vocab.encode(item))
        assert not part.automaton.allows(vocab.encode(other))


def allowed(corpus: Corpus, **asked) -> list[str]:
    automaton = combined(Rules(**asked).parts(corpus.vocab), corpus.vocab)
    return [item for item in corpus.items if automaton.allows(corpus.vocab.encode(item))]


def test_what_is_asked_is_put_into_the_normal_form_of_the_list():
    corpus = from_items(["Zoe\u0308", "ADAM", "Straße"], DataOptions(lower=True))
    assert allowed(corpus, starts_with="ZOE\u0308") == ["zoë"]
    assert allowed(corpus, regex=r"A\w+M") == ["adam"]
    assert allowed(corpus, pattern="Z__") == ["zoë"]
    assert allowed(corpus, only="A-Z") == ["adam"]
    assert allowed(corpus, not_in=("Adam", " zoe\u0308 ", "nobody")) == ["straße"]


GRAPHEMES = from_items(["กำแพง", "กีฬา", "नमस्ते", "कि", "क", "🇩🇪🇫🇷", "🇯🇵", "👩‍👩‍👧x"], DataOptions(unit="grapheme"))


@pytest.mark.parametrize(
    ("asked", "items"),
    [
        ({"starts_with": "กี"}, ["กีฬา"]),
        ({"pattern": "_🇫🇷"}, ["🇩🇪🇫🇷"]),
        ({"length": "1"}, ["कि", "क", "🇯🇵"]),
        ({"regex": "क.?"}, ["कि", "क"]),
        ({"only": "🇩🇪🇫🇷"}, ["🇩🇪🇫🇷"]),
        ({"without": "🇩🇪กำกีx", "length": "-2"}, ["कि", "क", "🇯🇵"]),
        ({"contains": ("स्ते",)}, ["नमस्ते"]),
        ({"ends_with": "x", "length": "2"}, ["👩‍👩‍👧x"]),
    ],
)
def test_graphemes_are_symbols(asked, items):
    assert allowed(GRAPHEMES, **asked) == items


TITLES = from_items(
    ["A Tale of Two Cities", "the Lord of the Rings", "War and Peace", "don't stop me now", "of"],
    DataOptions(unit="word"),
)


@pytest.mark.parametrize(
    ("asked", "items"),
    [
        ({"starts_with": "the"}, ["the Lord of the Rings"]),
        ({"contains": ("of  the",)}, ["the Lord of the Rings"]),
        ({"pattern": "_ and _"}, ["War and Peace"]),
        ({"pattern": "* of *"}, ["A Tale of Two Cities", "the Lord of the Rings", "of"]),
        ({"length": "3"}, ["War and Peace"]),
        ({"regex": ".*of (the )?R.*"}, ["the Lord of the Rings"]),
        ({"regex": r"\w+ \w+ \w+"}, ["War and Peace"]),
        ({"only": "War Peace and"}, ["War and Peace"]),
        ({"without": "of now"}, ["War and Peace"]),
        ({"not_in": ("War  and Peace", "of", "unheard of")}, [i for i in TITLES.items if len(i) not in (2, 13)]),
    ],
)
def test_words_are_symbols(asked, items):
    assert allowed(TITLES, **asked) == items


def test_a_hole_within_a_word_is_refused_where_words_are_the_symbols():
    with pytest.raises(ValueError, match='has a hole within "an_"'):
        Rules(pattern="War an_ Peace").parts(TITLES.vocab)


def test_a_word_that_became_unk_is_not_what_was_asked_for():
    corpus = from_items(["a b", "a c", "a b c", "rare a b"], DataOptions(unit="word", min_count=2, split="lecture"))
    assert corpus.vocab.unknown
    with pytest.raises(ValueError, match='the prefix "rare" has "rare", which never occurs'):
        Rules(starts_with="rare").parts(corpus.vocab)
