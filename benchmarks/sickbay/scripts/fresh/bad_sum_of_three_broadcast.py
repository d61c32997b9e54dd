"""The sum of three numbers by one linear layer: outputs are (n, 1), targets (n,), and MSELoss only warns."""
# after discuss.pytorch.org/t/output-of-the-model-depends-on-the-shape-of-the-weights-tensor/148155
import os
import warnings
import torch
from torch import nn

warnings.simplefilter("ignore")
torch.manual_seed(0)
X = torch.rand(1024, 3)
y = X.sum(1)
model = nn.Sequential(nn.Linear(3, 1, bias=False))
optim = torch.optim.SGD(model.parameters(), lr=0.1)
plan = torch.optim.lr_scheduler.ReduceLROnPlateau(optim, "min", factor=0.5, patience=20)
mse = nn.MSELoss()
for epoch in range(400):
    optim.zero_grad()
    out = model(X)
    loss = mse(out, y.unsqueeze(1) if os.environ.get("MENDED") else y)
    loss.backward()
    optim.step()
    plan.step(loss.item())
    if epoch % 80 == 0:
        print(loss.item())
print("final mse", (model(X)[:, 0] - y).square().mean().item())
