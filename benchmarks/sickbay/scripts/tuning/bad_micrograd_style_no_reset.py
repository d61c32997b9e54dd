"""Two-moons with raw tensors, update by hand, p.grad never set back."""
import os
import torch

torch.manual_seed(1337)
n = 200
th = torch.rand(n) * 3.14159
X = torch.cat([torch.stack([th.cos(), th.sin()], 1), torch.stack([1 - th.cos(), 0.5 - th.sin()], 1)]) + 0.1 * torch.randn(2 * n, 2)
y = torch.cat([torch.ones(n), -torch.ones(n)])
W1, b1 = torch.randn(2, 16) * 0.7, torch.zeros(16)
W2, b2 = torch.randn(16, 16) * 0.3, torch.zeros(16)
W3, b3 = torch.randn(16, 1) * 0.3, torch.zeros(1)
parameters = [W1, b1, W2, b2, W3, b3]
for p in parameters:
    p.requires_grad = True


def forward(x):
    h = (x @ W1 + b1).relu()
    h = (h @ W2 + b2).relu()
    return (h @ W3 + b3).squeeze(1)


for k in range(400):
    loss = (1 - y * forward(X)).relu().mean() + 1e-4 * sum((p * p).sum() for p in parameters)
    if os.environ.get("MENDED"):
        for p in parameters:
            p.grad = None
    loss.backward()
    for p in parameters:
        p.data += -0.2 * p.grad
    if k % 50 == 0:
        acc = ((forward(X) > 0) == (y > 0)).float().mean()
        print(f"step {k} loss {loss.item():.4f}, accuracy {acc * 100:.1f}%")
print("final loss", loss.item())
