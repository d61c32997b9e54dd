"""A model as tensors and a plain description, and back. No code is ever read, only numbers of the expected shapes.

description   {"kind": "ngram", ...} | {"kind": "network", "name"} | {"kind": "blend", ...} | {"kind": "reader"}
              | {"kind": "mixture", "weights", "gate", "components"}
tensors       named "0/...", "1/...", one prefix a component
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise

import numpy as np

from moreish import ngram
from moreish.background import stored
from moreish.background.blend import Blend
from moreish.background.reader import ListReader
from moreish.errors import Damaged
from moreish.models import model_class
from moreish.models.contract import LanguageModel
from moreish.models.mixture import Gate, Mixture
from moreish.ngram.counts import HIGHEST_ORDER
from moreish.recipes import ModelChoice

Tensors = Mapping[str, np.ndarray]
MOST_BOUNDS = 64


def to_tensors(model: LanguageModel) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    """(tensors, description) of any model there is; the tensors are copies."""
    tensors: dict[str, np.ndarray] = {}
    components = []
    for i, component in enumerate(model.components if isinstance(model, Mixture) else [model]):
        arrays, described = _component_to_tensors(component)
        tensors |= {f"{i}/{name}": array for name, array in arrays.items()}
        components.append(described)
    if not isinstance(model, Mixture):
        return tensors, components[0]
    gate = None if model.gate is None else asdict(model.gate) | {"bounds": list(model.gate.bounds)}
    return tensors, {"kind": "mixture", "weights": model.weights.tolist(), "gate": gate, "components": components}


def from_tensors(
    tensors: Tensors, description: Mapping[str, object], choice: ModelChoice, vocab_size: int
) -> LanguageModel:
    """The model that `to_tensors` took apart; `choice` says what it must be.

    Raises Damaged, with what is wrong, where description, tensors and configuration do not belong together.
    """
    mixed = description.get("kind") == "mixture"
    described = description.get("components") if mixed else [description]
    if not isinstance(described, list) or not 1 <= len(described) <= len(choice.singles):
        raise Damaged(f"the checkpoint does not hold the {len(choice.singles)} models that the configuration names")
    components = []
    for i, (component, single) in enumerate(zip(described, choice.singles, strict=False)):
        prefix = f"{i}/"
        own = {name.removeprefix(prefix): a for name, a in tensors.items() if name.startswith(prefix)}
        components.append(_component_from_tensors(own, component, single, vocab_size))
    if len(tensors) != sum(name.partition("/")[0] in map(str, range(len(components))) for name in tensors):
        raise Damaged("the checkpoint holds tensors that belong to no model of the configuration")
    if not mixed:
        return components[0]
    gate = _gate(description.get("gate"), components)
    return Mixture(components, _weights(description.get("weights"), gate, len(components)), gate)


def _component_to_tensors(component: LanguageModel) -> tuple[dict[str, np.ndarray], dict[str, object]]:
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
    return {name: p.detach().cpu().numpy().copy() for name, p in state.items()}, {"kind": "network"}


def _component_from_tensors(
    tensors: Tensors, description: object, single: ModelChoice, vocab_size: int
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
            model = ngram.from_tensors(tensors, description)
        except ValueError as error:
            raise Damaged(str(error)) from None
        if model.vocab_size != vocab_size:
            raise Damaged(f"the n-gram model has {model.vocab_size} ids, the vocabulary {vocab_size}")
        return model
    return _network(tensors, single, vocab_size)


def _network(tensors: Tensors, single: ModelChoice, vocab_size: int) -> LanguageModel:
    """Names, shapes and dtypes are compared on a module that takes no memory yet; all float32, or all float64."""
    import torch

    from moreish.inference.network import Network
    from moreish.models.blank import blank

    with blank():
        module = model_class(single.name)(single.options, vocab_size)
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
    return Network(module.eval())


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


def _weights(values: object, gate: Gate | None, count: int) -> np.ndarray:
    def shares(row: object) -> bool:
        if not isinstance(row, list) or len(row) != count:
            return False
        numbers = all(isinstance(w, int | float) and not isinstance(w, bool) for w in row)
        return numbers and min(row) >= 0 and math.isclose(sum(row), 1, abs_tol=1e-6)

    rows = [values] if gate is None else values
    if not isinstance(rows, list) or len(rows) != (gate.groups if gate else 1) or not all(map(shares, rows)):
        raise Damaged(f"the mixture's weights are not {count} shares that add up to 1")
    return np.array(values, np.float64)
