"""Loads: what `load_state_dict` was given and what of it arrived, told to the doctor of the model, now or later."""

import weakref
from collections.abc import Iterable, Mapping

from torch import Tensor, nn

from moreish.doctor.doctor import Doctor
from moreish.doctor.frames.evidence import Load

MOST = 64  # loads that wait for a doctor


class Loads:
    """Those that went wrong without a word."""

    def __init__(self) -> None:
        self._waiting: list[tuple[weakref.ref[nn.Module], Load]] = []
        self._fitted = False  # whether anything was loaded into any module

    def loading(self, module: nn.Module, state: Mapping[str, object], doctors: Iterable[Doctor]) -> None:
        """A module is about to be given this."""
        try:
            load = compared(module, state)
        except Exception:  # of a stranger's module or mapping; torch itself says what is wrong with it
            return
        if load is None:
            self._fits(module, doctors)
            return
        if not state and self._fitted:
            return  # a part for which nothing was kept, beside others that got theirs
        load = load._replace(of=id(module))
        for doctor in doctors:
            if doctor.owns(module):
                doctor.history.evidence.loads.append(load._replace(step=doctor.steps))
                return
        if len(self._waiting) < MOST:
            self._waiting.append((weakref.ref(module), load))

    def _fits(self, module: nn.Module, doctors: Iterable[Doctor]) -> None:
        """What went into a module fits: what was tried before does not matter any more."""
        self._fitted = True
        self._waiting = [(reference, load) for reference, load in self._waiting if reference() is not module]
        for doctor in doctors:
            loads = doctor.history.evidence.loads
            loads[:] = [load for load in loads if load.of != id(module) or load.itself]

    def tell(self, doctor: Doctor) -> None:
        """Tell a doctor of what its models were given before it came."""
        left = []
        for reference, load in self._waiting:
            module = reference()
            if module is not None and doctor.owns(module):
                doctor.history.evidence.loads.append(load)
            elif module is not None:
                left.append((reference, load))
        self._waiting = left

    def leave(self, doctor: Doctor) -> None:
        """Tell the last doctor what went into modules that no training owns, such as a frozen encoder."""
        doctor.history.evidence.loads.extend(load for _, load in self._waiting if not load.itself)
        self._waiting = []


def compared(module: nn.Module, state: Mapping[str, object]) -> Load | None:
    """What is wrong with a load: nothing fits, names differ by a beginning, or it is the module itself."""
    own = {**dict(module.named_parameters()), **dict(module.named_buffers())}  # state_dict may be somebody's own
    given = {k: v for k, v in state.items() if isinstance(v, Tensor)}
    if not own or not given:
        return Load("", 0, len(own)) if own and not state else None
    fitting = [k for k in given if k in own]
    if not fitting:
        return Load(_beginning(list(given), own), 0, len(own))
    unknown = [k for k in given if k not in own]
    beginning = _beginning(unknown, own) if len(unknown) > len(fitting) else ""
    if beginning:
        return Load(beginning, len(fitting), len(own))
    matrices = [k for k in fitting if own[k].dim() > 1]
    if matrices and all(_is_same(given[k], own[k]) for k in fitting):
        return Load("", len(fitting), len(own), itself=True)
    return None


def _beginning(names: list[str], own: Mapping[str, object]) -> str:
    """What stands before every name of one side that the other side has without: "module."; empty where nothing."""
    for name in names:
        for ours in own:
            if name != ours and (name.endswith(f".{ours}") or ours.endswith(f".{name}")):
                longer, shorter = (name, ours) if len(name) > len(ours) else (ours, name)
                return longer[: len(longer) - len(shorter)]
    return ""


def _is_same(a: Tensor, b: Tensor) -> bool:
    try:
        same = a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()
    except RuntimeError:  # a tensor without a storage of its own
        return False
    return same and a.shape == b.shape and a.storage_offset() == b.storage_offset()
