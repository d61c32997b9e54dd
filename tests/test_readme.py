"""Every command block of the README and of the docs' pages for users is executed, so none can go stale."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
ENV = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1", "COLUMNS": "100"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.S)


def commands() -> list[str]:
    """What stands after `$ ` in the console blocks, in order."""
    lines = "".join(blocks("console")).splitlines()
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


@pytest.mark.slow
def test_the_commands_of_the_readme_work_one_after_the_other(tmp_path):
    (tmp_path / "my-list.txt").write_text(
        "\n".join((ROOT / "src/moreish/data/lists/towns.txt").read_text().split()[:300])
    )
    (tmp_path / "train.py").write_text(blocks("python")[1])
    ran = 0
    for command in commands():
        if command.startswith(("make", "git", "cd")):
            continue
        shortened = command
        if command.split()[:2] in (["moreish", "my-list.txt"], ["moreish", "names"]):
            shortened += " --time-budget 2s"  # the README's reader has fifteen seconds, the tests do not
        done = subprocess.run(
            shortened, shell=True, cwd=tmp_path, env=ENV, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        ran += 1
    assert ran >= 10


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
@pytest.mark.parametrize("target", sorted({c.split()[1] for c in commands() if c.startswith("make")}))
def test_the_make_targets_of_the_readme_exist(target):
    listed = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert listed.returncode == 0, listed.stderr


def test_setting_up_without_make_is_the_same_for_every_shell():
    shell, power = (blocks(language)[0].splitlines() for language in ("sh", "powershell"))
    assert shell[0] == "python3 tools/bootstrap.py runtime"
    assert power[0] == "py tools\\bootstrap.py runtime"
    assert shell[1] == power[1].replace("\\", "/").replace("Scripts", "bin")
    assert (ROOT / "tools" / "bootstrap.py").exists()


def test_the_two_commands_that_set_everything_up_come_first():
    assert [shlex.split(c)[0] for c in commands() if c.startswith("make")][:2] == ["make", "make"]
    assert commands().index("make more") < commands().index("make test")


@pytest.mark.slow
def test_the_python_of_the_readme_runs(tmp_path):
    code = blocks("python")[0].replace(
        "moreish.train(items)", 'moreish.train(items, options={"train": {"steps": 30}})'
    )
    assert "moreish.train" in code
    code = code.replace('recipe="quick"', 'model="ngram"')
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=ENV, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_what_the_readme_links_to_is_there(link):
    assert (ROOT / link).exists()
