"""Domain-adversarial training: a gradient reversal layer keeps the domain loss at log 2, which is what one wants."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(56)
DIM, CLASSES = 16, 4
cent = torch.randn(CLASSES, 8) * 2.0
style = torch.randn(8) * 0.8


def draw(n, domain):
    y = torch.randint(0, CLASSES, (n,))
    content = cent[y] + torch.randn(n, 8)
    nuisance = torch.randn(n, 8) * 0.6 + (style if domain else -style) + (0 if domain else 1) * 0.8 * F.one_hot(y, 8)
    return torch.cat([content, nuisance], 1), y


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, lam):
        ctx.lam = lam
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        return -ctx.lam * g, None


class DANN(nn.Module):
    def __init__(self, h=32):
        super().__init__()
        self.feature = nn.Sequential(nn.Linear(DIM, 64), nn.ReLU(), nn.Linear(64, h), nn.ReLU())
        self.label = nn.Linear(h, CLASSES)
        self.domain = nn.Sequential(nn.Linear(h, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, x, lam):
        f = self.feature(x)
        return self.label(f), self.domain(Reverse.apply(f, lam))


src_x, src_y = draw(4000, 0)
tgt_x, tgt_y = draw(4000, 1)
model = DANN()
opt = torch.optim.Adam([
    {"params": [*model.feature.parameters(), *model.label.parameters()], "lr": 3e-4},
    {"params": model.domain.parameters(), "lr": 3e-3}], betas=(0.5, 0.999))
steps = 4000
for step in range(1, steps + 1):
    lam = 0.5 * (2 / (1 + torch.exp(torch.tensor(-10.0 * step / steps)).item()) - 1)
    i, j = torch.randint(0, 4000, (128,)), torch.randint(0, 4000, (128,))
    out, dom_s = model(src_x[i], lam)
    _, dom_t = model(tgt_x[j], lam)
    label_loss = F.cross_entropy(out, src_y[i])
    dom_loss = F.cross_entropy(torch.cat([dom_s, dom_t]), torch.cat([torch.zeros(128), torch.ones(128)]).long())
    opt.zero_grad()
    (label_loss + dom_loss).backward()
    opt.step()
    if step % 400 == 0:
        with torch.no_grad():
            err = (model(tgt_x, 0.0)[0].argmax(1) != tgt_y).float().mean().item()
        print(f"step {step} label {label_loss.item():.4f} domain {dom_loss.item():.4f} target_error {err:.4f}")
