"""JAX style: parameters in a dict, torch.func.grad_and_value of a loss, momentum SGD by hand."""
import torch
import torch.nn as nn
from torch.func import functional_call, grad_and_value

torch.manual_seed(0)
x = torch.randn(1000, 6)
y = (x[:, :1] * x[:, 1:2] + torch.relu(x[:, 2:3])).detach()
net = nn.Sequential(nn.Linear(6, 48), nn.ReLU(), nn.Linear(48, 1))
params = {k: v.detach().clone() for k, v in net.named_parameters()}
speed = {k: torch.zeros_like(v) for k, v in params.items()}


def loss_of(params, x, y):
    return nn.functional.mse_loss(functional_call(net, params, (x,)), y)


step_of = grad_and_value(loss_of)
for step in range(500):
    i = torch.randint(0, 1000, (50,))
    grads, loss = step_of(params, x[i], y[i])
    for k in params:
        speed[k] = 0.9 * speed[k] + grads[k]
        params[k] = params[k] - 0.02 * speed[k]
    if step % 100 == 0:
        print(step, loss.item())
