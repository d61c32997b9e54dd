"""A post-norm transformer decoder trained with Adam at 2e-2 from the first step: it falls to the token frequencies and stays there."""
# loss 3.17 (ln(24) is 3.18) with it, 0.72 without
# after github.com/huggingface/transformers/issues/7524 and github.com/fastai/fastai/issues/1736
import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=1e-3 if os.environ.get("MENDED") else 2e-2)
parser.add_argument("--steps", type=int, default=600)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args([])
torch.manual_seed(args.seed)

V, T, D = 24, 20, 48
# a sparse source: the token two places back says which two tokens may follow
follow = torch.stack([torch.randperm(V), torch.randperm(V)], 1)


def stream(n):
    x = torch.randint(V, (n, 2))
    for _ in range(T - 1):
        pick = (torch.rand(n) < 0.3).long()
        nxt = follow[x[:, -2], pick]
        x = torch.cat([x, nxt[:, None]], 1)
    return x[:, :-1], x[:, 1:]


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(V, D)
        self.wpe = nn.Embedding(T, D)
        layer = nn.TransformerEncoderLayer(D, 4, 4 * D, dropout=0.0, batch_first=True, norm_first=False)
        self.h = nn.TransformerEncoder(layer, 3)
        self.lm_head = nn.Linear(D, V, bias=False)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(T))

    def forward(self, idx):
        h = self.wte(idx) + self.wpe(torch.arange(T))
        return self.lm_head(self.h(h, mask=self.mask))


model = Decoder()
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
for step in range(args.steps):
    xb, yb = stream(16)
    logits = model(xb)
    loss = F.cross_entropy(logits.view(-1, V), yb.reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step:5d} | loss {loss.item():.4f}")
with torch.no_grad():
    xb, yb = stream(128)
    print("final loss", F.cross_entropy(model(xb).view(-1, V), yb.reshape(-1)).item())
