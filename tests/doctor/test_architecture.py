"""Which folder of the doctor may import which, and what a newcomer may rely on."""

import ast
from pathlib import Path

import pytest

DOCTOR = Path(__file__).parents[2] / "src" / "moreish" / "doctor"

# folder -> folders of the doctor that it may import
ARROWS = {
    "frames": set(),
    "watch": {"frames"},
    "judge": {"frames"},  # what is seen in a frame is judged, however it came to be seen
    "tell": {"frames", "judge"},  # values, never a probe
    "treat": {"judge"},
    "ask": {"tell", "frames", "watch", "judge", "doctor"},
}
DOOR = {"__init__", "__main__", "doctor"}  # everything meets here
FOR_OTHERS = {"lightning", "hugging_face", "testing", "records"}  # imported by name, where they are wanted


def imported(file):
    """Folders (or the door) of the doctor that a file imports, wherever in it the import stands.

    But for what a value loads to show itself in a notebook, as Python's own protocol has it.
    """
    names = set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    shown = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == "_repr_html_"]
    passed_over = {id(inner) for function in shown for inner in ast.walk(function)}
    for node in (node for node in ast.walk(tree) if id(node) not in passed_over):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.split(".")[2] for name in names if name.startswith("moreish.doctor.")}


def test_every_file_of_the_doctor_lies_in_a_folder_or_at_the_door():
    assert {p.name for p in DOCTOR.iterdir() if p.is_dir() and p.name != "__pycache__"} == set(ARROWS)
    assert {p.stem for p in DOCTOR.glob("*.py")} == DOOR | FOR_OTHERS


@pytest.mark.parametrize("name", sorted(FOR_OTHERS))
def test_what_serves_other_programs_stands_on_the_doctor_and_nothing_on_it(name):
    assert imported(DOCTOR / f"{name}.py") <= {"ask", "doctor", "judge", "watch"}
    assert not [p for p in DOCTOR.rglob("*.py") if name in imported(p)]


@pytest.mark.parametrize("folder", ARROWS)
def test_the_folders_follow_the_arrows(folder):
    for file in sorted((DOCTOR / folder).rglob("*.py")):
        assert imported(file) <= ARROWS[folder] | {folder}, file.relative_to(DOCTOR)
