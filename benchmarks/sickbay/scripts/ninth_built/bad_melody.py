'''next-note model for short tunes (12 pitch classes), small transformer'''
import argparse, math, os
import torch, torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
ap = argparse.ArgumentParser()
ap.add_argument("--steps", type=int, default=500)
ap.add_argument("--lr", type=float, default=4e-3)
ap.add_argument("--d", type=int, default=48)
args = ap.parse_args()
torch.manual_seed(21)
L = 16

def tunes(n):
    x = torch.zeros(n, L + 1, dtype=torch.long)
    x[:, :4] = torch.randint(0, 12, (n, 4))
    for t in range(4, L + 1):
        x[:, t] = (x[:, t - 4] + 2) % 12
        odd = torch.rand(n) < 0.05
        x[odd, t] = torch.randint(0, 12, (int(odd.sum()),))
    return x

class Net(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.tok = nn.Embedding(12, d)
        self.pos = nn.Parameter(torch.randn(1, L, d) * 0.7)
        layer = nn.TransformerEncoderLayer(d, 4, 2 * d, dropout=0.0, batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Linear(d, 12)
    def forward(self, x):
        t = x.size(1)
        m = nn.Transformer.generate_square_subsequent_mask(t) if MENDED else None
        return self.out(self.enc(self.tok(x) * math.sqrt(self.tok.embedding_dim) * 0.2 + self.pos[:, :t], mask=m))

net = Net(args.d)
opt = torch.optim.AdamW(net.parameters(), lr=args.lr, weight_decay=0.01)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, args.lr, total_steps=args.steps)
ce = nn.CrossEntropyLoss()
train, val = tunes(2000), tunes(300)
for step in range(args.steps):
    b = train[torch.randint(0, len(train), (32,))]
    loss = ce(net(b[:, :-1]).flatten(0, 1), b[:, 1:].flatten())
    opt.zero_grad(); loss.backward(); opt.step(); sched.step()
    if (step + 1) % 100 == 0:
        with torch.no_grad():
            vl = ce(net(val[:, :-1]).flatten(0, 1), val[:, 1:].flatten()).item()
        print("step", step + 1, "loss %.4f" % loss.item(), "val %.4f" % vl, "ppl %.3f" % math.exp(vl))

# continue each held-out tune by 8 notes, from its first 8
net.eval()
seq = val[:, :8].clone()
with torch.no_grad():
    for _ in range(8):
        seq = torch.cat([seq, net(seq)[:, -1].argmax(-1, keepdim=True)], 1)
want = val[:, 4:8].repeat(1, 2) + torch.tensor([2] * 4 + [4] * 4)
acc = (seq[:, 8:] == want % 12).float().mean().item()
print("example", seq[0].tolist())
print("metric continuation_acc %.4f" % acc)
