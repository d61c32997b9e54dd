"""Adapters beside frozen weights: optimizer.zero_grad() stands after backward and before the step."""
# after github.com/cloneofsimo/lora/issues/263
import os
import torch
import torch.nn as nn

torch.manual_seed(0)


class Adapted(nn.Module):
    def __init__(self, base, r=4):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.down, self.up = nn.Linear(base.in_features, r, bias=False), nn.Linear(r, base.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x):
        return self.base(x) + self.up(self.down(x))


net = nn.Sequential(Adapted(nn.Linear(12, 48)), nn.SiLU(), Adapted(nn.Linear(48, 12)))
goal = nn.Sequential(nn.Linear(12, 16), nn.Tanh(), nn.Linear(16, 12))
trained = [p for p in net.parameters() if p.requires_grad]
opt = torch.optim.AdamW(trained, lr=1e-2)
sched = torch.optim.lr_scheduler.ConstantLR(opt, 1.0, 1)
for step in range(300):
    x = torch.randn(32, 12)
    loss = nn.functional.mse_loss(net(x), goal(x).detach())
    if os.environ.get("MENDED"):
        opt.zero_grad()
    loss.backward()
    if not os.environ.get("MENDED"):
        opt.zero_grad()
    torch.nn.utils.clip_grad_norm_(trained, 1.0)
    opt.step()
    sched.step()
    if step % 60 == 0:
        print(step, loss.item())
print("final mse", loss.item())
