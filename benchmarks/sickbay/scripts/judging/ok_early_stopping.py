"""Early stopping with patience: validation rises for the last three epochs, then the best weights are loaded back."""
import copy

import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(500, 20)
Y = ((X[:, 0] + X[:, 1] + torch.randn(500)) > 0).long()
net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
best, patience, state = 9.0, 0, None
for epoch in range(100):
    net.train()
    for i in torch.randperm(350).split(25):
        loss = nn.functional.cross_entropy(net(X[i]), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        val = nn.functional.cross_entropy(net(X[350:]), Y[350:]).item()
    print(f"epoch {epoch} train {loss.item():.3f} val {val:.4f}")
    if val < best:
        best, patience, state = val, 0, copy.deepcopy(net.state_dict())
    else:
        patience += 1
    if patience == 3:
        break
net.load_state_dict(state)
print("final best_val", best)
