"""8.2 Everything zero: which part still trains?

All five tensors of the net begin at 0, and it is trained with gradient descent for a hundred steps.

    h = tanh(C[x].view(n, -1) @ W1 + b1)        logits = h @ W2 + b2

Which of them have changed afterwards? Work it out before you try it.
"""

TRAINS = {"C": False, "W1": False, "b1": False, "W2": False, "b2": True}
