"""A character trigram network that hands exp-normalised probabilities to F.nll_loss."""
import os

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(7)
names = "mara tomas elin jonas petra livia anton sofie karl mina otto lena nils ida emil freya oskar tilda".split()
chars = ["."] + sorted(set("".join(names)))
stoi = {c: i for i, c in enumerate(chars)}
pairs, nxt = [], []
for w in names:
    s = ".." + w + "."
    for a, b, c in zip(s, s[1:], s[2:], strict=False):
        pairs.append([stoi[a], stoi[b]])
        nxt.append(stoi[c])
X, Y = torch.tensor(pairs), torch.tensor(nxt)


def make_model():
    return nn.Sequential(nn.Embedding(len(chars), 10), nn.Flatten(), nn.Linear(20, 64), nn.Tanh(), nn.Linear(64, len(chars)))


def train(model, steps=500, lr=0.3):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    for i in range(steps):
        counts = model(X).exp()
        probs = counts / counts.sum(1, keepdim=True)
        loss = F.nll_loss(probs.log() if "MENDED" in os.environ else probs, Y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if i % 100 == 0:
            print(f"{i:4d} {loss.item():.4f}")
    return model


model = train(make_model())
print("final cross_entropy", F.cross_entropy(model(X), Y).item())
