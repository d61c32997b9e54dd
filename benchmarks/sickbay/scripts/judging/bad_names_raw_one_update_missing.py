"""A raw-tensor regression whose parameter list forgot the first layer."""
import os
import torch

g = torch.Generator().manual_seed(7)
X = torch.rand((500, 2), generator=g) * 4 - 2
Y = torch.sin(2 * X[:, :1]) + torch.cos(2 * X[:, 1:])
W1 = (torch.randn((2, 12), generator=g) * 0.6).requires_grad_()
b1 = torch.zeros(12).requires_grad_()
W2 = (torch.randn((12, 12), generator=g) * 0.3).requires_grad_()
b2 = torch.zeros(12).requires_grad_()
W3 = (torch.randn((12, 1), generator=g) * 0.3).requires_grad_()
b3 = torch.zeros(1).requires_grad_()
parameters = [W1, b1, W2, b2, W3, b3] if os.environ.get("MENDED") else [W3, b3]
for step in range(1500):
    h = torch.tanh(X @ W1 + b1)
    h = torch.tanh(h @ W2 + b2)
    loss = ((h @ W3 + b3 - Y) ** 2).mean()
    for p in parameters:
        p.grad = None
    loss.backward()
    for p in parameters:
        p.data -= 0.1 * p.grad
    if step % 300 == 0:
        print(step, loss.item())
print("final loss", loss.item())
