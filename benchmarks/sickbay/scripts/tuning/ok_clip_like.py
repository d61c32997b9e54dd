"""A CLIP-like pair of towers with a learned temperature: symmetric cross-entropy over the pair table."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(2)
concepts = torch.randn(200, 6)
to_img, to_txt = torch.randn(6, 40), torch.randn(6, 24)


class Towers(nn.Module):
    def __init__(self, d=16):
        super().__init__()
        self.image = nn.Sequential(nn.Linear(40, 64), nn.GELU(), nn.Linear(64, d))
        self.text = nn.Sequential(nn.Linear(24, 64), nn.GELU(), nn.Linear(64, d))
        self.logit_scale = nn.Parameter(torch.ones([]) * np.log(1 / 0.07))

    def forward(self, img, txt):
        i, t = F.normalize(self.image(img), dim=-1), F.normalize(self.text(txt), dim=-1)
        return self.logit_scale.exp().clamp(max=100) * i @ t.T


model = Towers()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
for step in range(400):
    c = concepts[torch.randperm(200)[:48]]
    img = torch.tanh(c @ to_img) + 0.3 * torch.randn(48, 40)
    txt = c @ to_txt + 0.5 * torch.randn(48, 24)
    logits = model(img, txt)
    target = torch.arange(48)
    loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 80 == 0:
        print(step, loss.item(), model.logit_scale.exp().item())
print("final loss", loss.item())
