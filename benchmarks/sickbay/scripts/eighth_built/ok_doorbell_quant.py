"""Sound-event classifier with 3-bit weights, trained with fake quantisation and a straight-through gradient."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(60)
EVENTS, LEN = 6, 128


class RoundSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return torch.round(x)

    @staticmethod
    def backward(ctx, grad):
        return grad


def quantize(w, bits):
    levels = 2 ** (bits - 1) - 1
    scale = w.detach().abs().amax(dim=tuple(range(1, w.dim())), keepdim=True).clamp(min=1e-8) / levels
    return RoundSTE.apply(w / scale).clamp(-levels, levels) * scale


class QConv(nn.Conv1d):
    bits = 3

    def forward(self, x):
        return F.conv1d(x, quantize(self.weight, self.bits), self.bias, self.stride, self.padding)


class QLinear(nn.Linear):
    bits = 3

    def forward(self, x):
        return F.linear(x, quantize(self.weight, self.bits), self.bias)


def sounds(n):
    t = torch.arange(LEN) / LEN
    y = torch.randint(0, EVENTS, (n,))
    f = torch.tensor([5.0, 9.0, 14.0, 20.0, 9.0, 20.0])[y].unsqueeze(1) * (1 + 0.05 * torch.randn(n, 1))
    decay = torch.tensor([2.0, 2.0, 2.0, 2.0, 9.0, 9.0])[y].unsqueeze(1)
    start = 0.2 * torch.rand(n, 1)
    env = torch.exp(-decay * (t - start).clamp(min=0)) * (t > start)
    wave = env * torch.sin(2 * torch.pi * (f * t + torch.rand(n, 1)))
    return (wave + 0.2 * torch.randn(n, LEN)).unsqueeze(1), y


model = nn.Sequential(
    QConv(1, 24, 9, stride=2, padding=4), nn.ReLU(),
    QConv(24, 32, 7, stride=2, padding=3), nn.ReLU(),
    QConv(32, 32, 5, stride=2, padding=2), nn.ReLU(),
    nn.AdaptiveAvgPool1d(4), nn.Flatten(), QLinear(128, EVENTS),
)
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
x_tr, y_tr = sounds(2000)
x_va, y_va = sounds(600)

for epoch in range(10):
    model.train()
    total = 0.0
    for idx in torch.randperm(len(y_tr)).split(50):
        loss = F.cross_entropy(model(x_tr[idx]), y_tr[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        acc = (model(x_va).argmax(1) == y_va).float().mean().item()
    print(f"epoch {epoch} loss {total / 40:.4f} val {acc:.4f}")

distinct = {len(torch.unique(quantize(m.weight[:1], 3))) for m in model if isinstance(m, (QConv, QLinear))}
print("distinct values in one output row:", sorted(distinct))
print(f"metric val_acc {acc:.4f}")
