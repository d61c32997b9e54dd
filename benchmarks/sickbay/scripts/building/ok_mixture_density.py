"""A mixture density net for a curve with three branches; its negative log-likelihood goes below 0."""
import torch
import torch.nn as nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(1, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 15))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)


def batch(n):
    t = torch.rand(n, 1)
    x = t + 0.3 * torch.sin(6.28 * t) + 0.03 * torch.randn(n, 1)
    return x, t


for step in range(600):
    x, y = batch(128)
    weight, mean, log_std = net(x).chunk(3, 1)
    std = log_std.clamp(-5, 2).exp()
    parts = torch.log_softmax(weight, 1) + torch.distributions.Normal(mean, std).log_prob(y)
    loss = -torch.logsumexp(parts, 1).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    opt.step()
    if step % 100 == 0:
        print(step, loss.item())
