"""What is shown beside a result: a stranger's text cannot move the cursor."""

from moreish.cli.doctor import Answer
from moreish.cli.show import note, symbol_name


def test_a_note_of_several_lines_shows_no_control_character(capsys):
    note("first\x1b[31m line\nsecond\x1b]0;title\x07 line")
    shown = capsys.readouterr().err
    assert "\x1b[31m" not in shown
    assert "\x07" not in shown
    assert "first\\x1b[31m line\n" in shown
    assert "second\\x1b]0;title\\x07 line" in shown


def test_a_report_of_the_doctor_shows_no_control_character(capsys, monkeypatch, tmp_path):
    from moreish.cli import doctor

    script = tmp_path / "x.py"
    script.write_text("pass")
    answer = Answer("A\x1b[31mB\nsecond line\n", {"findings": []}, None)
    monkeypatch.setattr(doctor, "_answer", lambda *_: answer)
    doctor.doctor(str(script))
    assert capsys.readouterr().out == "A\\x1b[31mB\nsecond line\n"


def test_a_symbol_that_cannot_be_seen_has_a_name():
    assert [symbol_name(symbol) for symbol in " \n\ta\x07"] == ["space", "newline", "tab", "a", "\\x07"]
