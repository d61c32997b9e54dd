"""Lists as they are pasted, from a terminal: read as meant and told, or as they stand and hinted at."""

import io
import json

import pytest

NAMES = ["Anna", "Bella", "Cleo", "Dora", "Emma", "Fiona", "Greta"]

READ = {
    "bullets": "".join(f"- {x}\n" for x in NAMES),
    "round bullets": "".join(f"•\t{x}\n" for x in NAMES),
    "numbers": "".join(f"{i}. {x}\n" for i, x in enumerate(NAMES, 1)),
    "quotes": "".join(f'"{x}",\n' for x in NAMES),
    "commas": "".join(f"{x},\n" for x in NAMES),
    "html": "<ul>\n" + "".join(f"<li>{x}</li>\n" for x in NAMES) + "</ul>\n",
}


@pytest.mark.parametrize("kind", READ)
def test_marks_come_off_and_one_line_says_so(moreish, folder, kind):
    (folder / "pasted.txt").write_text(READ[kind], encoding="utf-8")
    code, out, err = moreish("inspect", "pasted.txt")
    (said,) = (line for line in err.splitlines() if "data.marks=keep" in line)
    assert (code, "read without" in said, "list with" in out) == (0, True, True)
    assert json.loads(moreish("inspect", "pasted.txt", "--json")[1])["longest_item"] == "Bella"
    kept = json.loads(moreish("inspect", "pasted.txt", "--json", "--set", "data.marks=keep")[1])
    assert (kept["longest_item"] != "Bella" or "\t" in READ[kind], len(kept["read_as"]) < 2) == (True, True)


def test_a_markdown_table_and_a_single_line_are_read(moreish, folder):
    rows = "".join(f"| {x} | nordic |\n" for x in NAMES)
    (folder / "table.md").write_text(f"| name | origin |\n|------|--------|\n{rows}")
    read = json.loads(moreish("inspect", "table.md", "--column", "name", "--json")[1])
    assert (read["items"], read["longest_item"]) == (7, "Bella")
    (folder / "line.txt").write_text(", ".join(NAMES) + "\n")
    assert json.loads(moreish("inspect", "line.txt", "--json")[1])["items"] == 7


@pytest.mark.parametrize(
    ("before", "line", "hint"),
    [
        ("", "{x} 2{i}", "say --weight 2"),
        ("", "{x}\t2{i}", "say --weight 2"),
        ("# source: a page\n", "{x}", "as comments do"),
        ("My names:\n", "{x}", "looks like a heading"),
        ("", "– {x}", 'begin with "–"'),
    ],
)
def test_where_there_is_doubt_nothing_is_changed_and_one_line_hints(moreish, folder, before, line, hint):
    text = before + "".join(line.format(x=x, i=i) + "\n" for i, x in enumerate(NAMES))
    (folder / "doubt.txt").write_text(text, encoding="utf-8")
    code, _, err = moreish("inspect", "doubt.txt")
    assert (code, err.count(hint), "data.marks" in err) == (0, 1, False)


@pytest.mark.slow
def test_every_command_that_reads_a_list_reads_it_as_meant(moreish, folder):
    lists = (folder / "list.txt").read_text().split()
    (folder / "bulleted.txt").write_text("".join(f"- {x}\n" for x in lists))
    code, out, err = moreish("more", "bulleted.txt", "--background", "none", "-n", 20)
    assert (code, "- " in out, err.count("data.marks=keep")) == (0, False, 1)
    assert moreish("odd", "bulleted.txt", "-n", 3)[1] == moreish("odd", "list.txt", "-n", 3)[1]
    losses = [
        json.loads(moreish("evaluate", "list-ngram-1", "--on", file, "--json")[1])["loss"]
        for file in ("bulleted.txt", "list.txt")
    ]
    assert losses[0] == losses[1]
    for command in (["odd", "bulleted.txt"], ["evaluate", "list-ngram-1", "--on", "bulleted.txt"]):
        assert moreish(*command)[2].count("data.marks=keep") == 1
        assert "data.marks" not in moreish(*command, "-q")[2]


def test_a_run_remembers_whether_marks_were_kept(moreish, folder):
    (folder / "runmarks.txt").write_text("".join(f"- {x}\n" for x in (folder / "list.txt").read_text().split()))
    training = "train", "runmarks.txt", "--model", "ngram"
    assert moreish(*training, "--out", "dropped")[2].count("data.marks=keep") == 1
    assert moreish(*training, "--set", "data.marks=keep", "--out", "kept")[0] == 0
    options = [
        json.loads((folder / run / "config.json").read_text())["options"]["options"]["data"]["marks"]
        for run in ("dropped", "kept")
    ]
    assert options == ["drop", "keep"]
    assert all(item.startswith("- ") for item in moreish("more", "kept", "-n", 5, "--seed", 1)[1].splitlines())


def scored(moreish, *arguments):
    code, out, err = moreish("score", "list-ngram-1", *arguments)
    assert code == 0
    return out, err


@pytest.mark.parametrize("kind", READ)
def test_items_to_score_are_read_as_a_list_is(moreish, folder, kind):
    items = (folder / "list.txt").read_text().split()[: len(NAMES)]
    marked = READ[kind]
    for name, item in zip(NAMES, items, strict=True):
        marked = marked.replace(name, item)
    (folder / "plain.txt").write_text("\n".join(items) + "\n")
    (folder / "scored.txt").write_text(marked, encoding="utf-8")
    plain, _ = scored(moreish, "--file", "plain.txt")
    out, err = scored(moreish, "--file", "scored.txt")
    assert (out, err.count("data.marks=keep")) == (plain, 1)
    assert "data.marks" not in scored(moreish, "--file", "scored.txt", "-q")[1]


def test_items_to_score_may_be_a_column_of_a_table(moreish, folder):
    items = (folder / "list.txt").read_text().split()[:20]
    (folder / "plain.txt").write_text("\n".join(items) + "\n")
    (folder / "scored.csv").write_text("name,title\n" + "".join(f"xx,{item}\n" for item in items))
    plain = scored(moreish, "--file", "plain.txt")[0]
    assert scored(moreish, "--file", "scored.csv", "--column", "title")[0] == plain
    code, out, err = moreish("score", "list-ngram-1", "--file", "scored.csv", "--column", "nothing")
    assert (code, out, err.count("\n"), "nothing" in err) == (2, "", 1, True)


def test_items_are_scored_as_they_stand_where_the_run_keeps_marks(moreish, folder):
    (folder / "dashed.txt").write_text("".join(f"- {x}\n" for x in (folder / "list.txt").read_text().split()))
    keep = "--set", "data.marks=keep"
    assert moreish("train", "dashed.txt", "--model", "ngram", *keep, "--out", "dashed")[0] == 0
    code, out, err = moreish("score", "dashed", "--file", "dashed.txt")
    assert (code, out.startswith("- "), "data.marks" in err) == (0, True, False)


def test_a_file_from_windows_is_told_its_encoding(moreish, folder):
    (folder / "windows.txt").write_bytes("“Zoë”\nAndré\n".encode("cp1252"))
    code, out, err = moreish("inspect", "windows.txt")
    assert (code, out, err.count("\n"), "say --encoding cp1252" in err) == (2, "", 1, True)
    assert moreish("inspect", "windows.txt", "--encoding", "cp1252")[0] == 0


def test_a_kind_of_a_list_without_kinds_is_answered_with_by(moreish):
    code, out, err = moreish("more", "list-ngram-1", "--of", "elves")
    assert (code, out, err.count("\n"), "--by" in err) == (2, "", 1, True)


def test_the_shell_shows_as_many_as_were_asked_for(moreish, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\n"), encoding="utf-8"))
    code, out, _ = moreish("more", "list-ngram-1", "-i", "-n", 3)
    numbers = [line.split()[0] for line in out.splitlines() if line.split()[:1] and line.split()[0].isdigit()]
    assert (code, numbers) == (0, ["1", "2", "3", "4", "5", "6"])


def test_a_run_is_evaluated_on_a_column_of_a_table(moreish, folder):
    items = (folder / "list.txt").read_text().split()[:50]
    (folder / "on.csv").write_text("word,title\n" + "".join(f"xx,{item}\n" for item in items))
    (folder / "on.txt").write_text("\n".join(items) + "\n")
    table = json.loads(moreish("evaluate", "list-ngram-1", "--on", "on.csv", "--column", "title", "--json")[1])
    plain = json.loads(moreish("evaluate", "list-ngram-1", "--on", "on.txt", "--json")[1])
    assert (table["items"], table["loss"]) == (plain["items"], plain["loss"])
    code, _, err = moreish("evaluate", "list-ngram-1", "--on", "on.csv", "--column", "nothing")
    assert (code, err.count("\n"), "nothing" in err) == (2, 1, True)
