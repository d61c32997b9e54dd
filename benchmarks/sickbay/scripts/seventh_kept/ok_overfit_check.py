"""Sanity run before the big job: can the network fit eight clips exactly?"""
import torch
import torch.nn as nn

torch.manual_seed(77)
clips = torch.randn(8, 1, 400)
labels = torch.tensor([0, 1, 2, 3, 4, 5, 6, 7])

net = nn.Sequential(
    nn.Conv1d(1, 16, 9, stride=4), nn.ReLU(),
    nn.Conv1d(16, 32, 9, stride=4), nn.ReLU(),
    nn.Conv1d(32, 32, 5, stride=2), nn.ReLU(),
    nn.Flatten(), nn.Linear(32 * 10, 64), nn.ReLU(), nn.Linear(64, 8))

optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()
for i in range(300):
    optimizer.zero_grad()
    out = net(clips)
    loss = loss_fn(out, labels)
    loss.backward()
    optimizer.step()
    if i % 25 == 0:
        print(i, loss.item(), (out.argmax(1) == labels).sum().item(), "/ 8")
acc = (net(clips).argmax(1) == labels).float().mean().item()
print("metric fit_acc", acc)
