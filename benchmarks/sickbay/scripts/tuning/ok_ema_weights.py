"""EMA of the weights by AveragedModel, evaluation with the averaged copy."""
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.manual_seed(0)
X = torch.randn(1500, 10)
Y = (X[:, :3].sum(1) > 0).long() + (X[:, 3] > 1).long()
model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 3))
ema = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.98))
opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for epoch in range(12):
    for i in torch.randperm(1200).split(40):
        loss = nn.functional.cross_entropy(model(X[i]), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
        ema.update_parameters(model)
    with torch.no_grad():
        a, b = (nn.functional.cross_entropy(m(X[1200:]), Y[1200:]).item() for m in (model, ema))
    print(epoch, "plain", round(a, 4), "ema", round(b, 4))
print("final ema_val_loss", b)
