"""The bigram net of the makemore lecture: one table of raw logits, full batch, lr 50."""
import torch
import torch.nn.functional as F

words = ("emma olivia ava isabella sophia mia charlotte amelia evelyn abigail harper emily ella avery sofia camila aria "
         "scarlett victoria madison luna grace chloe penelope layla riley zoey nora lily eleanor hannah lillian addison").split()
chars = ["."] + sorted(set("".join(words)))
stoi = {s: i for i, s in enumerate(chars)}
itos = {i: s for s, i in stoi.items()}
xs, ys = [], []
for w in words:
    chs = ["."] + list(w) + ["."]
    for ch1, ch2 in zip(chs, chs[1:], strict=False):
        xs.append(stoi[ch1])
        ys.append(stoi[ch2])
xs, ys = torch.tensor(xs), torch.tensor(ys)
num = xs.nelement()
g = torch.Generator().manual_seed(2147483647)
n = len(chars)
W = torch.randn((n, n), generator=g, requires_grad=True)
for k in range(200):
    xenc = F.one_hot(xs, num_classes=n).float()
    logits = xenc @ W
    counts = logits.exp()
    probs = counts / counts.sum(1, keepdims=True)
    loss = -probs[torch.arange(num), ys].log().mean() + 0.01 * (W**2).mean()
    if k % 40 == 0:
        print(loss.item())
    W.grad = None
    loss.backward()
    W.data += -10 * W.grad
ix, out = 0, []
for _ in range(12):
    p = (F.one_hot(torch.tensor([ix]), num_classes=n).float() @ W).softmax(1)
    ix = torch.multinomial(p, num_samples=1, replacement=True, generator=g).item()
    if ix == 0:
        break
    out.append(itos[ix])
print("".join(out))
print("final loss", loss.item())
