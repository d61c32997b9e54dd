"""A small net is distilled from a large one: KL at temperature 3 beside cross-entropy, and one hidden layer is matched."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
x = torch.randn(2400, 16)
y = torch.stack([x[:, :4].sum(1), x[:, 4:8].sum(1), (x[:, 8] * x[:, 9]) * 2]).argmax(0)
big = nn.Sequential(nn.Linear(16, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 3))
opt = torch.optim.Adam(big.parameters(), lr=2e-3)
for epoch in range(6):
    for i in torch.randperm(2000).split(50):
        loss = F.cross_entropy(big(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
for p in big.parameters():
    p.requires_grad = False
big.eval()
body, head, match = nn.Sequential(nn.Linear(16, 24), nn.ReLU()), nn.Linear(24, 3), nn.Linear(24, 128)
opt = torch.optim.Adam([*body.parameters(), *head.parameters(), *match.parameters()], lr=2e-3)
T = 3.0
for epoch in range(8):
    for i in torch.randperm(2000).split(50):
        with torch.no_grad():
            hidden = big[:2](x[i])
            aim = big[2:](hidden)
        h = body(x[i])
        out = head(h)
        kd = T * T * F.kl_div((out / T).log_softmax(1), (aim / T).log_softmax(1), reduction="batchmean", log_target=True)
        loss = 0.5 * F.cross_entropy(out, y[i]) + 0.5 * kd + 0.1 * F.mse_loss(match(h), hidden)
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        print(epoch, loss.item(), (head(body(x[2000:])).argmax(1) == y[2000:]).float().mean().item())
