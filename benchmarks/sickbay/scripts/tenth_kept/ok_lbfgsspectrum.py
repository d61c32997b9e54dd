"""Full batch L-BFGS fit of a small net to a spectrum, with strong Wolfe line search."""
import numpy as np
import torch

torch.manual_seed(0)
rng = np.random.RandomState(0)
grid = np.linspace(-3, 3, 240)
truth = lambda t: 1.3 * np.exp(-(t + 1) ** 2 * 6) + 0.7 * np.exp(-(t - .8) ** 2 * 10) + 0.2 * np.sin(3 * t)
x = torch.tensor(grid, dtype=torch.float64)[:, None]
y = torch.tensor(truth(grid) + 0.03 * rng.randn(240))[:, None]
xv = torch.tensor(rng.uniform(-3, 3, 200))[:, None]
yv = torch.tensor(truth(xv.numpy()))

model = torch.nn.Sequential(torch.nn.Linear(1, 24), torch.nn.Tanh(), torch.nn.Linear(24, 24), torch.nn.Tanh(), torch.nn.Linear(24, 1)).double()
opt = torch.optim.LBFGS(model.parameters(), lr=1, max_iter=5, history_size=20, line_search_fn="strong_wolfe")


def closure():
    opt.zero_grad()
    loss = ((model(x) - y) ** 2).mean() + 1e-6 * sum((p ** 2).sum() for p in model.parameters())
    loss.backward()
    return loss


for k in range(150):
    l = opt.step(closure)
    if k % 15 == 0:
        print("outer", k, "loss %.6f" % l.item())
with torch.no_grad():
    r2 = 1 - ((model(xv) - yv) ** 2).mean() / yv.var()
print("metric val_r2 %.4f" % r2.item())
