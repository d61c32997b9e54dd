"""A char-sum net whose embedding and recurrent layers were frozen for a warm-up that never ends."""
import os
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 8)
        self.rnn = nn.GRU(8, 24, batch_first=True)
        self.head = nn.Linear(24, 1)

    def forward(self, x):
        return self.head(self.rnn(self.embedding(x))[0][:, -1]).squeeze(1)


def freeze(model, flag):
    for part in (model.embedding, model.rnn):
        for p in part.parameters():
            p.requires_grad_(not flag)


torch.manual_seed(1)
net = Net()
freeze(net, True)
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
WARMUP = 100
for step in range(700):
    if step == WARMUP and os.environ.get("MENDED"):
        freeze(net, False)
    x = torch.randint(0, 10, (48, 8))
    y = x.float().sum(1) / 10 - 3.6
    loss = nn.functional.mse_loss(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, round(loss.item(), 4))
x = torch.randint(0, 10, (1000, 8))
print("final mse", nn.functional.mse_loss(net(x), x.float().sum(1) / 10 - 3.6).item())
