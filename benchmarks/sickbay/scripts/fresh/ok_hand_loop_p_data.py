"""The lectures' way: raw tensors, a batch by randint, p.data += -lr * p.grad, the rate drops late, then val."""
import torch
import torch.nn.functional as F

g = torch.Generator().manual_seed(2147483647)
words = ["anna", "otto", "emma", "hannah", "bob", "ava", "eve", "ada", "elle", "aya", "lena", "nora", "mia", "max", "tom"]
chars = sorted(set("".join(words)))
stoi = {c: i + 1 for i, c in enumerate(chars)}
V = len(chars) + 1
X, Y = [], []
for w in words * 8:
    context = [0, 0, 0]
    for c in [*w, None]:
        ix = stoi.get(c, 0)
        X.append(context)
        Y.append(ix)
        context = [*context[1:], ix]
X, Y = torch.tensor(X), torch.tensor(Y)
C = torch.randn((V, 6), generator=g)
W1 = torch.randn((18, 64), generator=g) * (5 / 3) / 18**0.5
b1 = torch.randn(64, generator=g) * 0.01
W2 = torch.randn((64, V), generator=g) * 0.01
b2 = torch.zeros(V)
parameters = [C, W1, b1, W2, b2]
for p in parameters:
    p.requires_grad = True
for i in range(1500):
    ix = torch.randint(0, len(X), (32,), generator=g)
    h = torch.tanh(C[X[ix]].view(-1, 18) @ W1 + b1)
    loss = F.cross_entropy(h @ W2 + b2, Y[ix])
    for p in parameters:
        p.grad = None
    loss.backward()
    lr = 0.1 if i < 1000 else 0.01
    for p in parameters:
        p.data += -lr * p.grad
    if i % 300 == 0:
        print(i, loss.item())
