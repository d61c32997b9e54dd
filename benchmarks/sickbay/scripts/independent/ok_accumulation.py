"""Well: gradients are accumulated over 4 micro-batches of 8, the loss divided by 4, the leftover of the epoch stepped too."""
# most iterations neither clear the gradients nor step; gradients grow on purpose within a group
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(2)
ACCUM = 4

x = torch.randn(1004, 10)
y = (x[:, :2].prod(1) + 0.6 * x[:, 3] - x[:, 4].abs()).unsqueeze(1)
xv = torch.randn(400, 10)
yv = (xv[:, :2].prod(1) + 0.6 * xv[:, 3] - xv[:, 4].abs()).unsqueeze(1)
loader = DataLoader(TensorDataset(x, y), batch_size=8, shuffle=True)

net = nn.Sequential(nn.Linear(10, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
opt = torch.optim.AdamW(net.parameters(), lr=4e-3, weight_decay=1e-2)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=15 * 32)
opt.zero_grad()
updates = 0
for epoch in range(15):
    net.train()
    for i, (xb, yb) in enumerate(loader):
        last_group = i // ACCUM == (len(loader) - 1) // ACCUM
        group = (len(loader) - 1) % ACCUM + 1 if last_group else ACCUM
        loss = nn.functional.mse_loss(net(xb), yb)
        (loss / group).backward()
        if (i + 1) % ACCUM == 0 or i + 1 == len(loader):
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            opt.step()
            sched.step()
            opt.zero_grad()
            updates += 1
    net.eval()
    with torch.no_grad():
        val = nn.functional.mse_loss(net(xv), yv).item()
    print(epoch, "updates", updates, "val", round(val, 4))
print("final val_loss", val, "of variance", yv.var().item())
