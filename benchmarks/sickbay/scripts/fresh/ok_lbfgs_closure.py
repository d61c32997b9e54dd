"""A logistic curve is fitted by LBFGS with a strong Wolfe search, parameters in a dict of tensors."""
import torch

torch.manual_seed(0)
t = torch.linspace(0, 10, 80)
data = 5 / (1 + torch.exp(-1.3 * (t - 4))) + 0.1 * torch.randn(80)
theta = {k: torch.tensor(v, requires_grad=True) for k, v in {"top": 3.0, "rate": 0.5, "mid": 6.0}.items()}
opt = torch.optim.LBFGS(theta.values(), lr=1, max_iter=10, line_search_fn="strong_wolfe")


def curve():
    return theta["top"] * torch.sigmoid(theta["rate"] * (t - theta["mid"]))


def closure():
    opt.zero_grad()
    loss = ((curve() - data) ** 2).mean()
    loss.backward()
    return loss


for step in range(12):
    print(step, opt.step(closure).item())
print({k: round(v.item(), 3) for k, v in theta.items()})
