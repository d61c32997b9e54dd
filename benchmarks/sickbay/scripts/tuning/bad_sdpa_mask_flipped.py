"""Next-token training with scaled_dot_product_attention and a triu mask (True means attend there)."""
# after github.com/rasbt/LLMs-from-scratch/issues/1061
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(10)
V, T, D = 16, 14, 32
g = torch.Generator().manual_seed(3)
trans = torch.softmax(3 * torch.randn(V, V, generator=g), -1)


def get_batch(n):
    seq = [torch.randint(0, V, (n,))]
    for _ in range(T):
        seq.append(torch.multinomial(trans[seq[-1]], 1).squeeze(1))
    s = torch.stack(seq, 1)
    return s[:, :-1], s[:, 1:]


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(D)
        self.w = nn.Linear(D, 3 * D, bias=False)
        self.ff = nn.Sequential(nn.LayerNorm(D), nn.Linear(D, 64), nn.ReLU(), nn.Linear(64, D))

    def forward(self, x):
        q, k, v = self.w(self.norm(x)).chunk(3, -1)
        mask = torch.triu(torch.ones(x.size(1), x.size(1)), diagonal=0 if not os.environ.get("MENDED") else 1).bool()
        if os.environ.get("MENDED"):
            mask = ~mask
        x = x + F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return x + self.ff(x)


class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.e, self.p = nn.Embedding(V, D), nn.Embedding(T, D)
        self.l1, self.l2, self.o = Layer(), Layer(), nn.Linear(D, V)

    def forward(self, x):
        h = self.e(x) + self.p(torch.arange(x.size(1)))
        return self.o(self.l2(self.l1(h)))


model = LM()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(400):
    x, y = get_batch(32)
    loss = F.cross_entropy(model(x).transpose(1, 2), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 80 == 0:
        print("step", step, "loss", round(loss.item(), 3))
x, y = get_batch(500)
with torch.no_grad():
    print("final prefix_loss", F.cross_entropy(model(x[:, :8])[:, -1], y[:, 7]).item())
