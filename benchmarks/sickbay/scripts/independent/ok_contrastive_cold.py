"""Well: InfoNCE on two views with a temperature of 0.07; the loss starts above ln(N) and the similarities are nearly saturated."""
# the loss never goes near zero as some views of different items look alike; retrieval is what counts
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(20)
N, TAU = 96, 0.07
to_a, to_b = torch.randn(12, 40) / 12 ** 0.5, torch.randn(12, 40) / 12 ** 0.5


def views(n):
    z = torch.randn(n, 12)
    return torch.tanh(z @ to_a) + 0.35 * torch.randn(n, 40), torch.tanh(z @ to_b) + 0.35 * torch.randn(n, 40)


def tower():
    return nn.Sequential(nn.Linear(40, 96), nn.GELU(), nn.LayerNorm(96), nn.Linear(96, 24))


image, text = tower(), tower()
opt = torch.optim.AdamW(list(image.parameters()) + list(text.parameters()), lr=2e-3, weight_decay=0.01)
print("ln(N)", math.log(N))
for step in range(800):
    a, b = views(N)
    ea, eb = F.normalize(image(a), dim=1), F.normalize(text(b), dim=1)
    logits = ea @ eb.t() / TAU
    target = torch.arange(N)
    loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.t(), target)) / 2
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print("step", step, "loss", round(loss.item(), 4))
with torch.no_grad():
    a, b = views(200)
    sim = F.normalize(image(a), dim=1) @ F.normalize(text(b), dim=1).t()
print("final recall_at_1_of_200", (sim.argmax(1) == torch.arange(200)).float().mean().item())
