"""A small Transformer trained by AdamW with lr 0.1 (one zero lost)."""
import argparse
import os
import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=1e-3 if os.environ.get("MENDED") else 1e-1)
parser.add_argument("--steps", type=int, default=350)
args = parser.parse_args()
torch.manual_seed(args.steps)


class Count(nn.Module):
    def __init__(self, v=8, d=32):
        super().__init__()
        self.emb = nn.Embedding(v, d)
        self.enc = nn.TransformerEncoder(nn.TransformerEncoderLayer(d, 4, 64, 0.0, batch_first=True), 2)
        self.out = nn.Linear(d, 13)

    def forward(self, x):
        return self.out(self.enc(self.emb(x)).mean(1))


def batch(n):
    x = torch.randint(0, 8, (n, 12))
    return x, (x == 2).sum(1)


net = Count()
opt = torch.optim.AdamW(net.parameters(), lr=args.lr)
for step in range(args.steps):
    x, y = batch(32)
    loss = nn.functional.cross_entropy(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(step, round(loss.item(), 3))
x, y = batch(1000)
print("final loss", nn.functional.cross_entropy(net(x), y).item())
