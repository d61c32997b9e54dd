"""model.eval() in evaluate() and never model.train() again: a BatchNorm net without batch statistics."""
# after github.com/tk-rusch/coRNN/issues/1 and github.com/shubhamagarwal92/mmd/issues/14
import os
import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(300, 30)
Y = ((X[:, 0] * 2 + X[:, 1] + torch.randn(300) * 1.5) > 0).long()
Xv = torch.randn(1000, 30)
Yv = ((Xv[:, 0] * 2 + Xv[:, 1] + torch.randn(1000) * 1.5) > 0).long()
model = nn.Sequential(nn.Linear(30, 128), nn.ReLU(), nn.Dropout(0.7), nn.Linear(128, 128), nn.ReLU(), nn.Dropout(0.7), nn.Linear(128, 2))
opt = torch.optim.Adam(model.parameters(), lr=1e-3)


def evaluate():
    model.eval()
    with torch.no_grad():
        return nn.functional.cross_entropy(model(Xv), Yv).item()


model.train()
for epoch in range(25):
    if os.environ.get("MENDED"):
        model.train()
    for i in torch.randperm(300).split(20):
        loss = nn.functional.cross_entropy(model(X[i]), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    v = evaluate()
    if epoch % 5 == 0:
        print(f"epoch {epoch} train {loss.item():.3f} val {v:.3f}")
print("final val_loss", v)
