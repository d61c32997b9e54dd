"""Domain adversarial training between two microscopes."""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(35)


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, lam):
        ctx.lam = lam
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        return -ctx.lam * g, None


K, D = 4, 20
proto = torch.randn(K, D)
stain = torch.randn(D) * 1.3


def scope(n, second):
    y = torch.randint(K, (n,))
    x = 0.75 * proto[y] + 0.8 * torch.randn(n, D)
    if second:
        x = x + stain * (0.8 + 0.4 * torch.rand(n, 1))
    return x, y


xs, ys = scope(3000, False)
xt, _ = scope(3000, True)
xv, yv = scope(1000, True)
feat = nn.Sequential(nn.Linear(D, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
clf, dom = nn.Linear(32, K), nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam([*feat.parameters(), *clf.parameters(), *dom.parameters()], lr=1e-3)
d_lab = torch.cat([torch.zeros(64), torch.ones(64)])
N = 1200
for it in range(N):
    lam = 2 / (1 + math.exp(-10 * it / N)) - 1
    i, j = torch.randint(3000, (64,)), torch.randint(3000, (64,))
    f = feat(torch.cat([xs[i], xt[j]]))
    lc = F.cross_entropy(clf(f[:64]), ys[i])
    ld = F.binary_cross_entropy_with_logits(dom(Reverse.apply(f, lam)).squeeze(1), d_lab)
    opt.zero_grad(); (lc + ld).backward(); opt.step()
    if it % 150 == 0 or it == N - 1:
        with torch.no_grad():
            acc = (clf(feat(xv)).argmax(1) == yv).float().mean().item()
        print(f"it {it} class {lc.item():.4f} domain {ld.item():.4f} lambda {lam:.2f} target acc {acc:.4f}")
print(f"metric target_acc {acc:.4f}")
