"""A small language model whose head shares nn.Embedding's weights, which torch draws with standard deviation 1."""
# after github.com/pytorch/pytorch/issues/3121 and github.com/Modalities/modalities/pull/456
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
V, D = 60, 96
P = torch.softmax(2.5 * torch.randn(V, V), -1)


class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(V, D)
        self.rnn = nn.GRU(D, D, batch_first=True)
        self.norm = nn.LayerNorm(D)
        self.head = nn.Linear(D, V, bias=False)
        self.head.weight = self.wte.weight
        if os.environ.get("MENDED"):
            nn.init.normal_(self.wte.weight, std=0.02)

    def forward(self, x):
        return self.head(self.norm(self.rnn(self.wte(x))[0]))


def batch(n=16, T=24):
    s = [torch.randint(0, V, (n,))]
    for _ in range(T):
        s.append(torch.multinomial(P[s[-1]], 1).squeeze(1))
    s = torch.stack(s, 1)
    return s[:, :-1], s[:, 1:]


net = LM()
opt = torch.optim.AdamW(net.parameters(), lr=5e-4)
for step in range(250):
    x, y = batch()
    loss = F.cross_entropy(net(x).flatten(0, 1), y.flatten())
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(step, loss.item())
x, y = batch(200)
with torch.no_grad():
    print("final val_loss", F.cross_entropy(net(x).flatten(0, 1), y.flatten()).item())
