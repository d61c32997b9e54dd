"""A makemore-like MLP in raw tensors whose two tanh layers are saturated by too large weights."""
import os
import random
import torch
import torch.nn.functional as F

random.seed(42)
starts, middles, ends = "ka mi lo re sha ti bo".split(), "ra ne li vo dri sa mu".split(), "na th lie rus ko el a".split()
names = []
for _ in range(600):
    k = random.randrange(7)
    body = "".join(middles[(k + 2 * j) % 7] for j in range(random.randrange(3)))
    names.append(starts[k] + body + ends[(3 * k + len(body)) % 7])
chars = ["."] + sorted(set("".join(names)))
stoi = {s: i for i, s in enumerate(chars)}
X, Y = [], []
for w in names:
    context = [0] * 3
    for ch in w + ".":
        X.append(context)
        Y.append(stoi[ch])
        context = context[1:] + [stoi[ch]]
X, Y = torch.tensor(X), torch.tensor(Y)
g = torch.Generator().manual_seed(2147483647)
V, n_embd, n_hidden = len(chars), 10, 40
gain = (5 / 3) / (n_embd * 3) ** 0.5 if os.environ.get("MENDED") else 6.0
C = torch.randn((V, n_embd), generator=g)
W1 = torch.randn((n_embd * 3, n_hidden), generator=g) * gain
b1 = torch.randn(n_hidden, generator=g) * 0.01
Wh = torch.randn((n_hidden, n_hidden), generator=g) * (gain if not os.environ.get("MENDED") else (5 / 3) / n_hidden**0.5)
W2 = torch.randn((n_hidden, V), generator=g) * 0.01
b2 = torch.zeros(V)
parameters = [C, W1, b1, Wh, W2, b2]
for p in parameters:
    p.requires_grad = True
for i in range(400):
    ix = torch.randint(0, X.shape[0], (32,), generator=g)
    emb = C[X[ix]]
    h = torch.tanh(emb.view(emb.shape[0], -1) @ W1 + b1)
    h = torch.tanh(h @ Wh)
    logits = h @ W2 + b2
    loss = F.cross_entropy(logits, Y[ix])
    for p in parameters:
        p.grad = None
    loss.backward()
    lr = 0.1
    for p in parameters:
        p.data += -lr * p.grad
    if i % 80 == 0:
        print(f"{i:5d} {loss.item():.4f}")
with torch.no_grad():
    loss = F.cross_entropy(torch.tanh(torch.tanh(C[X].view(len(X), -1) @ W1 + b1) @ Wh) @ W2 + b2, Y)
print("final loss", loss.item())
