"""The MLP of the makemore lecture in raw tensors: kaiming-scaled tanh layer, small last layer, lr decay."""
import torch
import torch.nn.functional as F

words = ("liam noah oliver elijah james william benjamin lucas henry theodore jack levi alexander jackson mateo daniel michael "
         "mason sebastian ethan logan owen samuel jacob asher aiden john joseph wyatt david leo luke julian hudson grayson").split()
chars = sorted(set("".join(words)))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi["."] = 0
block_size = 3


def build_dataset(words):
    X, Y = [], []
    for w in words:
        context = [0] * block_size
        for ch in w + ".":
            ix = stoi[ch]
            X.append(context)
            Y.append(ix)
            context = context[1:] + [ix]
    return torch.tensor(X), torch.tensor(Y)


Xtr, Ytr = build_dataset(words[:30])
Xdev, Ydev = build_dataset(words[30:])
g = torch.Generator().manual_seed(2147483647)
V, n_embd, n_hidden = len(stoi), 10, 64
C = torch.randn((V, n_embd), generator=g)
W1 = torch.randn((n_embd * block_size, n_hidden), generator=g) * (5 / 3) / ((n_embd * block_size) ** 0.5)
b1 = torch.randn(n_hidden, generator=g) * 0.01
W2 = torch.randn((n_hidden, V), generator=g) * 0.01
b2 = torch.randn(V, generator=g) * 0
parameters = [C, W1, b1, W2, b2]
for p in parameters:
    p.requires_grad = True
lossi = []
for i in range(900):
    ix = torch.randint(0, Xtr.shape[0], (32,), generator=g)
    emb = C[Xtr[ix]]
    h = torch.tanh(emb.view(emb.shape[0], -1) @ W1 + b1)
    logits = h @ W2 + b2
    loss = F.cross_entropy(logits, Ytr[ix])
    for p in parameters:
        p.grad = None
    loss.backward()
    lr = 0.1 if i < 700 else 0.01
    for p in parameters:
        p.data += -lr * p.grad
    lossi.append(loss.log10().item())
    if i % 200 == 0:
        print(f"{i:7d}/{900:7d}: {loss.item():.4f}")
print("final train_loss", F.cross_entropy(torch.tanh(C[Xtr].view(len(Xtr), -1) @ W1 + b1) @ W2 + b2, Ytr).item())
