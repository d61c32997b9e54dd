"""Low-rank adapters whose two matrices both begin at zero: neither ever gets a gradient."""
# after questions on LoRA's initialisation, github.com/microsoft/LoRA/issues and github.com/huggingface/peft/issues
import os

import torch
import torch.nn as nn

torch.manual_seed(0)


class Adapter(nn.Module):
    def __init__(self, base, r=4):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.A, self.B = nn.Parameter(torch.zeros(r, base.in_features)), nn.Parameter(torch.zeros(base.out_features, r))
        if os.environ.get("MENDED"):
            nn.init.kaiming_uniform_(self.A, a=5**0.5)

    def forward(self, x):
        return self.base(x) + x @ self.A.T @ self.B.T


truth = torch.randn(12, 3)
body = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU())
body[0], body[2] = Adapter(body[0]), Adapter(body[2])
model = nn.Sequential(body, nn.Linear(48, 3))
optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=3e-3)
for step in range(500):
    x = torch.randn(64, 12)
    y = (x @ truth).sin() * (x @ truth).roll(1, 1)
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
with torch.no_grad():
    x = torch.randn(1000, 12)
    y = (x @ truth).sin() * (x @ truth).roll(1, 1)
    print("final val_loss", nn.functional.mse_loss(model(x), y).item())
