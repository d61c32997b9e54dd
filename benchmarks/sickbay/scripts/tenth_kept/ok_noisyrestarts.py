"""30 % wrong labels, label smoothing, SGD with a large rate and warm restarts."""
import argparse
import torch
import torch.nn as nn

p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.8)
p.add_argument("--noise", type=float, default=0.3)
p.add_argument("--epochs", type=int, default=21)
a = p.parse_args()
torch.manual_seed(29)
C, D = 6, 20
m = torch.randn(C, 2, D) * 0.9


def draw(n):
    y = torch.randint(C, (n,))
    return m[y, torch.randint(2, (n,))] + torch.randn(n, D), y


x, y = draw(4000)
flip = torch.rand(4000) < a.noise
y_noisy = torch.where(flip, torch.randint(C, (4000,)), y)
xv, yv = draw(1500)
net = nn.Sequential(nn.Linear(D, 96), nn.BatchNorm1d(96), nn.ReLU(), nn.Dropout(0.2), nn.Linear(96, 96), nn.BatchNorm1d(96), nn.ReLU(),
                    nn.Linear(96, C))
opt = torch.optim.SGD(net.parameters(), lr=a.lr, momentum=0.8, nesterov=True, weight_decay=1e-3)
steps = 4000 // 100
sched = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, T_0=3 * steps, T_mult=2, eta_min=1e-3)
crit = nn.CrossEntropyLoss(label_smoothing=0.1)
for e in range(a.epochs):
    net.train(); tl = ta = 0.0
    for i in torch.randperm(4000).split(100):
        out = net(x[i]); loss = crit(out, y_noisy[i])
        opt.zero_grad(); loss.backward(); opt.step(); sched.step()
        tl += loss.item() / steps; ta += (out.argmax(1) == y_noisy[i]).float().mean().item() / steps
    net.eval()
    with torch.no_grad():
        va = (net(xv).argmax(1) == yv).float().mean().item()
    print(f"epoch {e:2d} lr {sched.get_last_lr()[0]:.4f} loss {tl:.4f} train acc {ta:.3f} clean val acc {va:.3f}")
print(f"metric clean_val_acc {va:.4f}")
