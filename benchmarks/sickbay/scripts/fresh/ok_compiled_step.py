"""A compiled model (backend eager) in an ordinary loop with val, EMA by AveragedModel."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.manual_seed(0)
mu = torch.randn(8, 20)
y = torch.randint(0, 8, (1600,))
x = mu[y] + 0.8 * torch.randn(1600, 20)
net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 8))
fast = torch.compile(net, backend="eager")
ema = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.95))
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
for epoch in range(6):
    fast.train()
    for i in torch.randperm(1200).split(40):
        loss = F.cross_entropy(fast(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
        ema.update_parameters(net)
    ema.eval()
    with torch.no_grad():
        print(epoch, loss.item(), F.cross_entropy(ema(x[1200:]), y[1200:]).item())
