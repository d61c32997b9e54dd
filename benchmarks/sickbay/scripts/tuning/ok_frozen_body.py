"""Transfer learning: the pre-trained body is frozen and in eval mode, a new head learns."""
import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(1500, 10)
old = (X[:, 0] * X[:, 1] > 0).long() * 2 + (X[:, 2] > 0).long()
new = (X[:, 0] * X[:, 1] > 0).long()
body = nn.Sequential(nn.Linear(10, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())


def fit(model, params, target, epochs, prepare):
    opt = torch.optim.Adam(params, lr=3e-3)
    for epoch in range(epochs):
        prepare()
        for i in torch.randperm(1200).split(50):
            loss = nn.functional.cross_entropy(model(X[i]), target[i])
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 4 == 0:
            print(epoch, loss.item())


first = nn.Sequential(body, nn.Linear(64, 4))
fit(first, first.parameters(), old, 16, first.train)
for p in body.parameters():
    p.requires_grad = False
model = nn.Sequential(body, nn.Linear(64, 2))


def prepare():
    model.train()
    body.eval()


fit(model, model[1].parameters(), new, 10, prepare)
model.eval()
print("final val_loss", nn.functional.cross_entropy(model(X[1200:]), new[1200:]).item())
