"""The strongly connected components of an automaton: states that reach each other (Tarjan 1972)."""

import numpy as np
from jaxtyping import Integer


def components(table: Integer[np.ndarray, "S K"]) -> list[list[int]]:
    """The states in components; every arc leads into the same one or into one before it. Without recursion."""
    targets = [np.unique(row).tolist() for row in table]
    number, low, on_path = [-1] * len(table), [0] * len(table), [False] * len(table)
    found: list[list[int]] = []
    path: list[int] = []
    met = 0
    for root in range(len(table)):
        calls = [(root, iter(targets[root]))] if number[root] < 0 else []
        while calls:
            state, rest = calls[-1]
            if number[state] < 0:
                number[state] = low[state] = met
                met += 1
                path.append(state)
                on_path[state] = True
            for target in rest:
                if number[target] < 0:
                    calls.append((target, iter(targets[target])))
                    break
                if on_path[target]:
                    low[state] = min(low[state], number[target])
            else:
                calls.pop()
                if calls:
                    low[calls[-1][0]] = min(low[calls[-1][0]], low[state])
                if low[state] == number[state]:
                    first = _last(path, state)
                    found.append(sorted(path[first:]))
                    for each in path[first:]:
                        on_path[each] = False
                    del path[first:]
    return found


def _last(path: list[int], state: int) -> int:
    """Where `state` stands on the path; near its end where components are small."""
    at = len(path) - 1
    while path[at] != state:
        at -= 1
    return at
