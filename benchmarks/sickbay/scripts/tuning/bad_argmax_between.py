"""An encoder that picks a symbol by argmax, an embedding and a decoder that reconstruct from it."""
# after github.com/pytorch/pytorch/issues/1339 (backprop through argmax)
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(21)
K = 8
protos = torch.randn(K, 12) * 2


def sample(n):
    return protos[torch.randint(0, K, (n,))] + 0.2 * torch.randn(n, 12)


class Speaker(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, K))

    def forward(self, x):
        return self.net(x)


class Listener(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(K, 16)
        self.net = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 12))

    def forward(self, onehot):
        return self.net(onehot @ self.words.weight)


speaker, listener = Speaker(), Listener()
opt = torch.optim.Adam([*speaker.parameters(), *listener.parameters()], lr=5e-3)
for step in range(800):
    x = sample(64)
    logits = speaker(x)
    if os.environ.get("MENDED"):
        message = F.gumbel_softmax(logits, tau=max(0.5, 2 - step / 300), hard=True)
    else:
        message = F.one_hot(logits.argmax(dim=-1), K).float()
    loss = F.mse_loss(listener(message), x)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 200 == 0:
        print(step, loss.item())
x = sample(500)
msg = F.one_hot(speaker(x).argmax(-1), K).float()
print("final reconstruction", F.mse_loss(listener(msg), x).item())
