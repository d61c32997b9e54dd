"""A learning rate learned by hypergradient descent, raw tensors, no optimizer."""
import torch

torch.manual_seed(0)
X = torch.randn(400, 6)
y = X @ torch.randn(6, 1) + 0.1 * torch.randn(400, 1)
w = torch.zeros(6, 1, requires_grad=True)
lr, beta, last = 0.005, 1e-4, torch.zeros_like(w)
for step in range(200):
    i = torch.randint(0, 400, (64,))
    loss = ((X[i] @ w - y[i]) ** 2).mean()
    (g,) = torch.autograd.grad(loss, w)
    lr = max(1e-4, lr + beta * (g * last).sum().item())
    with torch.no_grad():
        w -= lr * g
    last = g
    if step % 40 == 0:
        print(step, loss.item(), "lr", lr)
print("final mse", ((X @ w - y) ** 2).mean().item())
