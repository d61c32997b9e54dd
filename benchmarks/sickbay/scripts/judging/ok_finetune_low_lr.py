"""Fine-tuning a trained net at lr 2e-5 on nearly the same task: little moves, as meant."""
import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(1600, 8)
Y = X[:, :1] * X[:, 1:2] + torch.sin(2 * X[:, 2:3])
net = nn.Sequential(nn.Linear(8, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))


def run(target, lr, steps, name):
    opt = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=0.01)
    for step in range(steps):
        i = torch.randint(0, 1300, (64,))
        loss = nn.functional.mse_loss(net(X[i]), target[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 200 == 0:
            print(name, step, loss.item())


run(Y, 3e-3, 900, "pre-training")
run(Y + 0.1 * X[:, 3:4], 5e-5, 400, "fine-tuning")
print("final val_mse", nn.functional.mse_loss(net(X[1300:]), (Y + 0.1 * X[:, 3:4])[1300:]).item())
