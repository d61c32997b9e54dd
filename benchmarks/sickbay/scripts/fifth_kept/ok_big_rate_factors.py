"""Matrix completion by gradient descent on the mean squared error over all cells: small gradients, large rate."""
import torch
import torch.nn as nn

torch.manual_seed(55)
ROWS, COLS, RANK = 700, 500, 4
truth = (torch.randn(ROWS, RANK) @ torch.randn(RANK, COLS)) / RANK ** 0.5
seen = torch.rand(ROWS, COLS) < 0.25
noisy = truth + 0.1 * torch.randn_like(truth)


class Factors(nn.Module):
    def __init__(self, k=4):
        super().__init__()
        self.row = nn.Parameter(0.1 * torch.randn(ROWS, k))
        self.col = nn.Parameter(0.1 * torch.randn(COLS, k))
        self.row_bias, self.col_bias = nn.Parameter(torch.zeros(ROWS, 1)), nn.Parameter(torch.zeros(1, COLS))

    def forward(self):
        return self.row @ self.col.T + self.row_bias + self.col_bias


model = Factors()
optimizer = torch.optim.SGD(model.parameters(), lr=150.0, momentum=0.8)
mask = seen.float()
for step in range(1, 1001):
    optimizer.zero_grad()
    diff = (model() - noisy) * mask
    loss = (diff ** 2).mean()
    reg = 1e-7 * (model.row.pow(2).sum() + model.col.pow(2).sum())
    (loss + reg).backward()
    optimizer.step()
    if step in (1, 20, 40, 60, 80) or step % 100 == 0:
        with torch.no_grad():
            held = ((model() - truth)[~seen] ** 2).mean().sqrt().item()
        print(f"step {step} loss {loss.item():.6f} observed rmse {(loss / mask.mean()).sqrt().item():.4f} held_out_rmse {held:.4f}")
