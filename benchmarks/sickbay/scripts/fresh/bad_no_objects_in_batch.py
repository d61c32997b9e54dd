"""A box loss is divided by the number of objects in the batch, which now and then is none."""
# after github.com/ultralytics/ultralytics/pull/490
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(3)
net = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 5))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
W = torch.randn(16, 4)
for step in range(400):
    x = torch.randn(8, 16)
    has = (x[:, 0] > 0.5).float()
    out = net(x)
    box = (F.l1_loss(out[:, :4], torch.tanh(x @ W), reduction="none").mean(1) * has).sum()
    count = has.sum().clamp(min=1) if os.environ.get("MENDED") else has.sum()
    loss = F.binary_cross_entropy_with_logits(out[:, 4], has) + box / count
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(step, loss.item())
print("final loss", loss.item())
