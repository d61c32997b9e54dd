"""Looks broken because nearly all weights are frozen, lora_B is all zeros and lora_A has a zero gradient at first; right, because this is how LoRA starts from the base model exactly."""
# accuracy on the new task 0.68 before, 0.82 after (0.85 is what the base reached on its own task)
# after https://github.com/microsoft/LoRA/issues/98
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(4)


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, r=4, alpha=8):
        super().__init__()
        self.base = base
        for p in self.base.parameters():
            p.requires_grad_(False)
        self.lora_A = nn.Parameter(torch.empty(r, base.in_features))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, r))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scaling = alpha / r

    def forward(self, x):
        return self.base(x) + self.scaling * (x @ self.lora_A.t()) @ self.lora_B.t()


class Tower(nn.Module):
    def __init__(self, n_in=24, width=96, n_out=6):
        super().__init__()
        self.up = nn.Linear(n_in, width)
        self.mid = nn.Linear(width, width)
        self.down = nn.Linear(width, n_out)

    def forward(self, x):
        return self.down(F.gelu(self.mid(F.gelu(self.up(x)))))


teacher = nn.Sequential(nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 6))
with torch.no_grad():
    for p in teacher.parameters():
        p.mul_(2)
rotation = torch.linalg.qr(torch.randn(24, 24))[0]
low_rank = torch.eye(24) + 3.0 * torch.outer(rotation[0], rotation[1]) - 3.0 * torch.outer(rotation[2], rotation[3])


def domain(n, shifted):
    x = torch.randn(n, 24)
    return x, teacher(x @ low_rank if shifted else x).argmax(1).detach()


def accuracy(model, shifted):
    x, y = domain(4000, shifted)
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def fit(model, params, shifted, steps, lr):
    opt = torch.optim.AdamW(params, lr=lr, weight_decay=0.0)
    for i in range(steps):
        x, y = domain(64, shifted)
        loss = F.cross_entropy(model(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if i % 250 == 0:
            print("step", i, "loss %.3f" % loss.item())


model = Tower()
fit(model, model.parameters(), False, 1200, 2e-3)
print("base task %.3f, new task before tuning %.3f" % (accuracy(model, False), accuracy(model, True)))
for p in model.parameters():
    p.requires_grad_(False)
for name in ("up", "mid", "down"):
    setattr(model, name, LoRALinear(getattr(model, name)))
trainable = [p for p in model.parameters() if p.requires_grad]
print("trainable", sum(p.numel() for p in trainable), "of", sum(p.numel() for p in model.parameters()))
fit(model, trainable, True, 1200, 4e-3)
print("new task after tuning %.3f" % accuracy(model, True))
