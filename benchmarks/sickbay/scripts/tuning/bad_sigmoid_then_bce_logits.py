"""Multi-label genres with torch.sigmoid in forward and BCEWithLogitsLoss."""
import os
import torch
from torch import nn

torch.manual_seed(3)
W = torch.randn(16, 6)
X = torch.randn(2000, 16)
Y = (X @ W > 1.5).float()


class Genres(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1, self.l2 = nn.Linear(16, 48), nn.Linear(48, 6)

    def forward(self, x):
        out = self.l2(torch.relu(self.l1(x)))
        return out if os.environ.get("MENDED") else torch.sigmoid(out)


model = Genres()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
loss_fn = nn.BCEWithLogitsLoss()
for epoch in range(15):
    for i in torch.randperm(1600).split(40):
        loss = loss_fn(model(X[i]), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 3 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    guess = torch.sigmoid(model(X[1600:])) > 0.5
print("final wrong_labels", (guess != (Y[1600:] > 0.5)).float().mean().item())
