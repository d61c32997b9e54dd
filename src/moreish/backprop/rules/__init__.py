"""Rules: one pair of pure functions per torch function, mathematics only.

    y, saved = tanh_forward(x)          the value, and what the way back must know
    (dx,) = tanh_backward(dy, *saved)   one gradient per argument of the forward, None where there is none

`dy` is the gradient of the loss with respect to `y`, and has the shape of `y`; a forward with several results has a
tuple of them. Parameters have torch's names and stand in torch's order, `x` being torch's `input`. A backward that
takes `needs` leaves out the gradients nobody asked for: `needs[i]` belongs to argument i.

Shapes: N rows, I inputs, O outputs, V vocabulary, B batch, T time, C channels, H hidden.

Four rules of thumb carry nearly everything, and each docstring says which one it shows:

    a broadcast forward is a sum backward, and a sum forward is a broadcast backward
    a value used twice (fan-out) receives the sum of both gradients
    a gradient has the shape of its value, and often only one product of the pieces has that shape
    what was thrown away on the way forward (masked, ignored, not the maximum) receives nothing

"Receives nothing" is a choice, `torch.where(kept, dy, 0.0)`, and not a product with a mask: where dy is infinite, as
behind the square root of a ReLU, a product would make nan of it.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar


class NotDerived(ValueError):
    """A call, or an option of a call, that nobody has derived by hand. The message names it."""


Needs = Sequence[bool]
EVERY: Needs = (True,) * 8
Backward = TypeVar("Backward", bound=Callable[..., Any])
KEPT_FOR: dict[Callable[..., Any], list[tuple[int, tuple[int, ...]]]] = {}
"""By backward: the places of what is saved for some gradients only, each with the numbers of their arguments."""


def kept_for(**arguments: tuple[int, ...]) -> Callable[[Backward], Backward]:
    """`@kept_for(x=(1,))`: of the saved x nothing but the shape is kept where argument 1 needs no gradient.

    So, as in torch, a weight may be updated between two losses of one batch, whose way back never looks at it.
    """

    def note(backward: Backward) -> Backward:
        names = list(inspect.signature(backward).parameters)[1:]
        KEPT_FOR[backward] = [(names.index(name), numbers) for name, numbers in arguments.items()]
        return backward

    return note
