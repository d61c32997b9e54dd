"""The weights of a network as safetensors, with names as torch has them, and what they mean as plain JSON."""

from moreish.export.exported import Contents, Subject
from moreish.runs.checkpoint import dump_tensors
from moreish.runs.files import encode


def tensors(subject: Subject) -> Contents:
    """`model.safetensors` is the network's `state_dict`, `moreish.json` its family, options and symbols."""
    arrays = {name: value.detach().cpu().numpy() for name, value in subject.module.state_dict().items()}
    return Contents({"model.safetensors": dump_tensors(arrays), "moreish.json": encode(subject.described())})
