"""2.3 An order in which nobody has to wait.

order(root) is the list of every value that root was made of, and root itself: each once, each after all of its
`children`. A chain of 20,000 values must work, so a function that calls itself is not enough.
"""


def order(root):
    ...  # YOURS
