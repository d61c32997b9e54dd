"""A server for programs: items and scores over HTTP. Needs the extra [serve]: fastapi and uvicorn."""

from moreish.serving.application import app
from moreish.serving.guard import Guard
from moreish.serving.work import Limits

__all__ = ["Guard", "Limits", "app"]
