"""Hand-written optimiser: sharpness-aware steps, with momentum kept in our own buffers; no torch.optim."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(36)
DIM, CLASSES = 24, 7
mix = torch.randn(DIM, DIM) / DIM ** 0.5
protos = 1.1 * torch.randn(CLASSES, DIM)


def draw(n, flip=0.0):
    y = torch.randint(0, CLASSES, (n,))
    x = torch.tanh((protos[y] + torch.randn(n, DIM)) @ mix)
    wrong = torch.rand(n) < flip
    y = torch.where(wrong, torch.randint(0, CLASSES, (n,)), y)
    return x, y


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(DIM, 96), nn.Linear(96, 96), nn.Linear(96, CLASSES)

    def forward(self, x):
        return self.c(F.relu(self.b(F.relu(self.a(x)))))


def sam_step(model, x, y, buffers, lr, rho=0.05, mu=0.9, wd=5e-4):
    params = list(model.parameters())
    loss = F.cross_entropy(model(x), y)
    grads = torch.autograd.grad(loss, params)
    norm = torch.sqrt(sum((g ** 2).sum() for g in grads)) + 1e-12
    moves = [rho * g / norm for g in grads]
    with torch.no_grad():
        for p, m in zip(params, moves):
            p.add_(m)
    grads = torch.autograd.grad(F.cross_entropy(model(x), y), params)
    with torch.no_grad():
        for p, m, g, buf in zip(params, moves, grads, buffers):
            p.sub_(m)
            buf.mul_(mu).add_(g + wd * p)
            p.sub_(lr * buf)
    return loss.item()


train_x, train_y = draw(2000, flip=0.25)
val_x, val_y = draw(1000)
model = Net()
buffers = [torch.zeros_like(p) for p in model.parameters()]
EPOCHS, BS = 20, 64
for epoch in range(EPOCHS):
    lr = 0.05 * (1 - epoch / EPOCHS)
    order = torch.randperm(len(train_x))
    total, n = 0.0, 0
    for i in range(0, len(order), BS):
        idx = order[i:i + BS]
        total += sam_step(model, train_x[idx], train_y[idx], buffers, lr)
        n += 1
    with torch.no_grad():
        acc = (model(val_x).argmax(1) == val_y).float().mean().item()
    if epoch % 2 == 0 or epoch == EPOCHS - 1:
        print(f"epoch {epoch} lr {lr:.4f} train loss (a quarter of the labels is wrong) {total / n:.4f} val acc {acc:.3f}")

print(f"metric val_acc {acc:.4f}")
