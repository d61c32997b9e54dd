"""From a model to a folder: which network is meant, which format, and the files written whole or not at all."""

import contextlib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from moreish.data.vocab import Vocab
from moreish.errors import Unmet
from moreish.export.exported import Contents, Exported, Subject
from moreish.models.contract import LanguageModel
from moreish.models.kinds import components_of, one_kind_of
from moreish.options import did_you_mean, to_dict
from moreish.recipes.config import ModelChoice
from moreish.runs.files import Files, os_errors
from moreish.runs.folder import Run
from moreish.wording import called

FORMATS = {
    "hf": "moreish.export.hugging_face:hugging_face",
    "onnx": "moreish.export.onnx:onnx",
    "safetensors": "moreish.export.tensors:tensors",
}
"""Format -> the function that makes the files of it: `Subject` to `Contents`."""


def export(subject: Subject, to: str, folder: str | Path, files: Files | None = None) -> Exported:
    """Write a network into a new or empty folder, in a format of FORMATS.

    Raises ValueError where the folder is taken or the format is unknown, and Unmet where this network has no such
    form or the export does not do what the network does.
    """
    if to not in FORMATS:
        raise ValueError(f'there is no format "{to}"{did_you_mean(to, [*FORMATS, "tensorboard"])}')
    folder, files = Path(folder), files or Files()
    refuse_taken(folder)
    module, _, function = FORMATS[to].partition(":")
    make: Callable[[Subject], Contents] = getattr(import_module(module), function)
    contents = make(subject)
    _write(folder, contents, files)
    return Exported(folder, tuple(sorted(contents.files)), contents.difference, contents.shapes)


def export_records(run: Run, folder: Path) -> Exported:
    """Write all that a run has recorded for TensorBoard. Raises ValueError where the folder is taken."""
    from moreish.export import tensorboard

    refuse_taken(folder)
    with os_errors(folder, "written"):
        tensorboard.write(run, folder)
        return Exported(folder, tuple(sorted(path.name for path in folder.iterdir())))


def refuse_taken(folder: Path) -> None:
    """Raises ValueError where `folder` is a file, or has something in it."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} is not empty: choose another folder for the export")


def subject_of(
    name: str,
    model: LanguageModel,
    choice: ModelChoice,
    vocab: Vocab,
    kinds: tuple[str, ...] = (),
    component: int | None = None,
) -> Subject:
    """The network of a run that is to be exported: the only one, or component `component`, from 1, of a mixture.

    Raises Unmet where that is no network, and ValueError where there is no such component.
    """
    models, choices = components_of(model), choice.singles
    if component is None and len(choices) > 1:
        raise Unmet(f"{name} is a mixture of {_listed(choices)}, which no other program knows: {_which(choices)}")
    if component is not None and not 1 <= component <= len(choices):
        raise ValueError(f"{name} has {_listed(choices)}, so there is no component {component}")
    place = (component or 1) - 1
    found, single = one_kind_of(models[place]), choices[place]
    if single.name == "ngram":
        raise Unmet(
            f"{_named(name, single, component)} counts and is no network, so no other program can run it; its counts "
            "are plain safetensors in the run's checkpoints"
        )
    module = getattr(found, "module", None)
    if module is None:
        raise Unmet(
            f"{_named(name, single, component)} is the background net, which reads the list for each answer and no "
            "other program knows: train a network of one family, as in moreish train FILE --model gru"
        )
    return Subject(name, single.name, to_dict(single.options), module, vocab, kinds)


def _named(name: str, single: ModelChoice, component: int | None) -> str:
    return name if component is None else f"component {component} of {name} ({single.name})"


def _listed(choices: tuple[ModelChoice, ...]) -> str:
    return " + ".join(choice.name for choice in choices)


def _which(choices: tuple[ModelChoice, ...]) -> str:
    networks = [i for i, choice in enumerate(choices, 1) if choice in choice.networks]
    if not networks:
        return "it has no network that could be exported"
    several = len(networks) > 1
    numbers = ", ".join(called("component", i) for i in networks[:-1]) + (" or " if several else "")
    return f"export one network of it, with {numbers}{called('component', networks[-1])}"


def _write(folder: Path, contents: Contents, files: Files) -> None:
    """All of the files, or none."""
    with os_errors(folder, "written"):
        files.make_parents(folder)
        made = not folder.exists()
        if made:
            files.mkdir(folder)
        written: list[Path] = []
        try:
            for name, data in contents.files.items():
                written.append(folder / name)
                files.write(folder / name, data)
        except BaseException:
            with contextlib.suppress(OSError):
                for path in written:
                    path.unlink(missing_ok=True)
                if made:
                    files.rmdir(folder)
            raise
