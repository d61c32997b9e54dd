"""A model as tensors and a plain description, and back. No code is ever read, only numbers of the expected shapes.

description   {"kind": "ngram", ...} | {"kind": "network", "name"} | {"kind": "blend", ...} | {"kind": "reader"}
              | {"kind": "mixture", "weights", "gate", "components"}
tensors       named "0/...", "1/...", one prefix a component
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise

import msgspec
import numpy as np

from moreish import ngram
from moreish.background import stored
from moreish.background.blend import Blend
from moreish.background.reader import ListReader
from moreish.errors import Damaged
from moreish.models import model_class
from moreish.models.contract import LanguageModel
from moreish.models.kinds import Kinded, components_of, mixed, mixture_in, one_kind_of
from moreish.models.mixture import Gate
from moreish.ngram.counts import HIGHEST_ORDER
from moreish.recipes import ModelChoice

Tensors = Mapping[str, np.ndarray]
MOST_BOUNDS = 64


class Saved(msgspec.Struct, frozen=True):
    """What the state of a checkpoint says, whoever made it."""

    model: dict[str, object]
    machine: dict[str, str | int] = {}


def to_tensors(model: LanguageModel) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    """(tensors, description) of any model there is; the tensors are copies."""
    tensors: dict[str, np.ndarray] = {}
    components = []
    for i, component in enumerate(components_of(model)):
        arrays, described = _component_to_tensors(component)
        tensors |= {f"{i}/{name}": array for name, array in arrays.items()}
        components.append(described)
    mixture = mixture_in(model)
    if mixture is None:
        return tensors, components[0]
    gate = None if mixture.gate is None else asdict(mixture.gate) | {"bounds": list(mixture.gate.bounds)}
    return tensors, {"kind": "mixture", "weights": mixture.weights.tolist(), "gate": gate, "components": components}


def from_tensors(
    tensors: Tensors, description: Mapping[str, object], choice: ModelChoice, vocab_size: int, kinds: int = 1
) -> LanguageModel:
    """The model that `to_tensors` took apart; `choice` says what it must be, `kinds` how many kinds the list has.

    Raises Damaged, with what is wrong, where description, tensors and configuration do not belong together.
    """
    several = description.get("kind") == "mixture"
    described = description.get("components") if several else [description]
    if not isinstance(described, list) or not 1 <= len(described) <= len(choice.singles):
        raise Damaged(f"the checkpoint does not hold the {len(choice.singles)} models that the configuration names")
    components = []
    for i, (component, single) in enumerate(zip(described, choice.singles, strict=False)):
        prefix = f"{i}/"
        own = {name.removeprefix(prefix): a for name, a in tensors.items() if name.startswith(prefix)}
        components.append(_component_from_tensors(own, component, single, vocab_size, kinds))
    if len(tensors) != sum(name.partition("/")[0] in map(str, range(len(components))) for name in tensors):
        raise Damaged("the checkpoint holds tensors that belong to no model of the configuration")
    if not several:
        return components[0]
    gate = _gate(description.get("gate"), [one_kind_of(component) for component in components])
    return mixed(components, _weights(description.get("weights"), gate, len(components)), gate)


def _component_to_tensors(component: LanguageModel) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    if isinstance(component, Kinded) and (counted := _counted_kinds(component)):
        return counted
    if isinstance(component, ngram.KindNGram):
        return _counted(component.pooled, [component])
    if isinstance(component, ngram.Backoff):
        arrays, metadata = ngram.to_tensors(component)
        return arrays, {"kind": "ngram", **metadata}
    if isinstance(component, ListReader):
        return stored.reader_to_tensors(component), {"kind": "reader"}
    if isinstance(component, Blend):
        arrays, metadata = stored.to_tensors(component)
        return arrays, {"kind": "blend", **metadata}
    from moreish.inference.network import module_of

    state = module_of(component).state_dict()
    shares = {"shares": component.shares.tolist()} if isinstance(component, Kinded) else {}
    return {name: p.detach().cpu().numpy().copy() for name, p in state.items()}, {"kind": "network", **shares}


def _counted_kinds(component: Kinded) -> tuple[dict[str, np.ndarray], dict[str, object]] | None:
    """N-grams of kinds: that of all items and that of each kind; None where the kinds are not counted."""
    counted = [each for each in component.of_kind if isinstance(each, ngram.KindNGram)]
    if not counted:
        return None
    arrays, metadata = _counted(counted[0].pooled, counted)
    return arrays, {**metadata, "shares": component.shares.tolist()}


def _counted(
    pooled: ngram.Backoff, counted: Sequence[ngram.KindNGram]
) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    arrays, metadata = ngram.to_tensors(pooled)
    for k, each in enumerate(counted):
        arrays |= {f"{k}/{name}": array for name, array in ngram.to_tensors(each.own)[0].items()}
    return arrays, {"kind": "ngram", **metadata, "trust": counted[0].trust}


def _component_from_tensors(
    tensors: Tensors, description: object, single: ModelChoice, vocab_size: int, kinds: int
) -> LanguageModel:
    kind = {"ngram": "ngram", "background": "blend", "reader": "reader"}.get(single.name, "network")
    if not isinstance(description, Mapping) or description.get("kind") != kind:
        raise Damaged(f"the checkpoint does not hold the {single.name} that the configuration names")
    if kind in ("blend", "reader"):
        try:
            if kind == "reader":
                return stored.reader_from_tensors(tensors, vocab_size)
            return stored.from_tensors(tensors, description, vocab_size)
        except ValueError as error:
            raise Damaged(str(error)) from None
    if kind == "ngram":
        try:
            if kinds > 1 or "trust" in description:
                return _kinds_from_tensors(tensors, description, vocab_size, kinds)
            model = ngram.from_tensors(tensors, description)
        except ValueError as error:
            raise Damaged(str(error)) from None
        if model.vocab_size != vocab_size:
            raise Damaged(f"the n-gram model has {model.vocab_size} ids, the vocabulary {vocab_size}")
        return model
    return _network(tensors, single, vocab_size, None if kinds == 1 else _shares(description, kinds))


def _kinds_from_tensors(
    tensors: Tensors, description: Mapping[str, object], vocab_size: int, kinds: int
) -> LanguageModel:
    """N-grams of kinds. Raises ValueError where the arrays are none, Damaged where the description is none."""
    plain = {name: a for name, a in tensors.items() if "/" not in name}
    pooled = ngram.from_tensors(plain, description)
    trust = description.get("trust")
    if pooled.vocab_size != vocab_size:
        raise Damaged(f"the n-gram model has {pooled.vocab_size} ids, the vocabulary {vocab_size}")
    if not isinstance(trust, float) or not 0 < trust < math.inf:
        raise Damaged(f"how much an n-gram trusts a kind is a positive number, not {trust!r}")
    own = [{n.partition("/")[2]: a for n, a in tensors.items() if n.startswith(f"{k}/")} for k in range(kinds)]
    of_kind = [ngram.KindNGram(pooled, ngram.from_tensors(arrays, description), trust) for arrays in own]
    return of_kind[0] if kinds == 1 else Kinded(of_kind, _shares(description, kinds))


def _shares(description: Mapping[str, object], kinds: int) -> np.ndarray:
    """How often each kind occurs. Raises Damaged where the description does not say it."""
    return _weights(description.get("shares"), None, kinds, "kinds")


def _network(
    tensors: Tensors, single: ModelChoice, vocab_size: int, shares: np.ndarray | None = None
) -> LanguageModel:
    """Names, shapes and dtypes are compared on a module that takes no memory yet; all float32, or all float64."""
    import torch

    from moreish.inference.network import network_of
    from moreish.models.blank import blank
    from moreish.models.net import with_kinds

    with blank():
        module = model_class(single.name)(single.options, vocab_size)
        module = with_kinds(module, 1 if shares is None else len(shares))
        if any(a.dtype == np.float64 for a in tensors.values()):
            module.double()
    expected = {
        name: (tuple(p.shape), str(p.dtype).removeprefix("torch.")) for name, p in module.state_dict().items()
    }
    found = {name: (a.shape, a.dtype.name) for name, a in tensors.items()}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise Damaged(
                f'the tensor "{name}" of the {single.name} is {_shown(found.get(name))} in the checkpoint, '
                f"but the configuration makes it {_shown(expected.get(name))}"
            )
    module.load_state_dict({name: torch.from_numpy(a.copy()) for name, a in tensors.items()}, assign=True)
    for p in module.parameters():
        p.requires_grad_(True)
    return network_of(module.eval(), shares)


def _shown(entry: tuple[tuple[int, ...], str] | None) -> str:
    return "missing" if entry is None else f"{entry[1]} {list(entry[0])}"


def _gate(values: object, components: Sequence[LanguageModel]) -> Gate | None:
    if values is None:
        return None
    match values:
        case {"component": int(component), "longest": int(longest), "bounds": list(bounds), **rest} if not rest:
            counted = 0 <= component < len(components) and isinstance(components[component], ngram.Backoff)
            ascending = all(type(b) is int for b in bounds) and all(a < b for a, b in pairwise([0, *bounds]))
            if counted and ascending and 0 <= longest <= HIGHEST_ORDER and len(bounds) <= MOST_BOUNDS:
                return Gate(component, longest, tuple(bounds))
    raise Damaged("the mixture's gate is not a count model of it with a length and ascending counts")


def _weights(values: object, gate: Gate | None, count: int, what: str = "mixture's weights") -> np.ndarray:
    def shares(row: object) -> bool:
        if not isinstance(row, list) or len(row) != count:
            return False
        numbers = all(isinstance(w, int | float) and not isinstance(w, bool) for w in row)
        return numbers and min(row) >= 0 and math.isclose(sum(row), 1, abs_tol=1e-6)

    rows = [values] if gate is None else values
    if not isinstance(rows, list) or len(rows) != (gate.groups if gate else 1) or not all(map(shares, rows)):
        raise Damaged(f"the {what} are not {count} shares that add up to 1")
    return np.array(values, np.float64)
