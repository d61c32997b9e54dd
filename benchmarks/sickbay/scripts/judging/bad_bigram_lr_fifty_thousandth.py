"""The bigram net of the lecture with raw tensors and a far too small learning rate."""
import os
import torch
import torch.nn.functional as F

words = "anna otto lena paul mia noah emil lara finn ella jona lisa tim nele ben maja tom ida leo lia".split()
chars = ["."] + sorted(set("".join(words)))
stoi = {c: i for i, c in enumerate(chars)}
xs, ys = [], []
for w in words:
    s = ["."] + list(w) + ["."]
    for a, b in zip(s, s[1:], strict=False):
        xs.append(stoi[a])
        ys.append(stoi[b])
xs, ys = torch.tensor(xs), torch.tensor(ys)
V = len(chars)
g = torch.Generator().manual_seed(2147483647)
W = torch.randn((V, V), generator=g, requires_grad=True)
lr = 30 if os.environ.get("MENDED") else 1e-4
for k in range(300):
    xenc = F.one_hot(xs, num_classes=V).float()
    logits = xenc @ W
    counts = logits.exp()
    probs = counts / counts.sum(1, keepdims=True)
    loss = -probs[torch.arange(len(xs)), ys].log().mean() + 0.001 * (W**2).mean()
    W.grad = None
    loss.backward()
    W.data += -lr * W.grad
    if k % 50 == 0:
        print(loss.item())
print("final loss", loss.item())
