"""Low-rank adapters on a frozen base model: adapt a plant sensor regressor to a new site."""
import torch
import torch.nn as nn

torch.manual_seed(3)


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, rank=4, alpha=8):
        super().__init__()
        self.base = base
        for p in self.base.parameters():
            p.requires_grad_(False)
        self.A = nn.Parameter(torch.randn(rank, base.in_features) * 0.1)
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))
        self.scale = alpha / rank

    def forward(self, x):
        return self.base(x) + self.scale * (x @ self.A.T) @ self.B.T


W = torch.randn(12, 5)


def site(n, shift):
    x = torch.randn(n, 12)
    h = x @ W + shift * (x[:, :5] - x[:, 5:10])
    y = torch.tanh(h).sum(1, keepdim=True) + torch.cos(h[:, :1]) + 0.1 * torch.randn(n, 1)
    return x, y


base = nn.Sequential(nn.Linear(12, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 1))
x, y = site(4000, 0.0)
opt = torch.optim.Adam(base.parameters(), lr=2e-3)
for step in range(600):
    i = torch.randint(4000, (128,))
    loss = nn.functional.mse_loss(base(x[i]), y[i])
    opt.zero_grad(); loss.backward(); opt.step()
print("base trained, mse", round(loss.item(), 4))

for k in (0, 2, 4):
    base[k] = LoRALinear(base[k])
trainable = [p for p in base.parameters() if p.requires_grad]
print("trainable", sum(p.numel() for p in trainable), "of", sum(p.numel() for p in base.parameters()))
xt, yt = site(1500, 1.2)
xv, yv = site(500, 1.2)


def r2():
    with torch.no_grad():
        return (1 - ((base(xv) - yv) ** 2).mean() / yv.var()).item()


print("before adapting r2", round(r2(), 4))
opt = torch.optim.AdamW(trainable, lr=5e-3, weight_decay=0.0)
for step in range(900):
    i = torch.randint(1500, (64,))
    loss = nn.functional.mse_loss(base(xt[i]), yt[i])
    opt.zero_grad(); loss.backward(); opt.step()
    if step % 150 == 0:
        print(f"adapt {step} loss {loss.item():.4f} val r2 {r2():.4f}")
print(f"metric val_r2 {r2():.4f}")
