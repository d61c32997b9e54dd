"""A trained network in other people's formats: Hugging Face, ONNX, safetensors; a run's records for TensorBoard.

Nothing that is written here holds or needs code of ours: a folder of weights, plain JSON and a graph. Each format is
a function from what is to be exported to the files of the folder, in memory, so that a folder is written when all of
it is known to be right, or not at all.
"""

from moreish.export.exported import Exported, Subject
from moreish.export.folder import FORMATS, export, export_records, subject_of

__all__ = ["FORMATS", "Exported", "Subject", "export", "export_records", "subject_of"]
