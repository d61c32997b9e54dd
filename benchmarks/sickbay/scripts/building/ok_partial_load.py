"""A pretrained body is loaded with strict=False into a net with a new head; the body is frozen, then trained at a lower rate."""
import torch
import torch.nn as nn

torch.manual_seed(0)
mix = torch.randn(3, 20)


def net(outputs):
    model = nn.Module()
    model.body = nn.Sequential(nn.Linear(20, 48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU())
    model.head = nn.Linear(24, outputs)
    return model


def answer(model, x):
    return model.head(model.body(x))


def data(n):
    z = torch.randn(n, 3)
    return z @ mix + 0.3 * torch.randn(n, 20), z


first = net(3)
opt = torch.optim.Adam(first.parameters(), lr=3e-3)
for step in range(300):
    x, z = data(64)
    loss = nn.functional.mse_loss(answer(first, x), z)
    opt.zero_grad()
    loss.backward()
    opt.step()
state = {k: v for k, v in first.state_dict().items() if not k.startswith("head")}
second = net(2)
print(second.load_state_dict(state, strict=False))
second.body.requires_grad_(False)
opt = torch.optim.Adam(second.head.parameters(), lr=5e-3)
for step in range(400):
    if step == 200:
        second.body.requires_grad_(True)
        opt.add_param_group({"params": second.body.parameters(), "lr": 2e-4})
    x, z = data(64)
    loss = nn.functional.cross_entropy(answer(second, x), (z[:, 0] > z[:, 1]).long())
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, loss.item())
