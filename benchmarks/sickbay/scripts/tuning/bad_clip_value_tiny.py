"""A character RNN with clip_grad_value_(1e-5) and momentum SGD."""
import os
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(2)
line = "she sells sea shells by the sea shore and the shells she sells are surely sea shells "
vocab = sorted(set(line))
ids = torch.tensor([vocab.index(c) for c in line * 8])


class RNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(len(vocab), 64, batch_first=True)
        self.fc = nn.Linear(64, len(vocab))

    def forward(self, x):
        h, _ = self.rnn(F.one_hot(x, len(vocab)).float())
        return self.fc(h)


def step(model, opt):
    i = torch.randint(0, len(ids) - 21, (16,))
    x = torch.stack([ids[k : k + 20] for k in i])
    y = torch.stack([ids[k + 1 : k + 21] for k in i])
    loss = F.cross_entropy(model(x).permute(0, 2, 1), y)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_value_(model.parameters(), 1.0 if os.environ.get("MENDED") else 1e-5)
    opt.step()
    return loss.item()


model = RNN()
opt = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
losses = [step(model, opt) for _ in range(400)]
for k in range(0, 400, 80):
    print(k, losses[k])
print("final loss", sum(losses[-20:]) / 20)
