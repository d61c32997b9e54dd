"""Soil type from spectra; field labels are rough, so keep the epoch with the best clean validation accuracy."""
import copy
import os
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(14)
K = 5
centre = torch.randn(K, 30) * 0.6


def spectra(n, rough=0.0):
    y = torch.randint(0, K, (n,))
    x = centre[y] + torch.randn(n, 30)
    return x, torch.where(torch.rand(n) < rough, torch.randint(0, K, (n,)), y)


x, y = spectra(400, 0.5)
xv, yv = spectra(500)
xt, yt = spectra(1000)
model = nn.Sequential(nn.Linear(30, 256), nn.ReLU(), nn.Linear(256, 5))
opt = torch.optim.Adam(model.parameters(), lr=2e-3)


@torch.no_grad()
def accuracy(a, b):
    return (model(a).argmax(1) == b).float().mean().item()


best, best_state, best_epoch = 0.0, None, -1
for epoch in range(80):
    model.train()
    for j in torch.randperm(len(x)).split(40):
        loss = nn.functional.cross_entropy(model(x[j]), y[j])
        opt.zero_grad()
        loss.backward()
        opt.step()
    model.eval()
    v = accuracy(xv, yv)
    if v > best:
        best, best_epoch = v, epoch
        best_state = copy.deepcopy(model.state_dict()) if MENDED else model.state_dict()
    if epoch % 8 == 0:
        print(f"epoch {epoch:3d} train {accuracy(x, y):.3f} val {v:.3f} best {best:.3f} @ {best_epoch}")

model.load_state_dict(best_state)
print(f"restored epoch {best_epoch} (val {best:.3f})")
print(f"metric test_acc {accuracy(xt, yt):.4f}")
