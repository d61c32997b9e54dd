"""A warm-up of 4000 steps from the paper in a run of 300: the learning rate never gets anywhere near its value."""
# after github.com/jadore801120/attention-is-all-you-need-pytorch issues on n_warmup_steps for small data
import os

import torch
import torch.nn as nn

torch.manual_seed(0)
model = nn.Sequential(
    nn.Embedding(16, 32), nn.Flatten(), nn.Linear(32 * 5, 64), nn.ReLU(), nn.Linear(64, 16)
)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.98), eps=1e-9)
warmup = 30 if os.environ.get("MENDED") else 4000
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: min((n + 1) / warmup, 1.0))
for step in range(300):
    x = torch.randint(0, 16, (32, 5))
    loss = nn.functional.cross_entropy(model(x), (x[:, 0] + x[:, 1] // 4) % 16)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    if step % 50 == 0:
        print(step, loss.item(), schedule.get_last_lr())
with torch.no_grad():
    x = torch.randint(0, 16, (1000, 5))
    print("final val_loss", nn.functional.cross_entropy(model(x), (x[:, 0] + x[:, 1] // 4) % 16).item())
