"""Which part of moreish may import which: the arrows of docs/design.md, by parsing every import there is."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.shapes import EVERY, FIRST, sampled

SRC = Path(__file__).parent.parent / "src" / "moreish"
KERNEL = {"cancellation", "errors", "markup", "options", "rng", "threads", "wording"}
TORCH = {"torch", "numpy", "jaxtyping"}

# part -> (parts of moreish it may import, or one module of a part; third-party packages it may import)
ARROWS: dict[str, tuple[set[str], set[str]]] = {
    "options": (set(), set()),
    "errors": ({"wording"}, set()),
    "cancellation": (set(), set()),
    "wording": (set(), set()),
    "rng": (set(), {"numpy", "torch"}),
    "threads": ({"rng"}, {"numpy", "torch", "threadpoolctl"}),
    "markup": (set(), set()),
    "scalar": (set(), set()),
    "ngram": (set(), {"numpy", "jaxtyping"}),
    "automata": ({"cancellation"}, {"numpy", "jaxtyping"}),
    "data": ({"options", "rng", "markup", "wording"}, {"numpy", "jaxtyping", "msgspec", "regex"}),
    "models": ({"cancellation", "options", "rng"}, TORCH),
    "backprop": ({"markup"}, TORCH | {"optree"}),
    "doctor": (set(), TORCH | {"lightning", "pytorch_lightning", "transformers"}),  # in its callbacks for them
    "fast": ({"cancellation", "models"}, TORCH),
    "background": (
        {"cancellation", "options", "rng", "threads", "wording", "data.symbols", "models", "ngram", "fast"},
        TORCH | {"safetensors"},
    ),
    "inference": (
        KERNEL | {"data", "models", "ngram", "automata", "fast", "background.blend", "background.shape"},
        TORCH | {"rapidfuzz"},
    ),
    "shards": (
        KERNEL | {"data", "ngram.counts", "runs.files", "runs.manifest"},
        {"numpy", "jaxtyping", "msgspec"},
    ),
    "training": (
        KERNEL
        | {"data", "shards", "models", "backprop", "fast", "doctor", "inference"}
        | {"runs.events", "runs.commands", "runs.schema"},
        TORCH | {"msgspec"},
    ),
    "recipes": ({"options", "data", "models", "training", "wording"}, set()),
    "fitting": (
        KERNEL
        | {"data", "models", "ngram", "background", "inference", "recipes", "shards", "training"}
        | {"runs.events", "runs.schema", "fast.library"},
        {"numpy", "torch", "msgspec", "jaxtyping"},
    ),
    "runs": ({"errors"}, {"numpy", "safetensors", "msgspec", "filelock"}),
    "serving": (
        KERNEL | {"api", "fitting", "inference", "data", "recipes", "background.choosing", "__version__"},
        {"fastapi", "starlette", "pydantic", "msgspec", "uvicorn"},
    ),
    "export": (
        {"errors", "options", "rng", "wording", "data", "models", "recipes.config", "runs"},
        TORCH | {"safetensors", "onnx", "onnxruntime", "onnxscript", "tensorboardX"},
    ),
    "sweeps": (
        KERNEL
        | {
            "api",
            "data",
            "models",
            "recipes",
            "runs",
            "shards.corpus",
            "export.tensorboard",
            "__version__",
        }
        | {"fitting.counting", "fitting.schedule", "inference.network", "training.population", "training.steps"},
        {"filelock", "msgspec", "optuna"},
    ),
    "studio": (
        KERNEL
        | {"api", "serving", "fitting", "inference", "data", "models", "recipes", "training", "runs"}
        | {"runs", "backprop", "doctor", "scalar", "__version__"},
        TORCH | {"fastapi", "starlette", "pydantic", "msgspec"} | {"anywidget", "traitlets"},
    ),
    "plots": (
        {"errors", "runs", "data", "models", "ngram", "doctor", "inference", "training"},
        TORCH | {"matplotlib"},
    ),
}
# These may import whatever is below them.
TOP = {"__init__", "__main__", "api", "cli", "lessons"}


def parts() -> list[str]:
    return sorted({p.relative_to(SRC).parts[0].removesuffix(".py") for p in SRC.rglob("*.py")})


def imports_of(part: str) -> set[str]:
    """Full names of all modules that this part imports, wherever in the file the import stands."""
    package = SRC / part
    files = sorted(package.rglob("*.py")) if package.is_dir() else [package.with_suffix(".py")]
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file}: relative import"
                assert node.module is not None
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("part", parts())
def test_every_part_has_its_place_in_the_picture(part):
    assert part in ARROWS or part in TOP, f"say in this test what {part} may import"


@pytest.mark.parametrize("part", [p for p in parts() if p in ARROWS])
def test_imports_follow_the_arrows(part):
    internal, third_party = ARROWS[part]
    for name in imports_of(part):
        top, _, rest = name.partition(".")
        if top == "moreish":
            allowed = {rest, *(rest[:i] for i, c in enumerate(rest) if c == ".")} & (internal | {part})
            assert allowed, f"{part} must not import moreish.{rest}"
        elif top not in sys.stdlib_module_names:
            assert top in third_party, f"{part} must not import {top}"


@pytest.mark.parametrize("part", [p for p in parts() if p not in ("cli", "__main__")])
def test_nothing_below_imports_the_command_line(part):
    assert not {name for name in imports_of(part) if name.startswith("moreish.cli")}


@pytest.mark.parametrize("part", [p for p in parts() if p != "__main__"])
def test_all_names_in_all_exist(part):
    module = importlib.import_module("moreish" if part == "__init__" else f"moreish.{part}")
    for name in getattr(module, "__all__", []):
        assert hasattr(module, name), f"moreish.{part}.__all__ names {name}, which is not there"


LIGHT = [
    "import moreish",
    "import moreish; dir(moreish); moreish.data",
    "import moreish; moreish.count(['emma', 'ava', 'anna']).score('emma')",
    "from moreish.cli import run; run(['more', 'minerals', '-n', '2'])",
    "import moreish.api",
    "from moreish.cli import run; run(['--help'])",
    "from moreish.cli import run; run(['train', '--help'])",
    "from moreish.cli import run; run(['inspect', 'minerals'])",
    "from moreish.cli import run; assert run(['train', 'minerals', '--model', 'ngram', '--out', 'r', '-q']) == 0; "
    "assert run(['more', 'r', '-n', '3']) == 0; assert run(['score', 'r', 'quartz']) == 0; "
    "assert run(['evaluate', 'r']) == 0; assert run(['runs', '--root', '.']) == 0",
]


@pytest.mark.slow
@pytest.mark.parametrize("code", LIGHT, ids=range(len(LIGHT)))
def test_no_torch_is_loaded_where_none_is_needed(code, tmp_path):
    check = f"{code}\nimport sys\nassert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", check], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_training_does_not_wait_for_torchs_compiler(tmp_path):
    """torch imports it, which takes a second, the first time that one of its optimizers is made."""
    train = "run(['train', 'minerals', '--model', 'gru', '--steps', '3', '--out', 'r', '-q'])"
    check = f"from moreish.cli import run; assert {train} == 0\nimport sys\nassert 'torch._dynamo' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", check], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_opening_a_run_does_not_wait_for_torchs_compiler(tmp_path):
    train = "run(['train', 'minerals', '--model', 'transformer', '--steps', '3', '--out', 'r', '-q'])"
    asked = "run(['more', 'r', '-n', '3']) == 0; assert run(['score', 'r', 'quartz'])"
    for what in (train, asked):
        check = (
            f"from moreish.cli import run; assert {what} == 0\nimport sys; assert 'torch._dynamo' not in sys.modules"
        )
        done = subprocess.run(
            [sys.executable, "-c", check], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_shapes_are_checked_in_every_module_that_declares_some(pytestconfig):
    checked = pytestconfig.getoption("jaxtyping_packages").split(",")[:-1]
    declares = [path for path in SRC.rglob("*.py") if "\nfrom jaxtyping import " in path.read_text(encoding="utf-8")]
    names = [".".join(path.relative_to(SRC.parent).with_suffix("").parts) for path in declares]
    assert names
    assert [name for name in names if not any(f"{name}.".startswith(f"{each}.") for each in checked)] == []
    assert [each for each in checked if not any(f"{name}.".startswith(f"{each}.") for name in names)] == []


def test_a_wrong_shape_is_refused_and_what_declares_none_runs_as_it_is():
    import torch
    from jaxtyping import TypeCheckError

    from moreish.doctor.watch.measure import Reader, extreme

    def often():  # at least one of so many calls is checked
        for _ in range(EVERY):
            extreme(torch.amax, torch.zeros(3, dtype=torch.int64), 0)

    with pytest.raises(TypeCheckError, match="extreme"):
        often()
    assert hasattr(Reader.share, "__wrapped__")
    assert not hasattr(Reader.add, "__wrapped__")


def test_of_many_calls_the_first_and_some_of_the_later_ones_are_checked():
    checked: list[int] = []
    plain: list[int] = []
    called = sampled(plain.append, checked.append, always=False)
    for call in range(FIRST + 2 * EVERY):
        called(call)
    assert checked == [*range(FIRST), FIRST, FIRST + EVERY]
    assert len(plain) == 2 * EVERY - 2
    assert sampled(plain.append, checked.append, always=True) == checked.append
