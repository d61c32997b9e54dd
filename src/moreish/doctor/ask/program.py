"""A program, run as the interpreter runs it: a script or a module as __main__, which ends as it would by itself."""

import builtins
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, ModuleType, TracebackType

from moreish.doctor.watch.function_mode import IN_PLACE_OF

OURS = Path(__file__).resolve().parents[1]
MAIN = "__main__", "__mp_main__"  # the second is what multiprocessing's children call the first
INTERRUPTED = 130


@dataclass(frozen=True)
class Program:
    """`python target *argv`, or with `module` `python -m target *argv`."""

    target: str
    argv: Sequence[str] = ()
    module: bool = False

    @contextmanager
    def main(self) -> Iterator[Callable[[], BaseException | None]]:
        """What runs it to its end, and gives the exception that ended it, if any did, without our frames in its
        traceback. All that it made is there until this is left.

        Raises ValueError where there is no such program.
        """
        if not self.module and not Path(self.target).is_file():
            raise ValueError(f"{self.target}: there is no such script")
        with _main_module() as main:
            yield lambda: self._run(main)

    def _run(self, main: ModuleType) -> BaseException | None:
        try:
            code = self._of_module(main) if self.module else self._of_script(main)
            exec(code, vars(main))
        except NotRunnable:
            raise
        except BaseException as failure:  # whatever ends a program ends this one too, and no other
            forget_ours(failure)
            return failure
        return None

    def _of_script(self, main: ModuleType) -> CodeType:
        path = os.path.abspath(self.target)
        _begin(main, [self.target, *self.argv], str(Path(path).resolve().parent))
        loader = SourceFileLoader("__main__", path)
        vars(main).update(__file__=path, __cached__=None, __loader__=loader, __package__=None, __spec__=None)
        return compile(loader.get_data(path), path, "exec", dont_inherit=True)

    def _of_module(self, main: ModuleType) -> CodeType:
        _begin(main, ["-m", *self.argv], os.getcwd())
        spec = _found(self.target)
        code = getattr(spec.loader, "get_code", lambda name: None)(spec.name)
        if code is None:
            raise NotRunnable(self.target)
        sys.argv[0] = spec.origin or self.target
        vars(main).update(__file__=spec.origin, __cached__=spec.cached, __loader__=spec.loader)
        vars(main).update(__package__=spec.parent, __spec__=spec)
        return code


class NotRunnable(ValueError):
    """There is no module of this name, or none that can be run."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no module {name} that can be run: is it spelled, and found, from this folder?")


def _found(name: str) -> ModuleSpec:
    """Where the module is; of a package its __main__. Raises NotRunnable; what a package raises goes on."""
    try:
        spec = None if name.startswith(".") else find_spec(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise NotRunnable(name) from None
        raise
    except ValueError:
        raise NotRunnable(name) from None
    if spec is None:
        raise NotRunnable(name)
    return spec if spec.submodule_search_locations is None else _found(f"{name}.__main__")


@contextmanager
def _main_module() -> Iterator[ModuleType]:
    """A new __main__; that, sys.argv and sys.path are as before afterwards."""
    before = sys.argv, sys.path, sys.path[:]
    modules = {name: sys.modules[name] for name in MAIN if name in sys.modules}
    main = ModuleType("__main__")
    vars(main)["__builtins__"] = builtins
    try:
        yield main
    finally:
        for name in MAIN:
            sys.modules.pop(name, None)
        sys.modules.update(modules)
        sys.argv, sys.path, sys.path[:] = before


def _begin(main: ModuleType, argv: list[str], place: str) -> None:
    """sys.argv and sys.path as the interpreter sets them for a program of this place, and __main__ its own."""
    if not sys.flags.safe_path:
        ours = sys.path[:1] if sys.path and sys.path[0] in {"", _own_place()} else []
        sys.path[: len(ours)] = [place]
    sys.argv = argv
    sys.modules.update(dict.fromkeys(MAIN, main))


def _own_place() -> str:
    """What the interpreter put first on sys.path for the program that is running now."""
    main = sys.modules["__main__"]
    file = getattr(main, "__file__", None)
    if getattr(main, "__spec__", None) is not None:
        return os.getcwd()
    return str(Path(file).resolve().parent) if file else ""


def ending(failure: BaseException | None) -> int:
    """Say on stderr what the interpreter says of a program that ended so, and give its exit code."""
    if failure is None:
        return 0
    if isinstance(failure, SystemExit):
        if failure.code is None or isinstance(failure.code, int):
            return failure.code or 0
        print(failure.code, file=sys.stderr)
        return 1
    sys.excepthook(type(failure), failure, failure.__traceback__)
    return INTERRUPTED if isinstance(failure, KeyboardInterrupt) else 1


@contextmanager
def before_leaving(told: Callable[[int], int]) -> Iterator[None]:
    """Where this process, but no child of it, is ended by `os._exit`, call `told` first; it gives the exit code."""
    leave, process = os._exit, os.getpid()

    def last(status: int) -> None:
        if os.getpid() == process:
            os._exit = leave
            status = told(status)
        leave(status)

    setattr(os, "_exit", last)  # noqa: B010 - the standard library's, for a while
    try:
        yield
    finally:
        setattr(os, "_exit", leave)  # noqa: B010


# ---- tracebacks ----


def forget_ours(failure: BaseException) -> None:
    """Take the frames of the doctor out of the traceback of a failure, and of those that led to it."""
    todo: list[BaseException | None] = [failure]
    done: set[int] = set()
    while todo:
        error = todo.pop()
        if error is None or id(error) in done:
            continue
        done.add(id(error))
        error.__traceback__ = _without_ours(error.__traceback__)
        todo += [error.__cause__, error.__context__, *getattr(error, "exceptions", ())]


def _without_ours(traceback: TracebackType | None) -> TracebackType | None:
    steps: list[TracebackType] = []
    while traceback is not None:
        steps.append(traceback)
        traceback = traceback.tb_next
    kept: list[TracebackType] = []
    for step in steps:
        if not _is_ours(step):
            kept.append(step)
        elif len(kept) > 1 and kept[-1].tb_frame.f_code.co_name == "handle_torch_function":
            del kept[-2:]  # how torch came to ask us; the function itself follows once more
    while kept and not kept[0].tb_frame.f_globals.get("__name__", "").startswith("__main__"):
        if not _is_of_import(kept[0]):
            break
        del kept[0]
    last = None
    for step in reversed(kept):
        last = TracebackType(last, step.tb_frame, step.tb_lasti, step.tb_lineno)
    return last


def _is_ours(step: TracebackType) -> bool:
    code = step.tb_frame.f_code
    return code.co_name == IN_PLACE_OF or OURS in Path(code.co_filename).parents


def _is_of_import(step: TracebackType) -> bool:
    """Whether this is a frame of whatever finds a module."""
    return step.tb_frame.f_globals.get("__name__", "").startswith("importlib")
