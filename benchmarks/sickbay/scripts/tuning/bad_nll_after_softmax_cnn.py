"""A small CNN on bars and dots that ends in Softmax and is trained with NLLLoss."""
import os
import torch
import torch.nn as nn

torch.manual_seed(3)


def images(n):
    y = torch.randint(0, 4, (n,))
    x = torch.randn(n, 1, 10, 10) * 0.7
    for i, c in enumerate(y.tolist()):
        k = torch.randint(1, 9, (1,)).item()
        if c == 0:
            x[i, 0, k, :] += 1.2
        elif c == 1:
            x[i, 0, :, k] += 1.2
        elif c == 2:
            x[i, 0].diagonal().add_(1.2)
    return x, y


last = nn.LogSoftmax(dim=1) if os.environ.get("MENDED") else nn.Softmax(dim=1)
cnn = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 12, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(3),
    nn.Flatten(), nn.Linear(108, 4), last,
)
loss_fn = nn.NLLLoss()
opt = torch.optim.SGD(cnn.parameters(), lr=0.05, momentum=0.9)
X, Y = images(1200)
Xv, Yv = images(300)
for epoch in range(6):
    perm = torch.randperm(len(X))
    for b in range(0, len(X), 40):
        idx = perm[b : b + 40]
        loss = loss_fn(cnn(X[idx]), Y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print("epoch", epoch, "loss", round(loss.item(), 4))
with torch.no_grad():
    out = cnn(Xv)
    logp = out if os.environ.get("MENDED") else out.clamp_min(1e-9).log()
print("final val_nll", nn.functional.nll_loss(logp, Yv).item())
