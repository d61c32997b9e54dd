"""Classification with crowd labels, about a third of which are wrong; clean validation labels."""
import torch
import torch.nn as nn

torch.manual_seed(4)
C, D = 6, 20
mu = torch.randn(C, D) * 0.9


def draw(n, wrong):
    y = torch.randint(0, C, (n,))
    x = mu[y] + torch.randn(n, D)
    bad = torch.rand(n) < wrong
    return x, torch.where(bad, torch.randint(0, C, (n,)), y)


xt, yt = draw(5000, 0.4)
xv, yv = draw(1500, 0.0)
net = nn.Sequential(nn.Linear(D, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, C))
crit = nn.CrossEntropyLoss(label_smoothing=0.2)
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
for ep in range(15):
    net.train()
    hit = tot = 0
    for i in torch.randperm(5000).split(100):
        out = net(xt[i])
        loss = crit(out, yt[i])
        opt.zero_grad(); loss.backward(); opt.step()
        hit += (out.argmax(1) == yt[i]).sum().item(); tot += loss.item() * len(i)
    net.eval()
    with torch.no_grad():
        va = (net(xv).argmax(1) == yv).float().mean().item()
    print(f"epoch {ep} train loss {tot / 5000:.3f} train acc {hit / 5000:.3f} val acc {va:.3f}")
print("metric val_acc %.4f" % va)
