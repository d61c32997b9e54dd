# masked language modelling on a toy grammar; 15% of the places are targets, input and output embeddings are one matrix
import torch, torch.nn as nn, torch.nn.functional as F
torch.manual_seed(14)
V, L, MASK, D = 30, 16, 0, 48
nxt = torch.randint(1, V, (V, 2))


def corpus(n):
    x = torch.randint(1, V, (n, 1))
    for _ in range(L - 1):
        pick = (torch.rand(n) < 0.1).long()
        x = torch.cat([x, nxt[x[:, -1], pick][:, None]], 1)
    return x


def corrupt(x):
    hit = torch.rand(x.shape) < 0.15
    labels = torch.where(hit, x, torch.full_like(x, -100))
    inp = x.clone()
    u = torch.rand(x.shape)
    inp[hit & (u < 0.8)] = MASK
    rnd = hit & (u >= 0.8) & (u < 0.9)
    inp[rnd] = torch.randint(1, V, (int(rnd.sum()),))
    return inp, labels


class MLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok, self.pos = nn.Embedding(V, D), nn.Embedding(L, D)
        nn.init.normal_(self.tok.weight, 0, 0.05)
        self.enc = nn.TransformerEncoder(nn.TransformerEncoderLayer(D, 4, 96, dropout=0.0, batch_first=True, norm_first=True), 2,
                                         enable_nested_tensor=False)
        self.norm = nn.LayerNorm(D)
        self.decoder = nn.Linear(D, V)
        self.decoder.weight = self.tok.weight

    def forward(self, x):
        return self.decoder(self.norm(self.enc(self.tok(x) + self.pos.weight)))


net = MLM()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.01)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, 4e-3, total_steps=600)
val_in, val_lab = corrupt(corpus(500))


def evaluate():
    net.eval()
    with torch.no_grad():
        p = net(val_in).argmax(-1)
    net.train()
    m = val_lab != -100
    return (p[m] == val_lab[m]).float().mean().item()


for step in range(600):
    inp, lab = corrupt(corpus(48))
    loss = F.cross_entropy(net(inp).flatten(0, 1), lab.flatten(), ignore_index=-100)
    opt.zero_grad(); loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step(); sched.step()
    if step % 100 == 0:
        print(f"step {step} mlm loss {loss.item():.3f} masked acc {evaluate():.3f}")
print(f"metric masked_acc {evaluate():.4f}")
