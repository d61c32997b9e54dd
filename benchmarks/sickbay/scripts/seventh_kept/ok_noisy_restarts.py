"""Classification with 35% corrupted training labels; SGD, high rate, cosine warm restarts, weight decay."""
import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(23)
rng = np.random.default_rng(23)
C, D = 8, 32
cent = rng.normal(size=(C, D)) * 0.75


def make(n, corrupt):
    y = rng.integers(0, C, n)
    x = cent[y] + rng.normal(size=(n, D))
    x[:, ::2] = np.abs(x[:, ::2])
    bad = rng.random(n) < corrupt
    y2 = np.where(bad, rng.integers(0, C, n), y)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y2)


xt, yt = make(4000, 0.35)
xv, yv = make(1000, 0.0)
net = nn.Sequential(nn.Linear(D, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Dropout(0.3),
                    nn.Linear(128, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, C))
opt = torch.optim.SGD(net.parameters(), lr=0.8, momentum=0.9, weight_decay=2e-3, nesterov=True)
sched = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, T_0=160, T_mult=2, eta_min=1e-3)
crit = nn.CrossEntropyLoss()
it = 0
for epoch in range(28):
    net.train()
    tl, ta = 0, 0
    perm = torch.randperm(4000)
    for k in range(0, 4000, 100):
        i = perm[k:k + 100]
        out = net(xt[i])
        loss = crit(out, yt[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        it += 1
        tl += loss.item() / 40
        ta += (out.argmax(1) == yt[i]).float().mean().item() / 40
    net.eval()
    with torch.no_grad():
        va = (net(xv).argmax(1) == yv).float().mean().item()
    if epoch % 3 == 0 or epoch == 27:
        print(f"epoch {epoch:2d} lr {sched.get_last_lr()[0]:.3f} train loss {tl:.3f} train acc {ta:.3f} val acc {va:.3f}")
print(f"metric val_acc {va:.4f}")
