"""A script under observation: any training script, run as it is; models and optimizers are found by themselves."""

import runpy
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from moreish.doctor.ask.ward import Ward
from moreish.doctor.ask.watched import Watched
from moreish.doctor.watch.clock import BUDGET


def watch_script(
    path: str | Path, argv: Sequence[str] = (), *, budget: float = BUDGET, ignore: Iterable[str] = ()
) -> Watched:
    """Run a script as `python path *argv` would, and watch every optimizer it makes and the models they train.

    The script's own output goes where it always goes. An exception of the script ends it and is returned as
    `error`; sys.exit(0) is no error. Raises ValueError if there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: there is no such script")
    ward = Ward(budget, ignore)
    error: BaseException | None = None
    with _as_main(path, argv), ward.open():
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as exit:
            error = exit if exit.code not in (None, 0) else None
        except (Exception, KeyboardInterrupt) as failure:
            error = failure
    return Watched(ward.doctors, error, ward.unwatched)


@contextmanager
def _as_main(path: Path, argv: Sequence[str]) -> Iterator[None]:
    """sys.argv and sys.path as the interpreter would set them for this script."""
    before = sys.argv, sys.path[:]
    sys.argv, sys.path = [str(path), *argv], [str(path.resolve().parent), *sys.path]
    try:
        yield
    finally:
        sys.argv, sys.path[:] = before[0], before[1]
