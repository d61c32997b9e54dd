"""The hidden state is detached at every time step and not between sequences, so nothing is learned over time."""
# after discuss.pytorch.org questions on "backward through the graph a second time" answered with detach in the loop
import os

import torch
import torch.nn as nn

torch.manual_seed(0)
cell, embedding, head = nn.GRUCell(16, 32), nn.Embedding(6, 16), nn.Linear(32, 6)
parameters = [*cell.parameters(), *embedding.parameters(), *head.parameters()]
optimizer = torch.optim.Adam(parameters, lr=5e-3)


def run(x):
    h = torch.zeros(len(x), 32)
    for t in range(x.shape[1]):
        h = cell(embedding(x[:, t]), h if os.environ.get("MENDED") else h.detach())
    return head(h)


def batch(n):
    x = torch.randint(0, 6, (n, 7))
    return x, x[:, 0]


for step in range(600):
    x, y = batch(64)
    loss = nn.functional.cross_entropy(run(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
with torch.no_grad():
    x, y = batch(1000)
    print("final val_loss", nn.functional.cross_entropy(run(x), y).item())
