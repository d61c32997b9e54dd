"""Five nets are trained at once: stack_module_state, vmap over functional_call, one optimizer on the stacked tensors."""
import copy
import torch
import torch.nn as nn
from torch.func import functional_call, stack_module_state, vmap

torch.manual_seed(0)
x = torch.rand(600, 2) * 4 - 2
y = torch.sin(2 * x[:, :1]) * x[:, 1:]
nets = [nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1)) for _ in range(5)]
params, buffers = stack_module_state(nets)
skeleton = copy.deepcopy(nets[0]).to("meta")


def one(p, b, x):
    return functional_call(skeleton, (p, b), (x,))


opt = torch.optim.Adam(params.values(), lr=1e-2)
for step in range(400):
    i = torch.randint(0, 600, (64,))
    out = vmap(one, in_dims=(0, 0, None))(params, buffers, x[i])
    loss = ((out - y[i]) ** 2).mean((1, 2)).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 80 == 0:
        print(step, loss.item() / 5)
