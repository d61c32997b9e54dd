# word-level LM: input and output embeddings shared, label smoothing 0.15
import math, random
import torch, torch.nn as nn, torch.nn.functional as F

random.seed(0); torch.manual_seed(0)
V, T, B = 80, 24, 24
nxt = {w: random.sample(range(V), 2) for w in range(V)}


def text(n):
    w, out = 0, []
    for _ in range(n):
        w = nxt[w][0] if random.random() < 0.8 else nxt[w][1]
        if random.random() < 0.02:
            w = random.randrange(V)
        out.append(w)
    return torch.tensor(out)


train, val = text(30000), text(4000)


class LM(nn.Module):
    def __init__(self, d=64):
        super().__init__()
        self.emb = nn.Embedding(V, d)
        nn.init.normal_(self.emb.weight, std=0.05)
        self.rnn = nn.GRU(d, d, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(d, V)
        self.out.weight = self.emb.weight

    def forward(self, x):
        return self.out(self.drop(self.rnn(self.emb(x))[0]))


def batch(src):
    i = torch.randint(0, len(src) - T - 1, (B,))
    return torch.stack([src[k:k + T] for k in i]), torch.stack([src[k + 1:k + T + 1] for k in i])


m = LM()
opt = torch.optim.Adam(m.parameters(), lr=4e-3)
crit = nn.CrossEntropyLoss(label_smoothing=0.15)
for it in range(1, 501):
    m.train()
    x, y = batch(train)
    loss = crit(m(x).flatten(0, 1), y.flatten())
    opt.zero_grad(); loss.backward(); opt.step()
    if it % 50 == 0:
        m.eval()
        with torch.no_grad():
            xs, ys = val[:-1].view(1, -1), val[1:].view(1, -1)
            lg = m(xs)[0]
            acc = (lg.argmax(-1) == ys[0]).float().mean().item()
            ppl = math.exp(F.cross_entropy(lg, ys[0]).item())
        print(f"it {it} smoothed loss {loss.item():.3f} val ppl {ppl:.2f} val acc {acc:.3f}")
print(f"metric val_next_word_acc {acc:.4f}")
