"""When val gets worse the best copy is put back by assignment; the optimizer goes on with the parameters of the old one."""
# after questions on deepcopy of the best model and an optimizer that does not follow
import copy
import os
import torch
import torch.nn as nn

torch.manual_seed(0)
x = torch.randn(1400, 8)
y = torch.sin(2 * x[:, :1]) + x[:, 1:2] * x[:, 2:3]
xv, yv = x[1200:], y[1200:]
model = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
best, best_model = float("inf"), None
for epoch in range(30):
    for i in torch.randperm(1200).split(30):
        loss = nn.functional.mse_loss(model(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        val = nn.functional.mse_loss(model(xv), yv).item()
    if val < best:
        best, best_model = val, copy.deepcopy(model)
    elif os.environ.get("MENDED"):
        model.load_state_dict(best_model.state_dict())
    else:
        model = copy.deepcopy(best_model)
    if epoch % 5 == 0:
        print(epoch, val)
print("final best_val", best)
