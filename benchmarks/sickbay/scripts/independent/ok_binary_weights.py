"""Well: binary weights by a custom autograd Function (sign forward, straight-through backward); the gradient is not the true one on purpose."""
# the forward is piecewise constant, its true gradient zero; the latent weights are clamped in no_grad after each step
import torch
import torch.nn as nn

torch.manual_seed(40)


class SignSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        return torch.where(w >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx, g):
        w, = ctx.saved_tensors
        return g * (w.abs() <= 1)


class BinaryLinear(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.w = nn.Parameter(torch.empty(o, i).uniform_(-0.3, 0.3))
        self.scale = nn.Parameter(torch.full((o, 1), i ** -0.5))

    def forward(self, x):
        return x @ (SignSTE.apply(self.w) * self.scale).t()


net = nn.Sequential(BinaryLinear(20, 128), nn.BatchNorm1d(128), nn.ReLU(), BinaryLinear(128, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 5))
centres = torch.randn(5, 3, 20)


def draw(n):
    y, k = torch.randint(5, (n,)), torch.randint(3, (n,))
    return centres[y, k] + 0.6 * torch.randn(n, 20), y


opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(900):
    x, y = draw(64)
    loss = nn.functional.cross_entropy(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for m in net:
            if isinstance(m, BinaryLinear):
                m.w.clamp_(-1, 1)
    if step % 150 == 0:
        print(step, loss.item())
net.eval()
x, y = draw(2000)
with torch.no_grad():
    print("final accuracy", (net(x).argmax(1) == y).float().mean().item())
