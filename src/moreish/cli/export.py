"""moreish export."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from moreish.cli.flags import DEFAULT_ROOT, Json, Quiet, Root, Whole

if TYPE_CHECKING:
    from moreish.export import Exported


def export(
    run: str,
    folder: Path,
    *,
    to: Literal["hf", "onnx", "safetensors", "tensorboard"],
    component: Annotated[Whole | None, Parameter(negative=())] = None,
    root: Root = DEFAULT_ROOT,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """A run's network for other programs: Hugging Face, ONNX, safetensors; or its records for TensorBoard.

    Parameters
    ----------
    run
        A run folder, or its short name.
    folder
        Where it goes: a new folder, or an empty one.
    to
        hf: a Transformer as a folder that transformers opens, with its tokenizer; onnx: a graph, compared with torch
        before it is written; safetensors: the weights, and what they mean; tensorboard: everything that was recorded.
    component
        Which network of a mixture, from 1.
    """
    from moreish.cli.show import emit, note, telling, warn

    with telling(f"exporting {run}", quiet or json):
        from moreish.api import open_run

        opened = open_run(run, root)
        exported = opened.export(to, folder, component)
    for sentence in opened.passed_over:
        warn(sentence)
    if json:
        emit({"folder": str(exported.folder), "files": list(exported.files), "difference": exported.difference})
        return
    print(exported.folder)
    if not quiet:
        note(_described(exported))


def _described(exported: "Exported") -> str:
    files = ", ".join(exported.files)
    if exported.difference is None:
        return files
    shapes = ", ".join("x".join(map(str, shape)) for shape in exported.shapes)
    return f"{files}: as torch, within {exported.difference:.1e} (ids of shape {shapes})"
