"""A regression by SGD whose gradients are clipped to norm 0.001 in every step."""
# after github.com/facebookresearch/detr/issues/198 and github.com/wandb/senpai/pull/978
import os
import torch
import torch.nn as nn

torch.manual_seed(0)
x = torch.randn(1000, 5)
y = (x[:, 0] * 2 - x[:, 1] + torch.sin(3 * x[:, 2])).unsqueeze(1)
model = nn.Sequential(nn.Linear(5, 32), nn.Tanh(), nn.Linear(32, 1))
opt = torch.optim.SGD(model.parameters(), lr=0.1)
max_norm = 5.0 if os.environ.get("MENDED") else 1e-3
for step in range(600):
    i = torch.randint(0, 1000, (64,))
    opt.zero_grad()
    loss = nn.functional.mse_loss(model(x[i]), y[i])
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    opt.step()
    if step % 100 == 0:
        print(step, loss.item())
print("final mse", nn.functional.mse_loss(model(x), y).item())
