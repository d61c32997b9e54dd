"""2.3 An order in which nobody has to wait.

order(root) is the list of every value that root was made of, and root itself: each once, each after all of its
`children`. A chain of 20,000 values must work, so a function that calls itself is not enough.
"""


def order(root):
    placed, seen, stack = [], set(), [(root, False)]
    while stack:
        value, children_placed = stack.pop()
        if children_placed:
            placed.append(value)
        elif value not in seen:
            seen.add(value)
            stack.append((value, True))
            stack += [(child, False) for child in value.children]
    return placed
