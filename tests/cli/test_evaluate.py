"""moreish evaluate --on: another list is read as it is said, and what is advised works when it is typed."""

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
