import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

# Coupling-layer flow (RealNVP) as a density model of narrow ring data


class Coupling(nn.Module):
    def __init__(self, flip):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(1, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))

    def forward(self, x):
        a, b = x[:, :1], x[:, 1:]
        if self.flip:
            a, b = b, a
        s, t = self.net(a).chunk(2, 1)
        s = 2 * torch.tanh(s)
        b = b * s.exp() + t
        out = torch.cat([b, a] if self.flip else [a, b], 1)
        return out, s.squeeze(1)


class Flow(nn.Module):
    def __init__(self, k=8):
        super().__init__()
        self.layers = nn.ModuleList(Coupling(i % 2 == 1) for i in range(k))
        self.base = torch.distributions.Normal(0., 1.)

    def log_prob(self, x):
        ld = 0.
        for l in self.layers:
            x, d = l(x)
            ld = ld + d
        return self.base.log_prob(x).sum(1) + ld


def data(n, g):
    t = torch.rand(n, generator=g) * 3.0
    r = 0.3 + 0.005 * torch.randn(n, generator=g)
    return torch.stack([r * torch.cos(t), r * torch.sin(t)], 1)


def main():
    torch.manual_seed(3)
    g = torch.Generator().manual_seed(0)
    loader = DataLoader(TensorDataset(data(6000, g)), batch_size=200, shuffle=True)
    held = data(1000, g)
    flow = Flow()
    optimizer = torch.optim.Adam(flow.parameters(), lr=1e-3)
    for epoch in range(16):
        for (x,) in loader:
            loss = -flow.log_prob(x).mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(flow.parameters(), 5.0)
            optimizer.step()
        with torch.no_grad():
            print(f"epoch {epoch} train loss {loss.item():.3f} held-out nll {-flow.log_prob(held).mean().item():.3f}")


if __name__ == "__main__":
    main()
