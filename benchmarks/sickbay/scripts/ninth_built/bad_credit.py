"""Credit scoring on a small table; keep the weights of the best validation epoch."""
import copy
import os
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(55)
D = 30
w = torch.randn(D) * (torch.rand(D) < 0.3)


def applicants(n):
    x = torch.randn(n, D)
    p = torch.sigmoid(x @ w)
    return x, torch.bernoulli(p)


(xt, yt), (xv, yv), (xs, ys) = applicants(250), applicants(400), applicants(1500)
net = nn.Sequential(nn.Linear(D, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 1))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
bce = nn.BCEWithLogitsLoss()
best, best_epoch, best_state = float("inf"), 0, None
for epoch in range(60):
    net.train()
    for i in torch.randperm(len(xt)).split(25):
        opt.zero_grad()
        loss = bce(net(xt[i]).squeeze(1), yt[i])
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        vl = bce(net(xv).squeeze(1), yv).item()
    if vl < best:
        best, best_epoch = vl, epoch
        best_state = copy.deepcopy(net.state_dict()) if MENDED else net.state_dict()
    if epoch % 5 == 0:
        print(f"epoch {epoch} train {loss.item():.4f} val {vl:.4f} best {best:.4f} @ {best_epoch}")

net.load_state_dict(best_state)
with torch.no_grad():
    test = bce(net(xs).squeeze(1), ys).item()
print(f"restored epoch {best_epoch} (val {best:.4f})")
print(f"metric test_logloss {test:.4f}")
