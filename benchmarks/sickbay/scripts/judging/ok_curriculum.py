"""A curriculum: sequences grow longer, the loss jumps up at each stage and falls again."""
import torch
from torch import nn

torch.manual_seed(0)
emb, rnn, out = nn.Embedding(2, 16), nn.GRU(16, 48, batch_first=True), nn.Linear(48, 2)
opt = torch.optim.Adam([*emb.parameters(), *rnn.parameters(), *out.parameters()], lr=5e-3)
for stage, length in enumerate([2, 4, 6, 9]):
    for step in range(130):
        x = torch.randint(0, 2, (48, length))
        y = x.cumsum(1) % 2
        loss = nn.functional.cross_entropy(out(rnn(emb(x))[0]).transpose(1, 2), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print("stage", stage, "length", length, "loss", loss.item())
print("final loss", loss.item())
