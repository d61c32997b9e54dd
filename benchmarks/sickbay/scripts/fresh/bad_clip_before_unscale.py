"""Mixed precision where the scaled gradients are clipped to norm 1, without scaler.unscale_ before."""
# after github.com/pytorch/pytorch/issues/40907 and github.com/victorchall/EveryDream2trainer/pull/175
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
x = torch.randn(1500, 1, 8, 8)
y = (x[:, 0, :4].mean((1, 2)) > x[:, 0, 4:].mean((1, 2))).long()
net = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(12 * 64, 2))
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
scaler = torch.amp.GradScaler("cpu", init_scale=65536.0)
for epoch in range(8):
    for i in torch.randperm(1200).split(40):
        opt.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(net(x[i]), y[i])
        scaler.scale(loss).backward()
        if os.environ.get("MENDED"):
            scaler.unscale_(opt)
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        scaler.step(opt)
        scaler.update()
    print("epoch", epoch, loss.item())
with torch.no_grad():
    print("final val_loss", F.cross_entropy(net(x[1200:]), y[1200:]).item())
