"""Noise2Noise: input and target are two noisy copies of the same clean signal, and the net learns the clean one."""
import torch
import torch.nn as nn

torch.manual_seed(0)
net = nn.Sequential(nn.Conv1d(1, 16, 7, padding=3), nn.ReLU(), nn.Conv1d(16, 16, 7, padding=3), nn.ReLU(), nn.Conv1d(16, 1, 7, padding=3))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
t = torch.linspace(0, 12, 80)
for step in range(400):
    clean = torch.sin(t * (0.5 + torch.rand(32, 1)) + 6.28 * torch.rand(32, 1))[:, None]
    a, b = clean + 0.4 * torch.randn_like(clean), clean + 0.4 * torch.randn_like(clean)
    loss = nn.functional.mse_loss(net(a), b)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, loss.item(), (net(a) - clean).pow(2).mean().item())
