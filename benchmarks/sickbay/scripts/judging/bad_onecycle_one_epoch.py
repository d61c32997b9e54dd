"""OneCycleLR laid out for one epoch, then trained on for eleven more with the last learning rate."""
# after github.com/Lightning-AI/pytorch-lightning/issues/3205
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(5)
EPOCHS, BATCH = 12, 20
xs = torch.randn(800, 1, 16)
ys = (xs[:, 0, :8].sum(1) * xs[:, 0, 8:].sum(1) > 0).long() + 2 * (xs[:, 0].abs().argmax(1) > 7).long()
net = nn.Sequential(nn.Flatten(), nn.Linear(16, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 4))
optimizer = torch.optim.AdamW(net.parameters(), lr=1e-4)
per_epoch = len(xs) // BATCH
cycle = EPOCHS * per_epoch if os.environ.get("MENDED") else per_epoch
sched = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=5e-3, total_steps=cycle)
done = 0
for epoch in range(EPOCHS):
    for i in torch.randperm(len(xs)).split(BATCH):
        loss = F.cross_entropy(net(xs[i]), ys[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        done += 1
        if done < cycle:
            sched.step()
    print(f"epoch {epoch} loss {loss.item():.4f} lr {optimizer.param_groups[0]['lr']:.2e}")
print("final train_loss", F.cross_entropy(net(xs), ys).item())
