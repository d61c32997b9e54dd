"""GradScaler on CPU with a scale so high that the first steps are skipped, as it always goes."""
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 1))
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127, growth_interval=200)
X = torch.randn(1000, 6)
Y = X[:, :1] * X[:, 1:2] + X[:, 2:3].abs()
skipped = 0
for step in range(600):
    i = torch.randint(0, 1000, (64,))
    opt.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = model(X[i])
    loss = nn.functional.mse_loss(out.float(), Y[i])
    scaler.scale(loss).backward()
    before = scaler.get_scale()
    scaler.step(opt)
    scaler.update()
    skipped += scaler.get_scale() < before
    if step % 100 == 0:
        print(step, loss.item(), "scale", scaler.get_scale())
print("skipped", skipped)
print("final loss", loss.item())
