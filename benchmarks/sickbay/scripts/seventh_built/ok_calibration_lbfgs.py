# Spectrometer calibration curve, full batch, LBFGS with strong Wolfe line search
import numpy as np
import torch

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(1)
x = np.sort(rng.uniform(-3, 3, 260))
y = np.sin(1.7 * x) * np.exp(-0.15 * x ** 2) + 0.2 * x + 0.03 * rng.normal(size=260)
x, y = torch.tensor(x)[:, None], torch.tensor(y)[:, None]
val = torch.arange(260) % 4 == 0

f = torch.nn.Sequential(torch.nn.Linear(1, 20), torch.nn.Tanh(), torch.nn.Linear(20, 20), torch.nn.Tanh(),
                        torch.nn.Linear(20, 1))
opt = torch.optim.LBFGS(f.parameters(), lr=1.0, max_iter=4, history_size=20, line_search_fn="strong_wolfe")
evals = 0


def closure():
    global evals
    evals += 1
    opt.zero_grad()
    l2 = sum((p ** 2).sum() for p in f.parameters())
    loss = ((f(x[~val]) - y[~val]) ** 2).mean() + 1e-6 * l2
    loss.backward()
    return loss


for k in range(150):
    loss = opt.step(closure)
    if k % 15 == 0 or k == 149:
        with torch.no_grad():
            r = ((f(x[val]) - y[val]) ** 2).mean()
        print("outer step %3d (%4d evaluations) objective %.3e val mse %.3e" % (k, evals, loss.item(), r.item()))
print("metric val_r2 %.5f" % (1 - r / y[val].var()).item())
