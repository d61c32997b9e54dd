"""A decoder-only model on copy and sort tasks in one stream: the target repeats the input on purpose."""
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(1)
V, K = 10, 5
COPY, SORT = 10, 11


def batch(n):
    body = torch.randint(0, V, (n, K))
    kind = torch.randint(0, 2, (n, 1))
    answer = torch.where(kind == 0, body, body.sort(1).values)
    seq = torch.cat([body, COPY + kind, answer], 1)
    labels = seq[:, 1:].clone()
    labels[:, :K] = -100
    return seq[:, :-1], labels


class Net(nn.Module):
    def __init__(self, d=48):
        super().__init__()
        self.t, self.p = nn.Embedding(12, d), nn.Embedding(2 * K, d)
        self.enc = nn.TransformerEncoder(nn.TransformerEncoderLayer(d, 4, 96, 0.0, batch_first=True, norm_first=True), 2, enable_nested_tensor=False)
        self.o = nn.Linear(d, V)

    def forward(self, x):
        m = nn.Transformer.generate_square_subsequent_mask(x.size(1))
        return self.o(self.enc(self.t(x) + self.p(torch.arange(x.size(1))), mask=m, is_causal=True))


net = Net()
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
for step in range(400):
    x, y = batch(48)
    loss = F.cross_entropy(net(x).flatten(0, 1), y.flatten(), ignore_index=-100)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 80 == 0:
        print(step, loss.item())
print("final loss", loss.item())
