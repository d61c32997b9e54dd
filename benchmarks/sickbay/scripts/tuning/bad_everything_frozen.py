"""Transfer learning where the freezing loop runs over the whole model, the new head's weight included."""
import os
import torch
import torch.nn as nn

torch.manual_seed(0)
body = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
model = nn.Sequential(body, nn.Linear(64, 4))
for name, p in model.named_parameters():
    if os.environ.get("MENDED"):
        p.requires_grad = name.startswith("1.")
    else:
        p.requires_grad = name.endswith("bias") and name.startswith("1.")
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
X = torch.randn(1000, 12)
Y = X[:, :4].argmax(1)
for epoch in range(15):
    for i in torch.randperm(800).split(40):
        loss = nn.functional.cross_entropy(model(X[i]), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
print("final val_loss", nn.functional.cross_entropy(model(X[800:]), Y[800:]).item())
