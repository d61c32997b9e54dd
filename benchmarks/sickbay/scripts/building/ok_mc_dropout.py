"""Monte-Carlo dropout: at the end the dropout modules alone are switched on again and twenty answers are averaged."""
import torch
import torch.nn as nn

torch.manual_seed(0)
x = torch.rand(800, 1) * 6 - 3
y = torch.sin(2 * x) + 0.1 * torch.randn_like(x)
net = nn.Sequential(nn.Linear(1, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 1))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(15):
    net.train()
    for i in torch.randperm(600).split(25):
        loss = nn.functional.mse_loss(net(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(epoch, nn.functional.mse_loss(net(x[600:]), y[600:]).item())
for m in net.modules():
    if isinstance(m, nn.Dropout):
        m.train()
with torch.no_grad():
    answers = torch.stack([net(x[600:]) for _ in range(20)])
print("spread", answers.std(0).mean().item(), "error", (answers.mean(0) - y[600:]).pow(2).mean().item())
