"""Domain adversarial training: a gradient reversal layer makes features that hide the sensor they came from."""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(37)
DIM, CLASSES = 20, 5
protos = torch.randn(CLASSES, 8)
lift = torch.randn(8, DIM)
shift = 2.5 * torch.randn(DIM)
drift = torch.randn(CLASSES, DIM)


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, strength):
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        return -ctx.strength * grad, None


def draw(n, new_sensor):
    y = torch.randint(0, CLASSES, (n,))
    x = (protos[y] + 0.5 * torch.randn(n, 8)) @ lift + 0.5 * torch.randn(n, DIM)
    if new_sensor:
        x = x + shift + 0.3 * drift[y]
    return x / 3, y


class Dann(nn.Module):
    def __init__(self, f=32):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(DIM, 64), nn.ReLU(), nn.Linear(64, f), nn.ReLU())
        self.label = nn.Linear(f, CLASSES)
        self.domain = nn.Sequential(nn.Linear(f, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x, strength):
        h = self.features(x)
        return self.label(h), self.domain(Reverse.apply(h, strength)).squeeze(1)


src_x, src_y = draw(2000, False)
tgt_x, _ = draw(2000, True)
val_x, val_y = draw(800, True)
model = Dann()
opt = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-3)
STEPS = 1200


def target_accuracy():
    model.eval()
    with torch.no_grad():
        a = (model(val_x, 0.0)[0].argmax(1) == val_y).float().mean().item()
    model.train()
    return a


print(f"before val acc on the new sensor {target_accuracy():.3f}")
for step in range(STEPS):
    strength = 0.5 * (2 / (1 + math.exp(-10 * step / STEPS)) - 1)
    i, j = torch.randint(0, 2000, (64,)), torch.randint(0, 2000, (64,))
    logits, d_src = model(src_x[i], strength)
    _, d_tgt = model(tgt_x[j], strength)
    class_loss = F.cross_entropy(logits, src_y[i])
    domain_loss = 0.5 * (F.binary_cross_entropy_with_logits(d_src, torch.zeros(64))
                         + F.binary_cross_entropy_with_logits(d_tgt, torch.ones(64)))
    opt.zero_grad()
    (class_loss + domain_loss).backward()
    opt.step()
    if step % 100 == 0:
        print(f"step {step} class loss {class_loss.item():.4f} domain loss {domain_loss.item():.4f} "
              f"strength {strength:.2f} new sensor acc {target_accuracy():.3f}")

print(f"metric target_acc {target_accuracy():.4f}")
