"""A linear-plus-hidden-layer fit of car prices from kilometres and horse power, all in raw units, with SGD."""
# after the Stack Overflow question 63333466 (loss is nan on unscaled data)
import os
import torch

torch.manual_seed(15)
km = torch.rand(400, 1) * 200000
hp = 60 + torch.rand(400, 1) * 200
price = 30000 - 0.1 * km + 40 * hp + 800 * torch.randn(400, 1)
X = torch.cat([km, hp], 1)
y = price
if os.environ.get("MENDED"):
    X = (X - X.mean(0)) / X.std(0)
    y = (price - price.mean()) / price.std()
model = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
opt = torch.optim.SGD(model.parameters(), lr=1e-2)
for epoch in range(300):
    pred = model(X)
    loss = ((pred - y) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if epoch % 50 == 0:
        print(epoch, loss.item())
share = ((model(X) - y) ** 2).mean() / y.var()
print("final unexplained_share", share.item())
