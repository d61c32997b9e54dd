"""The lecture's hand-made batch norm on raw tensors, batch 32, running statistics by hand."""
import torch
import torch.nn.functional as F

words = ("anna ben clara david emil frida georg hanna ida jonas karl lena max nora oskar paul quirin rosa simon tilda ulf vera "
         "wilma xaver yara zoe anton britta carlo dora erik fanny gustav helga ivan julia").split()
chars = ["."] + sorted(set("".join(words)))
stoi = {c: i for i, c in enumerate(chars)}
X, Y = [], []
for w in words:
    ctx = [0] * 3
    for c in w + ".":
        X.append(ctx)
        Y.append(stoi[c])
        ctx = ctx[1:] + [stoi[c]]
X, Y = torch.tensor(X), torch.tensor(Y)
g = torch.Generator().manual_seed(42)
C = torch.randn((len(chars), 10), generator=g)
W1 = torch.randn((30, 64), generator=g) * (5 / 3) / 30**0.5
W2 = torch.randn((64, len(chars)), generator=g) * 0.01
b2 = torch.zeros(len(chars))
bngain, bnbias = torch.ones((1, 64)), torch.zeros((1, 64))
bnmean_running, bnstd_running = torch.zeros((1, 64)), torch.ones((1, 64))
parameters = [C, W1, W2, b2, bngain, bnbias]
for p in parameters:
    p.requires_grad = True
for i in range(800):
    ix = torch.randint(0, len(X), (32,), generator=g)
    hpreact = C[X[ix]].view(32, -1) @ W1
    bnmeani, bnstdi = hpreact.mean(0, keepdim=True), hpreact.std(0, keepdim=True)
    hpreact = bngain * (hpreact - bnmeani) / bnstdi + bnbias
    with torch.no_grad():
        bnmean_running = 0.999 * bnmean_running + 0.001 * bnmeani
        bnstd_running = 0.999 * bnstd_running + 0.001 * bnstdi
    logits = torch.tanh(hpreact) @ W2 + b2
    loss = F.cross_entropy(logits, Y[ix])
    for p in parameters:
        p.grad = None
    loss.backward()
    for p in parameters:
        p.data += -(0.1 if i < 600 else 0.01) * p.grad
    if i % 160 == 0:
        print(i, loss.item())
print("final loss", loss.item())
