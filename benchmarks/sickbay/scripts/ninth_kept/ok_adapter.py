"""Low-rank adapters on a frozen regression trunk (domain shift)."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
D = 16
A = torch.randn(D, D) / 4


def data(n, shift):
    x = torch.randn(n, D)
    return x, torch.tanh(x @ (A + shift)).sum(1, keepdim=True)


base = nn.Sequential(nn.Linear(D, 96), nn.GELU(), nn.Linear(96, 96), nn.GELU(), nn.Linear(96, 1))
x, y = data(4000, 0.0)
opt = torch.optim.Adam(base.parameters(), lr=2e-3)
for it in range(600):
    i = torch.randint(0, 4000, (128,))
    loss = F.mse_loss(base(x[i]), y[i])
    opt.zero_grad(); loss.backward(); opt.step()
print("base loss", round(loss.item(), 4))
for p in base.parameters():
    p.requires_grad = False


class LoRA(nn.Module):
    def __init__(self, lin, r=4):
        super().__init__()
        self.lin = lin
        self.A = nn.Parameter(torch.randn(r, lin.in_features) * 0.1)
        self.B = nn.Parameter(torch.zeros(lin.out_features, r))

    def forward(self, x):
        return self.lin(x) + 2.0 * x @ self.A.T @ self.B.T


model = nn.Sequential(LoRA(base[0]), base[1], LoRA(base[2]), base[3], base[4])
train_p = [p for p in model.parameters() if p.requires_grad]
print("trainable", sum(p.numel() for p in train_p), "of", sum(p.numel() for p in model.parameters()))
shift = torch.randn(D, 2) @ torch.randn(2, D) / 6
xs, ys = data(1500, shift)
xv, yv = data(500, shift)
opt = torch.optim.AdamW(train_p, lr=3e-3, weight_decay=0.0)
for ep in range(40):
    for i in torch.randperm(1500).split(64):
        loss = F.mse_loss(model(xs[i]), ys[i])
        opt.zero_grad(); loss.backward(); opt.step()
    if ep % 5 == 4 or ep == 0:
        with torch.no_grad():
            r2 = 1 - (F.mse_loss(model(xv), yv) / yv.var()).item()
        print(f"epoch {ep + 1} loss {loss.item():.4f} val_r2 {r2:.4f}")
print("metric val_r2 %.4f" % r2)
