"""The command line. Importing this loads nothing of it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from moreish.cli.app import run

__all__ = ["run"]


def __getattr__(name: str) -> object:
    if name == "run":
        from moreish.cli import app

        return app.run
    raise AttributeError(f"module 'moreish.cli' has no attribute {name!r}")
