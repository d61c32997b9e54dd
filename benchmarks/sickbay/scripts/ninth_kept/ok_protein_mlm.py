"""Masked residue modelling on toy proteins; loss only on the chosen positions."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(11)
AA, MASK, L = 20, 20, 24
motif = torch.randint(0, AA, (6, L))


def proteins(n):
    x = motif[torch.randint(0, 6, (n,))].clone()
    mut = torch.rand(n, L) < 0.15
    x[mut] = torch.randint(0, AA, (int(mut.sum()),))
    return x


def corrupt(x):
    pick = torch.rand(x.shape) < 0.15
    labels = torch.where(pick, x, torch.full_like(x, -100))
    y = x.clone()
    r = torch.rand(x.shape)
    y[pick & (r < 0.8)] = MASK
    swap = pick & (r > 0.9)
    y[swap] = torch.randint(0, AA, (int(swap.sum()),))
    return y, labels


class Net(nn.Module):
    def __init__(self, d=48):
        super().__init__()
        self.e, self.p = nn.Embedding(AA + 1, d), nn.Parameter(0.1 * torch.randn(L, d))
        layer = nn.TransformerEncoderLayer(d, 4, 96, dropout=0.1, batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.o = nn.Linear(d, AA)

    def forward(self, x):
        return self.o(self.enc(self.e(x) + self.p))


net = Net()
opt = torch.optim.AdamW(net.parameters(), lr=2e-3)
warm = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / 80))
val_in, val_lab = corrupt(proteins(500))
for step in range(1, 401):
    net.train()
    x, lab = corrupt(proteins(32))
    loss = F.cross_entropy(net(x).flatten(0, 1), lab.flatten())
    opt.zero_grad(); loss.backward(); opt.step(); warm.step()
    if step % 50 == 0:
        net.eval()
        with torch.no_grad():
            out = net(val_in)
        m = val_lab != -100
        acc = (out.argmax(-1)[m] == val_lab[m]).float().mean().item()
        print(f"step {step} loss {loss.item():.3f} masked acc {acc:.3f}")
print("metric masked_acc %.4f" % acc)
