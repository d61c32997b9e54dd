"""The collector of the background corpus, on small made lists: what is an item, what is kept out, what is written."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.background import collect, filters, kept_out, provenance
from tools.background.lists import Collected, Source, lists_in, words_of
from tools.background.sources import cldr, faker_tables, holidays_by_country, identifiers, npm, npm_tables, written
from tools.background.sources.npm_packages import PACKAGES

MADE = Source("made", "1", "CC0-1.0")
TEXTS = st.lists(st.text(max_size=70), max_size=60)
WORDS = st.lists(st.text("abcdefgh ", min_size=1, max_size=6), max_size=60)
NO_NAMES: frozenset[str] = frozenset()


def made(path: str, items) -> Collected:
    return MADE.collected(path, path.split("/")[0], items)


def numbered(word: str, count: int) -> list[str]:
    return [f"{word} {chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(count)]


class TestNormalised:
    @given(TEXTS)
    def test_items_are_composed_stripped_short_and_each_once(self, texts):
        items = filters.normalised(texts)
        assert len(set(items)) == len(items)
        for item in items:
            assert item == unicodedata.normalize("NFC", item) == " ".join(item.split())
            assert 0 < len(item) <= filters.LONGEST
            assert not any(unicodedata.category(character) in ("Cc", "Cn", "Cs", "Co") for character in item)

    @given(TEXTS)
    def test_normalising_again_changes_nothing(self, texts):
        items = filters.normalised(texts)
        assert filters.normalised(items) == items

    @given(WORDS)
    def test_items_keep_the_order_of_the_source(self, texts):
        first = [" ".join(text.split()) for text in texts if text.strip()]
        items = filters.normalised(texts)
        assert [first.index(item) for item in items] == sorted(first.index(item) for item in items)

    @pytest.mark.parametrize(
        "junk", ["", " ", "###", "12-3", "{{name}}", "a\x07b", "%s of %s", "x" * 61, "http://a.b"]
    )
    def test_what_is_no_thing_goes(self, junk):
        assert filters.normalised(["oak", junk]) == ["oak"]

    @pytest.mark.parametrize("item", ["可", "می‌روم", "oak (red)", "AC/DC", "'nduja", "$uicide", "4-LOM", "é"])
    def test_things_of_every_script_stay(self, item):
        assert filters.normalised([item]) == [item]


class TestFiltered:
    def test_a_list_mostly_of_known_names_goes_as_a_whole(self):
        items = [*(name.title() for name in numbered("anna", 11)), *numbered("oak", 10)]
        assert filters.filtered(made("given", items), frozenset(numbered("anna", 11)), NO_NAMES) is None

    def test_single_known_names_go(self):
        items = ["ANNA", *numbered("oak", 12)]
        kept = filters.filtered(made("trees", items), frozenset({"anna"}), NO_NAMES)
        assert kept is not None
        assert kept.items == tuple(numbered("oak", 12))

    def test_abuse_goes_as_a_word_and_not_as_a_part_of_one(self):
        items = [*numbered("oak", 10), "Darn it", "so-DARN-good", "darning needle"]
        kept = filters.filtered(made("x", items), NO_NAMES, frozenset({"darn"}))
        assert kept is not None
        assert kept.items[10:] == ("darning needle",)

    @pytest.mark.parametrize(("count", "stays"), [(9, False), (10, True)])
    def test_short_lists_go(self, count, stays):
        assert (filters.filtered(made("x", numbered("oak", count)), NO_NAMES, NO_NAMES) is not None) == stays

    @given(st.integers(0, 40), st.text(max_size=8), st.integers(1, 30))
    def test_a_cut_is_the_same_each_time_and_in_order(self, count, name, most):
        items = numbered("oak", count)
        cut = filters.cut(items, name, most)
        assert cut == filters.cut(items, name, most)
        assert len(cut) == min(count, most)
        assert [items.index(item) for item in cut] == sorted(items.index(item) for item in cut)

    def test_long_lists_are_cut_to_a_thousand(self):
        many = [f"{word} {letter}" for letter in "abcdefgh" for word in numbered("oak", 200)]
        kept = filters.filtered(made("x", many), NO_NAMES, NO_NAMES)
        assert kept is not None
        assert len(kept.items) == filters.MOST


class TestWithoutRepeats:
    def test_a_list_that_mostly_repeats_another_goes(self):
        first, second = numbered("oak", 10), numbered("oak", 7) + numbered("elm", 3)
        assert [each.name for each in filters.without_repeats([made("a", first), made("b", second)])] == ["made/a"]

    def test_halves_of_two_lists_are_a_list(self):
        a, b = numbered("oak", 10), numbered("elm", 10)
        lists = [made("a", a), made("b", b), made("c", a[:5] + b[:5])]
        assert list(filters.without_repeats(lists)) == lists

    @given(st.lists(WORDS, max_size=6))
    def test_what_is_left_has_no_repeats(self, lists):
        kept = list(filters.without_repeats(made(str(i), items) for i, items in enumerate(lists)))
        assert list(filters.without_repeats(kept)) == kept


class TestKeptOut:
    @pytest.mark.parametrize(
        ("path", "group"),
        [
            ("animals/dinosaurs", "judged"),
            ("foods/iba_cocktails", "judged"),
            ("ja/food/dishes", "judged"),
            ("address/fi_FI/cities", "judged"),
            ("cities/FI", "judged"),
            ("development/PROGRAMMING_LANGS", "judged"),
            ("pokemon/en", "judged"),
            ("person/ru_RU/last_names_male", "dev"),
            ("en/animal/dog", "dev"),
            ("music/genre", "dev"),
            ("person/tr_TR/first_names", "dev"),
            ("birds/russian-birds", "dev"),
            ("music/bands-rock", "corpus"),
            ("proverbs/Relationships", "corpus"),
            ("en/food/dishes", "corpus"),
            ("sport/racehorses", "corpus"),
            ("cities/SI", "corpus"),
            ("fi/text/color", "corpus"),
        ],
    )
    def test_a_list_goes_by_its_name(self, path, group):
        assert kept_out.group_by_name(made(path, ())) == group

    def test_patterns_are_written_for_lower_case_words(self):
        assert words_of("Faker-js/en_US/cityName.x") == "faker js en us city name x"
        for pattern in [*kept_out.JUDGED.values(), *kept_out.DEV.values(), *kept_out.MOVED.values()]:
            assert pattern == pattern.lower()

    def test_the_same_things_under_another_name_are_kept_out_too(self):
        lists = [made("reptiles", numbered("saurus", 12)), made("dinosaurs", numbered("saurus", 20))]
        assert {each.name: group for group, each in kept_out.grouped(lists)} == {
            "made/reptiles": "judged",
            "made/dinosaurs": "judged",
        }

    def test_single_names_go_out_of_lists_of_made_up_things(self):
        monsters = made("pokemon", ["Glimmerfox", "Owl", *numbered("beast", 10)])
        game = made("game/characters", ["Glimmerfox", "Owl", *numbered("hero", 20)])
        words = made("words", ["Glimmerfox", "Owl", *numbered("word", 20)])
        kept = {each.name: each.items for _, each in kept_out.grouped([monsters, game, words])}
        assert "Glimmerfox" not in kept["made/game/characters"]
        assert "Owl" in kept["made/game/characters"]
        assert "Glimmerfox" in kept["made/words"]

    @pytest.mark.parametrize(
        "path",
        [
            "pokemon", "Pokémon", "POKEMON/gen-1", "games/pokémonNames", "en/PokemonNames", "data/pokemon_moves",
            "dinosaurs", "Dinosaur", "DINOSAURS", "animals/extinctAnimals", "prehistoric-animals", "dinosaur_names",
            "Digimon", "lotr/characters/TolkienNames", "lord-of-the-rings", "iba_cocktails", "CocktailNames",
            "champions", "league-of-legends/champion", "dota2/heroes", "programmingLanguages",
            "Programming_Languages", "Poke\u0301mon", "whiskyDistilleries", "scotch-whiskies",
            "cheeses", "Cheese", "minor-planets", "planets/moons",
        ],
    )  # fmt: skip
    def test_what_is_judged_on_is_told_however_it_is_spelled(self, path):
        for name in (path, f"deep/{path}", f"{path}/en"):
            assert kept_out.group_by_name(made(name, ())) == "judged"

    @given(st.lists(WORDS, max_size=5), st.dictionaries(st.sampled_from("abc"), WORDS, max_size=3))
    def test_a_list_goes_where_more_than_a_third_of_it_stands_in_one_list_of_the_benchmark(self, lists, benchmark):
        pairs: list[tuple[kept_out.Group, Collected]] = [
            ("dev" if i % 2 else "corpus", made(str(i), items)) for i, items in enumerate(lists)
        ]
        left, dropped = kept_out.without_lists_of(pairs, benchmark)
        clean = {name: {" ".join(item.split()) for item in items} for name, items in benchmark.items()}
        for pair in pairs:
            own = [item for item in pair[1].items if item.strip() == item and "  " not in item and item]
            most = max((sum(item in items for item in own) for items in clean.values()), default=0)
            assert (pair in left) == (3 * most <= len(pair[1].items))
        assert len(left) + sum(dropped.values()) == len(pairs)

    def test_a_list_of_the_benchmark_is_told_in_other_letters_and_among_others(self):
        half = [item.upper() for item in numbered("oak", 10)] + numbered("elm", 10)
        third = numbered("oak", 10) + numbered("elm", 20)
        benchmark = {"oaks": numbered("oak", 30), "elms": numbered("elm", 5)}
        lists: list[tuple[kept_out.Group, Collected]] = [
            ("corpus", made("half", half)),
            ("dev", made("all", numbered("oak", 10))),
            ("corpus", made("third", third)),
            ("judged", made("judged", numbered("oak", 10))),
        ]
        left, dropped = kept_out.without_lists_of(lists, benchmark)
        assert [each.name for _, each in left] == ["made/third", "made/judged"]
        assert dropped == {"oaks": 2}

    def test_no_written_list_is_one_of_the_benchmark(self):
        lists: list[tuple[kept_out.Group, Collected]] = [
            ("corpus", each) for each in written.lists(collect.HERE / "written")
        ]
        left, dropped = kept_out.without_lists_of(lists, collect.benchmark())
        assert len(left) == len(lists) > 100
        assert not dropped

    def test_the_benchmark_itself_would_be_dropped(self):
        for name, items in collect.benchmark().items():
            _, dropped = kept_out.without_lists_of([("corpus", made("x", items))], collect.benchmark())
            assert sum(dropped.values()) == 1, name

    @given(st.lists(st.tuples(st.sampled_from(["dinosaurs", "knots", "trees", "words"]), WORDS), max_size=8))
    def test_what_is_trained_on_shares_little_with_any_list_kept_out(self, lists):
        groups = list(kept_out.grouped(made(f"{kind}/{i}", items) for i, (kind, items) in enumerate(lists)))
        out = [{item.lower() for item in each.items} for group, each in groups if group != "corpus" and each.items]
        named = [items for items, (g, each) in zip(out, groups, strict=False) if kept_out.group_by_name(each) == g]
        for group, each in groups:
            if group == "corpus":
                assert kept_out.group_by_name(each) == "corpus"
                for items in named:
                    assert sum(item.lower() in items for item in each.items) <= kept_out.ALIKE * len(each.items)


class TestSources:
    def test_written_lists_are_parsed(self):
        text = "## trees/oaks\nred oak\n holm oak\n\n## trees/elms\nwych elm\n"
        lists = [(each.name, each.kind, each.items) for each in written.parsed(text)]
        assert lists == [
            ("written/trees/oaks", "trees", ("red oak", " holm oak")),
            ("written/trees/elms", "trees", ("wych elm",)),
        ]

    @given(
        st.lists(
            st.tuples(
                st.text("abc/-", min_size=1, max_size=8),
                st.lists(st.text("éa b#", min_size=1, max_size=6).filter(lambda t: t.strip() and t[:3] != "## ")),
            ),
            max_size=5,
        )
    )
    def test_written_lists_come_back_as_they_were_written(self, lists):
        text = "\n".join("\n".join([f"## {name}", *items, ""]) for name, items in lists)
        assert [(each.name, list(each.items)) for each in written.parsed(text)] == [
            (f"written/{name}", items) for name, items in lists
        ]

    def test_lines_before_the_first_name_are_no_list(self):
        assert [each.items for each in written.parsed("a remark\n\n## trees/oaks\nred oak")] == [("red oak",)]
        assert list(written.parsed("")) == []

    def test_every_written_list_has_a_name_of_its_own_and_is_usable(self):
        lists = list(written.lists(collect.HERE / "written"))
        assert len({each.name for each in lists}) == len(lists)
        assert all(filters.filtered(each, NO_NAMES, NO_NAMES) for each in lists)

    def test_lists_are_found_in_nested_tables(self):
        table = {"a": {"b": ["x", "y", 3]}, "weights": {"p": 1, "q": 0.5}, "rows": [{"name": "n", "tags": ["t"]}, 4]}
        assert lists_in(table) == [
            (("a", "b"), ["x", "y"]),
            (("weights",), ["p", "q"]),
            (("rows", "name"), ["n"]),
            (("rows", "tags"), ["t"]),
        ]

    def test_sets_are_read_in_one_order(self):
        assert lists_in({"b", "c", "a"}) == [((), ["a", "b", "c"])]

    def test_arrays_of_a_script_are_found_by_their_names(self):
        text = """var a = ["x, y", 'z'];\nmodule.exports = ['p'];\ntable['words'] = [\n  "it's",\n]; f([1])"""
        assert npm.parsed(text, ".js") == [(("a",), ["x, y", "z"]), (("exports",), ["p"]), (("words",), ["it's"])]

    def test_records_by_code_are_a_list_of_records(self):
        assert npm.parsed('{"M": {"name": "m"}, "N": {"name": "n"}}', ".json") == [(("name",), ["m", "n"])]
        assert npm.parsed('{"7": "seven", "8": "eight"}', ".json") == [((), ["seven", "eight"])]
        assert npm.parsed("one\ntwo\n", ".txt") == [((), ["one", "two"])]

    def test_a_licence_that_is_not_allowed_is_refused(self):
        assert npm.licence_of({"name": "p", "license": {"type": "ISC"}}) == "ISC"
        assert npm.licence_of({"name": "p", "licenses": [{"type": "MIT"}]}) == "MIT"
        with pytest.raises(ValueError, match="GPL"):
            npm.licence_of({"name": "p", "license": "GPL-3.0"})
        with pytest.raises(ValueError, match="None"):
            npm.licence_of({"name": "p"})

    def test_packages_are_named_once_and_at_one_version(self):
        assert len({package.name for package in PACKAGES}) == len(PACKAGES)
        assert all(package.version[0].isdigit() and package.files for package in PACKAGES)

    @pytest.mark.parametrize(
        ("code", "hue"),
        [("#ff0000", "red"), ("#00ff00", "green"), ("#0000ff", "blue"), ("#808080", "grey"), ("#000000", "dark")],
    )
    def test_colours_are_named_by_hue(self, code, hue):
        assert npm_tables.hue_of(code) == hue

    def test_pictures_are_told_by_their_place(self):
        assert npm_tables.in_ranges("🐀", [(0x1F400, 0x1F43F)])
        assert not npm_tables.in_ranges("👨‍🌾", [(0x1F400, 0x1F4FF)])

    def test_tables_of_cldr_give_their_texts(self):
        units = {"metre": {"long": "metres", "short": "m"}, "gram": {"long": "grams", "short": "gg"}}
        assert list(cldr.texts(cldr.long_ones(units))) == ["metres", "grams"]
        assert list(cldr.texts({"a": "x", "b": {"c": "Monday", "d": "{0} days"}})) == ["Monday"]

    def test_given_names_of_english_are_told(self):
        assert faker_tables.is_english_given("person/en_US/first_names_female")
        assert not faker_tables.is_english_given("person/de_DE/first_names_female")
        assert not faker_tables.is_english_given("person/en_US/last_names")

    def test_names_of_holidays_are_taken_apart(self):
        assert holidays_by_country.names(["New Year (in lieu); Feast of X", "New Year"]) == ["Feast of X", "New Year"]

    def test_identifiers_are_sorted_by_style(self):
        assert identifiers.by_style(["SOL_TCP", "Thread", "get_ident", "_x", "HTTPError"]) == {
            "constants": ["SOL_TCP"],
            "classes": ["Thread", "HTTPError"],
            "functions": ["get_ident"],
        }


class TestOutput:
    def test_the_whole_way_from_sources_to_files(self, tmp_path, monkeypatch, capsys):
        cheeses = collect.benchmark()["cheeses"][:40]
        lists = [
            made("trees", [*numbered("oak", 12), "Anna", "darn oak", "{{oak}}"]),
            made("dinosaurs", numbered("saurus", 12)),
            made("knots", numbered("hitch", 12)),
            made("snacks", cheeses),
            made("trees again", numbered("oak", 12)),
            made("short", numbered("elm", 9)),
        ]
        (tmp_path / "names.txt").write_text("anna\nemma\n")
        monkeypatch.setattr(collect.sources, "makers", lambda *_: {"made": lambda: iter(lists), "other": None})
        monkeypatch.setattr(collect.sources, "abuse", lambda *_: frozenset({"darn"}))
        out, page = tmp_path / "out" / "corpus.jsonl", tmp_path / "page.md"
        collect.main(
            ["--data", str(tmp_path), "--out", str(out), "--provenance", str(page), "--only", "made"]
        )  # what makes "other" is no function
        written_lists = {
            name: {row["list"]: row["items"] for row in map(json.loads, out.with_name(name).read_text().splitlines())}
            for name in ("corpus.jsonl", "dev.jsonl", "judged.jsonl")
        }
        assert written_lists == {
            "corpus.jsonl": {"made/trees": numbered("oak", 12)},
            "dev.jsonl": {"made/knots": numbered("hitch", 12)},
            "judged.jsonl": {"made/dinosaurs": numbered("saurus", 12)},
        }
        said = capsys.readouterr().out
        assert "made: 5 of 6 lists are usable" in said
        assert "the benchmark's list cheeses: 1 lists" in said
        assert page.read_text(encoding="utf-8") in said

    def test_a_line_a_list(self, tmp_path):
        path = tmp_path / "deep" / "corpus.jsonl"
        collect.write(path, [made("trees/a", ["Eiche", "樫"]), made("trees/b", ["elm"])])
        lines = path.read_text(encoding="utf-8").splitlines()
        assert json.loads(lines[0]) == {
            "list": "made/trees/a",
            "kind": "trees",
            "source": "made",
            "licence": "CC0-1.0",
            "items": ["Eiche", "樫"],
        }
        assert len(lines) == 2
        assert "樫" in lines[0]
        assert list(path.parent.iterdir()) == [path]

    def test_what_is_kept_out_lies_beside_the_corpus(self, tmp_path):
        places = collect.places(tmp_path / "all.jsonl")
        assert {group: path.name for group, path in places.items()} == {
            "corpus": "all.jsonl",
            "dev": "dev.jsonl",
            "judged": "judged.jsonl",
        }

    def test_sources_of_many_languages_are_limited(self):
        source = Source("babel", "1", "Unicode-3.0")
        each = collect.limited(source.collected("x", "y", numbered("oak", 300)))
        assert len(each.items) == collect.LIMITS["babel"]
        assert collect.limited(made("x", numbered("oak", 300))).items == tuple(numbered("oak", 300))

    def test_the_table_counts_what_is_trained_on(self):
        lists: list[tuple[kept_out.Group, Collected]] = [
            ("corpus", made("a", ["oak", "elm"])),
            ("corpus", made("b", ["ash"])),
            ("dev", made("c", ["x"])),
        ]
        page = provenance.table(lists)
        assert "| made | 1 | CC0-1.0 | 2 | 3 | 9 | 1 |" in page
        assert "| all |  |  | 2 | 3 | 9 | 1 |" in page
