"""Shell completion, in the shells themselves: what they offer after some words."""

import shutil
import subprocess

import pytest

from moreish.cli import run
from moreish.cli.app import COMMANDS

BASH = """
source "$1"
rule=$(complete -p moreish)
COMP_WORDS=("${@:2}"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_moreish
printf '%s\\n' "${COMPREPLY[@]}"
[[ $rule == *"-o default"* ]] && echo "else files"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """The file that a shell reads."""
    made = {}

    def written(shell, capfd):
        if shell not in made:
            assert run(["completion", shell]) == 0
            made[shell] = tmp_path_factory.mktemp("completion") / f"moreish.{shell}"
            made[shell].write_text(capfd.readouterr().out, encoding="utf-8")
        return made[shell]

    return written


def needs(shell):
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not there")


def asked(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@needs("bash")
def test_bash_offers_commands_options_and_their_values(script, capfd):
    def offered(*words):
        return asked("bash", "--norc", "-c", BASH, "bash", script("bash", capfd), "moreish", *words)

    assert offered("eval") == ["evaluate", "else files"]
    assert set(offered("")) >= set(COMMANDS)
    assert offered("more", "--temp") == ["--temperature", "else files"]
    assert offered("more", "--format", "") == ["text", "csv", "json", "else files"]
    assert offered("completion", "") == ["bash", "zsh", "fish", "else files"]
    assert offered("score", "my-") == ["", "else files"]  # nothing of moreish's own, so bash offers files


@needs("fish")
def test_fish_offers_commands_options_and_files(script, capfd, tmp_path):
    def offered(line):
        code = f"source {script('fish', capfd)}; cd {tmp_path}; complete -C'{line}'"
        return [line.partition("\t")[0] for line in asked("fish", "--no-config", "-c", code)]

    (tmp_path / "zebras.txt").touch()
    assert offered("moreish eval") == ["evaluate"]
    assert offered("moreish more --temp") == ["--temperature"]
    assert offered("moreish evaluate zeb") == ["zebras.txt"]


@needs("zsh")
def test_zsh_takes_the_script_by_either_way(script, capfd, tmp_path):
    path = script("zsh", capfd)
    (tmp_path / "_moreish").write_bytes(path.read_bytes())
    found = asked("zsh", "-f", "-c", f"autoload -U compinit; compinit -u -D; source {path}; echo $_comps[moreish]")
    assert found == ["_moreish"]
    in_fpath = f"fpath=({tmp_path} $fpath); autoload -U compinit; compinit -u -D; echo $_comps[moreish]"
    assert asked("zsh", "-f", "-c", in_fpath) == ["_moreish"]


def test_zsh_offers_files_for_arguments_and_values_for_options(script, capfd):
    text = script("zsh", capfd).read_text(encoding="utf-8")
    arguments = [line for line in text.splitlines() if line.strip().startswith(("'1:", "'*:")) and "->" not in line]
    assert len(arguments) > 10
    assert all(line.rstrip(" \\").endswith((":_files'", ")'", ')"')) for line in arguments), arguments


def test_another_shell_is_a_sentence(capfd):
    assert run(["completion", "tcsh"]) == 2
    assert 'Choose from: "bash", "zsh", "fish"' in capfd.readouterr().err
