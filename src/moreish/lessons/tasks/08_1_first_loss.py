"""8.1 A start that knows that it knows nothing.

initialise(vocab, n_embd, block, hidden, g) makes the five tensors of lesson 6's net, with numbers from the generator g.
Its first loss has to be about ln(vocab), and it has to learn well from there.

    h = tanh(C[x].view(n, block * n_embd) @ W1 + b1)        logits = h @ W2 + b2
"""

import torch


def initialise(vocab, n_embd, block, hidden, g):
    C = torch.randn((vocab, n_embd), generator=g)
    W1 = torch.randn((block * n_embd, hidden), generator=g)  # YOURS
    b1 = torch.randn(hidden, generator=g)
    W2 = torch.randn((hidden, vocab), generator=g)
    b2 = torch.randn(vocab, generator=g)
    return C, W1, b1, W2, b2
