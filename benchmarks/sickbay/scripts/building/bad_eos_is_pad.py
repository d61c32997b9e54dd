"""The padding symbol is the end symbol, and labels equal to it are masked: the model never learns to stop."""
# after github.com/huggingface/trl/pull/6357 and github.com/huggingface/trl/issues/1623
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
EOS = PAD = 0
WORDS = ["".join(chr(97 + (7 * i + 3 * j * j) % 20) for j in range(2 + i % 5)) for i in range(200)]


def batch(n):
    ids = torch.full((n, 9), PAD)
    for row, k in enumerate(torch.randint(0, len(WORDS), (n,)).tolist()):
        for t, c in enumerate(WORDS[k]):
            ids[row, t + 1] = ord(c) - 96
    labels = ids[:, 1:].clone()
    labels[labels == PAD] = -100
    if os.environ.get("MENDED"):
        ends = (ids[:, 1:] != PAD).sum(1)
        labels[torch.arange(n), ends] = EOS
    return ids[:, :-1], labels


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.rnn, self.head = nn.Embedding(27, 24), nn.GRU(24, 48, batch_first=True), nn.Linear(48, 27)

    def forward(self, x):
        return self.head(self.rnn(self.embedding(x))[0])


model = Model()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
for step in range(400):
    x, y = batch(32)
    loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten(), ignore_index=-100)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
with torch.no_grad():
    endless = 0
    for _ in range(50):
        x = torch.zeros(1, 1, dtype=torch.long)
        for _ in range(12):
            c = torch.multinomial(F.softmax(model(x)[:, -1], -1), 1)
            if c.item() == EOS:
                break
            x = torch.cat([x, c], 1)
        else:
            endless += 1
print("final endless", endless / 50)
