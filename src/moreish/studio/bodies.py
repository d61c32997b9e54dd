"""What the page may ask, as pydantic models; what lies below a name is checked where it is used."""

from typing import Annotated, Literal

import msgspec
from fastapi import Query
from pydantic import BaseModel, Field

from moreish.serving.bodies import STRICT, MoreBody, ScoreBody

__all__ = [
    "CommandBody",
    "DataOptions",
    "FindLrBody",
    "InsideBody",
    "ModelBody",
    "MoreBody",
    "NextBody",
    "ScoreBody",
    "TrainBody",
    "TrialBody",
    "options_in",
]

Name = Annotated[str, Field(max_length=200)]
Options = Annotated[dict[str, dict[str, object]], Field(description="by section: data, model, train", max_length=8)]
DataOptions = Annotated[str, Query(max_length=4000, description="options of the section data: an object of JSON")]


class ModelBody(BaseModel):
    """A model on a list, before any training."""

    model_config = STRICT
    list: Name
    model: Name | None = None
    recipe: Name | None = None
    options: Options = {}
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0


class TrainBody(ModelBody):
    """A run that is to begin."""

    name: Annotated[str, Field(max_length=80)] | None = None


class FindLrBody(ModelBody):
    """A learning-rate range test."""

    steps: Annotated[int, Field(ge=20, le=2000)] = 200
    seeds: Annotated[int, Field(ge=1, le=8)] = 2


class NextBody(BaseModel):
    """What may come after these symbols."""

    model_config = STRICT
    prefix: Annotated[str, Field(max_length=2000)] = ""
    temperature: Annotated[float, Field(gt=0, le=100)] = 1.0
    top_k: Annotated[int, Field(ge=1)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    count: Annotated[int, Field(ge=1, le=64)] = 16


class InsideBody(BaseModel):
    """An item that is to be looked at."""

    model_config = STRICT
    item: Annotated[str, Field(min_length=1, max_length=200)]


class TrialBody(BaseModel):
    """A remedy that is to be put to the test: what a finding names as its operation, and the finding's step."""

    model_config = STRICT
    remedy: Annotated[str, Field(max_length=64)]
    arguments: Annotated[dict[str, object], Field(max_length=16)] = {}
    at: Annotated[int, Field(ge=0, le=2**53)] = 0
    steps: Annotated[int, Field(ge=1, le=1000)] = 300


class CommandBody(BaseModel):
    """What is wanted of a training that runs."""

    model_config = STRICT
    command: Literal["pause", "go", "step", "lr", "stop", "save", "break", "undo", "heal"]
    factor: Annotated[float, Field(ge=0, le=1e6)] | None = None
    fault: Annotated[str, Field(max_length=16)] | None = None
    severity: float | None = None
    remedy: Annotated[str, Field(max_length=64)] | None = None
    arguments: dict[str, object] | None = None


def options_in(data: str) -> dict[str, object]:
    """The options of a section. Raises ValueError for what is no object of JSON."""
    try:
        return msgspec.json.decode(data, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise ValueError(f"data is no object of JSON: {error}") from None
