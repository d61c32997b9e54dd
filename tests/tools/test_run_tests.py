"""Which tests `make test` runs: all of them where CI is set or all are asked for, else those that are not slow."""

import subprocess

import pytest

from tools import run_tests


@pytest.mark.parametrize(
    ("arguments", "ci", "every"), [([], "", False), (["--all"], "", True), ([], "true", True), (["-q"], "", False)]
)
def test_slow_tests_are_left_out_unless_all_are_asked_for_or_ci_is_set(
    monkeypatch, capsys, arguments: list[str], ci: str, every: bool
) -> None:
    commands: list[list[str]] = []

    def ran(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 3)

    monkeypatch.setattr(subprocess, "run", ran)
    monkeypatch.setenv("CI", ci)
    assert run_tests.main(arguments) == 3
    command = commands[-1]
    assert ("not slow" in command) is not every
    assert "--all" not in command
    assert ("-q" in command) is ("-q" in arguments)
    assert ("make test-all" in capsys.readouterr().out) is not every
