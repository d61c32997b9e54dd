"""A chord progression model (window of four, MLP) whose windows and targets are shifted one time too many."""
import os
import random
import torch
from torch import nn

random.seed(2)
torch.manual_seed(2)
follow = {c: random.sample(range(24), 3) for c in range(24)}
song = [0]
for _ in range(4000):
    song.append(random.choices(follow[song[-1]], weights=[8, 2, 1])[0])
song = torch.tensor(song)
targets = song if os.environ.get("MENDED") else song[1:]
K = 4
xs = torch.stack([song[i : i + K] for i in range(3900)])
ys = torch.stack([targets[i + K] for i in range(3900)])


class ChordNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(24, 12)
        self.lin1 = nn.Linear(12 * K, 80)
        self.lin2 = nn.Linear(80, 24)

    def forward(self, x):
        return self.lin2(torch.tanh(self.lin1(self.table(x).flatten(1))))


net = ChordNet()
opt = torch.optim.SGD(net.parameters(), lr=0.2, momentum=0.9)
for it in range(700):
    i = torch.randint(0, 3500, (64,))
    loss = nn.functional.cross_entropy(net(xs[i]), ys[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 100 == 0:
        print(it, round(loss.item(), 3))
nxt = song[K : K + 3900]
print("final next_chord_loss", nn.functional.cross_entropy(net(xs[3500:]), nxt[3500:]).item())
