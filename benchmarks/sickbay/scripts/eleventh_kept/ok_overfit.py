"""Sanity check before the real run: can the net memorise twelve clips?"""
import torch
import torch.nn as nn

torch.manual_seed(8)
clips = torch.randn(12, 3, 6, 8, 8)
labels = torch.randint(0, 4, (12,))
net = nn.Sequential(nn.Conv3d(3, 8, 3, padding=1), nn.ReLU(), nn.AvgPool3d(2), nn.Flatten(), nn.Linear(8 * 3 * 16, 4))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for i in range(200):
    out = net(clips)
    loss = nn.functional.cross_entropy(out, labels)
    opt.zero_grad(); loss.backward(); opt.step()
    if i % 20 == 0:
        print(f"iter {i} loss {loss.item():.5f} acc {(out.argmax(1) == labels).float().mean().item():.3f}")
acc = (net(clips).argmax(1) == labels).float().mean().item()
print("metric memorised_acc", round(acc, 4))
