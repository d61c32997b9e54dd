"""moreish evaluate --on: another list is read as it is said, and what is advised works when it is typed."""

import json

from tests.support.lists import made_items


def test_what_is_advised_for_another_list_is_taken(moreish, folder, tmp_path):
    items = made_items(60)
    (tmp_path / "list.txt").write_text("\n".join([*items, "é", "è"]) + "\n", encoding="utf-8")
    run = tmp_path / "run"
    assert moreish("train", tmp_path / "list.txt", "--model", "ngram", "--out", run)[0] == 0
    other = tmp_path / "other.txt"
    other.write_bytes("\n".join([*items[:9], "é"]).encode("latin-1"))
    code, _, err = moreish("evaluate", run, "--on", other)
    assert (code, "say --encoding latin-1" in err) == (2, True)
    code, out, _ = moreish("evaluate", run, "--on", other, "--encoding", "latin-1")
    assert (code, "10 items" in out) == (0, True)
    long = tmp_path / "long.txt"
    long.write_text(items[0][0] * 20_000 + "\n", encoding="utf-8")
    code, _, err = moreish("evaluate", run, "--on", long)
    assert (code, "--set data.max_length=100000" in err) == (2, True)
    assert moreish("evaluate", run, "--on", long, "--set", "data.max_length=100000")[0] == 0
    code, _, err = moreish("evaluate", run, "--on", other, "--set", "train.lr=1")
    assert (code, "train is not about how another list is read" in err) == (2, True)
    for idle in ("val_share=0.3", "by=kind", "unit=word"):
        code, _, err = moreish("evaluate", run, "--on", other, "--set", f"data.{idle}")
        assert (code, f"--set data.{idle.partition('=')[0]} changes nothing" in err) == (2, True)


def test_items_that_a_run_learned_from_are_told(moreish, tmp_path):
    own, other, new = (tmp_path / name for name in ("own.txt", "other.txt", "new.txt"))
    items = ["anna", "bella", "carla", "dana", "ella", "bren", "clan", "nell", "rael", "lena", "adra", "erna"]
    own.write_text("\n".join(items), encoding="utf-8")
    other.write_text("\n".join([*items[:3], "renna", "dalla"]), encoding="utf-8")
    new.write_text("renna\ndalla", encoding="utf-8")
    assert moreish("train", own, "--out", tmp_path / "run", "--time-budget", "0")[0] == 0
    told = json.loads(moreish("evaluate", tmp_path / "run", "--on", other, "--json")[1])["told"]
    assert len(told) == 1
    assert told[0].startswith("3 of its 5 items stand in the list that run learned from")
    _, _, err = moreish("evaluate", tmp_path / "run", "--on", other)
    assert " ".join(told[0].split()) in " ".join(err.split())
    assert "told" not in json.loads(moreish("evaluate", tmp_path / "run", "--on", new, "--json")[1])


def test_another_list_is_read_in_utf_8_whatever_the_encoding_of_the_runs_own(moreish, tmp_path):
    own, other = tmp_path / "own.txt", tmp_path / "other.txt"
    own.write_text("\n".join(["café", "née", "anna", "cela", "fine", "file", "cane"] * 2), encoding="latin-1")
    other.write_text("cané\nfilé", encoding="utf-8")
    run = tmp_path / "run"
    assert moreish("train", own, "--encoding", "latin-1", "--out", run, "--time-budget", "0")[0] == 0
    assert moreish("evaluate", run, "--on", other)[0] == 0
    code, _, err = moreish("evaluate", run, "--on", own)
    assert code != 0
    assert "--encoding latin-1" in err


def test_a_text_that_a_run_learned_from_is_told(moreish, tmp_path):
    text, new = tmp_path / "text.txt", tmp_path / "new.txt"
    words = [f"{a}{b}" for a in "kmnprst" for b in "aeiou"]
    text.write_text(" ".join([*words, *(words[i * i % 35] for i in range(1500))]), encoding="utf-8")
    new.write_text(" ".join(words[(i**3 + i) % 35] for i in range(200)), encoding="utf-8")
    assert moreish("train", text, "--text", "--model", "ngram", "--out", tmp_path / "run")[0] == 0
    told = json.loads(moreish("evaluate", tmp_path / "run", "--on", text, "--json")[1])["told"]
    assert "of it, as far as was looked, stands word for word in the text that run learned from" in told[0]
    assert "told" not in json.loads(moreish("evaluate", tmp_path / "run", "--on", new, "--json")[1])
