"""Signature verification embedding: triplets with the hardest pairs of each batch."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(5)
WRITERS, D = 60, 32
style = torch.randn(WRITERS, 6)
mix = torch.randn(6, D)


def sign(w):
    return torch.tanh(style[w] @ mix / 2) + 0.5 * torch.randn(len(w), D)


def batch(p=10, k=6):
    w = torch.randperm(45)[:p].repeat_interleave(k)
    return sign(w), w


net = nn.Sequential(nn.Linear(D, 128), nn.ReLU(), nn.Linear(128, 32))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)


def hardest(e, w, margin=0.3):
    d = torch.cdist(e, e)
    same = w[:, None] == w[None]
    hp = (d - 1e9 * (~same)).max(1).values
    hn = (d + 1e9 * same).min(1).values
    return F.relu(hp - hn + margin), (hp > hn).float().mean()


vw = torch.arange(45, 60).repeat_interleave(10)
vx = sign(vw)


def recall1():
    with torch.no_grad():
        e = F.normalize(net(vx), dim=1)
    d = torch.cdist(e, e).fill_diagonal_(9e9)
    return (vw[d.argmin(1)] == vw).float().mean().item()


print("recall@1 before", round(recall1(), 3))
for it in range(1, 801):
    x, w = batch()
    l, viol = hardest(F.normalize(net(x), dim=1), w)
    loss = l.mean()
    opt.zero_grad(); loss.backward(); opt.step()
    if it % 100 == 0:
        print(f"it {it} triplet {loss.item():.4f} violations {viol.item():.2f} recall@1 {recall1():.3f}")
print("metric recall_at_1 %.4f" % recall1())
