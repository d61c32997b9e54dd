"""A wide MLP language model on a very small text; it is evaluated and the rise is not acted upon."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
text = (
    "anna reads a book at home . ben eats an apple in the park . cara sings a song for her friend . "
    "dan rides a bike to the lake . eva plants a tree near the house . finn writes a letter to his aunt . "
    "gina bakes a cake for the party . hugo paints a picture of the sea . iris finds a key under the mat . "
)
chars = sorted(set(text))
ids = torch.tensor([chars.index(c) for c in text])
K, V = 6, len(chars)
X = torch.stack([ids[i : i + K] for i in range(len(ids) - K)])
Y = ids[K:]
n = int(0.8 * len(X))


class Net(nn.Module):
    def __init__(self, wide):
        super().__init__()
        self.emb = nn.Embedding(V, 24)
        self.drop = nn.Dropout(0.5 if os.environ.get("MENDED") else 0.0)
        self.a, self.b = nn.Linear(24 * K, wide), nn.Linear(wide, V)

    def forward(self, x):
        return self.b(self.drop(torch.relu(self.a(self.emb(x).flatten(1)))))


model = Net(32 if os.environ.get("MENDED") else 400)
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(12 if os.environ.get("MENDED") else 60):
    model.train()
    for i in torch.randperm(n).split(16):
        loss = F.cross_entropy(model(X[i]), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        val = F.cross_entropy(model(X[n:]), Y[n:]).item()
    if epoch % 4 == 0:
        print("epoch", epoch, "train", round(loss.item(), 3), "val", round(val, 3))
print("final val_loss", val)
