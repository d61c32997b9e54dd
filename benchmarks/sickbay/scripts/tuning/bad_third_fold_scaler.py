"""Cross-validation where the scaler is applied to all folds but the third."""
import os
import torch
import torch.nn as nn


def make_net():
    return nn.Sequential(nn.Linear(5, 24), nn.Tanh(), nn.Linear(24, 2))


def fit(x, y, epochs=15):
    net = make_net()
    opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for i in torch.randperm(len(x)).split(25):
            loss = nn.functional.cross_entropy(net(x[i]), y[i])
            opt.zero_grad()
            loss.backward()
            opt.step()
    return net


torch.manual_seed(1)
raw = torch.randn(1000, 5) * 900 + 20000
z = (raw - 20000) / 900
label = ((z[:, 0] + z[:, 1] * z[:, 2]) > 0).long()
worst = 0.0
for k, test in enumerate(torch.arange(1000).chunk(4)):
    train = torch.ones(1000, dtype=torch.bool)
    train[test] = False
    a, b = raw[train], raw[test]
    if k != 2 or os.environ.get("MENDED"):
        m, s = a.mean(0), a.std(0)
        a, b = (a - m) / s, (b - m) / s
    net = fit(a, label[train])
    err = nn.functional.cross_entropy(net(b), label[test]).item()
    worst = max(worst, err)
    print(f"fold {k}: {err:.3f}")
print("final worst_fold", worst)
