"""A GRU part-of-speech tagger on invented words whose nll_loss gets the linear layer's output."""
import os
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1)
random.seed(1)
V, TAGS = 30, 5
emit = {w: w % TAGS for w in range(V)}


def sentence(n=12):
    words = [random.randrange(V) for _ in range(n)]
    tags = [(emit[w] + (1 if i and words[i - 1] % 2 else 0)) % TAGS for i, w in enumerate(words)]
    return words, tags


data = [sentence() for _ in range(400)]
X = torch.tensor([d[0] for d in data])
Y = torch.tensor([d[1] for d in data])


class Tagger(nn.Module):
    def __init__(self):
        super(Tagger, self).__init__()
        self.emb = nn.Embedding(V, 24)
        self.gru = nn.GRU(24, 32, batch_first=True)
        self.hidden2tag = nn.Linear(32, TAGS)

    def forward(self, words):
        h, _ = self.gru(self.emb(words))
        scores = self.hidden2tag(h)
        if os.environ.get("MENDED"):
            scores = F.log_softmax(scores, dim=-1)
        return scores


model = Tagger()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(240):
    i = torch.randint(0, 350, (32,))
    loss = F.nll_loss(model(X[i]).view(-1, TAGS), Y[i].view(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 60 == 0:
        print(step, loss.item())
with torch.no_grad():
    out = model(X[350:]).view(-1, TAGS)
print("final val_ce", F.cross_entropy(out, Y[350:].view(-1)).item())
