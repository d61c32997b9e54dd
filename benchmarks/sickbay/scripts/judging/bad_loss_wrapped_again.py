"""A two-class net whose loss is wrapped with torch.tensor(..., requires_grad=True) to silence an error."""
# after many answers to "element 0 of tensors does not require grad": set requires_grad on the loss
import os
import torch
import torch.nn as nn

torch.manual_seed(2)
x = torch.randn(800, 2)
y = ((x[:, 0] * x[:, 1]) > 0).float()
model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
bce = nn.BCEWithLogitsLoss()

for epoch in range(60):
    losses = []
    for i in range(0, 800, 100):
        optimizer.zero_grad()
        out = model(x[i : i + 100]).squeeze(1)
        loss = bce(out, y[i : i + 100])
        if not os.environ.get("MENDED"):
            loss = torch.tensor(loss.item(), requires_grad=True)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    if epoch % 10 == 0:
        print("Epoch {}, Loss: {:.4f}".format(epoch, sum(losses) / len(losses)))
print("final loss", bce(model(x).squeeze(1), y).item())
