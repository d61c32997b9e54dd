"""`moreish info` says what a report needs, for people and as JSON."""

import json

from moreish.cli import run
from moreish.cli.info import OF_EXTRA


def test_what_a_report_needs_is_said(capsys, tmp_path):
    assert run(["info", "--json", "--root", str(tmp_path)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["moreish"] == "0.1.0"
    assert found["packages"]["torch"]
    assert found["extras"]["plots"] in (True, False)
    assert found["folders"]["runs"] == str(tmp_path)
    assert found["instructions"]
    assert run(["info"]) == 0
    said = capsys.readouterr().out
    for word in ("moreish", "python", "instructions", "torch", "extras" if not found["extras"] else "plots", "lists"):
        assert f"{word} " in said


def test_the_extra_of_a_requirement_is_read_whoever_built_the_package():
    for line in (
        'onnx>=1.18; extra == "onnx"',
        "onnx>=1.18 ; extra == 'onnx'",
        'onnx ; python_version>"3" and extra == "onnx"',
    ):
        assert OF_EXTRA.match(line)["package"] == OF_EXTRA.match(line)["extra"] == "onnx"
    assert OF_EXTRA.match("numpy>=2") is None
