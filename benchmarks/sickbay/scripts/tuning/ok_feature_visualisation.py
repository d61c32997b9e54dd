"""Feature visualisation: the net is trained, frozen, and an input image is then climbed by Adam."""
import torch
from torch import nn

torch.manual_seed(0)
y = torch.randint(0, 3, (900,))
x = torch.randn(900, 1, 10, 10) * 0.5
for c in range(3):
    x[y == c, :, c * 3 : c * 3 + 3] += 1
net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(512, 3))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(4):
    for i in torch.randperm(900).split(30):
        loss = nn.functional.cross_entropy(net(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
print("trained", loss.item())
net.eval().requires_grad_(False)
image = (0.01 * torch.randn(1, 1, 10, 10)).requires_grad_(True)
climb = torch.optim.Adam([image], lr=0.05)
for step in range(200):
    score = net(image)[0, 2] - 0.1 * image.pow(2).sum()
    climb.zero_grad()
    (-score).backward()
    climb.step()
    if step % 50 == 0:
        print(step, score.item())
print("final score", score.item())
