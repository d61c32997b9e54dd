"""Strings are turned round by an encoder and a decoder with additive attention, teacher forcing half of the time."""
import random
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
random.seed(0)
V, T, D, PAD, SOS, EOS = 15, 8, 48, 0, 1, 2


class Seq2Seq(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(V, D, padding_idx=PAD)
        self.enc = nn.GRU(D, D, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * D, D)
        self.w1, self.w2, self.v = nn.Linear(2 * D, D), nn.Linear(D, D), nn.Linear(D, 1, bias=False)
        self.dec, self.out = nn.GRUCell(3 * D, D), nn.Linear(3 * D, V)

    def forward(self, src, trg, forcing):
        mem, h = self.enc(self.emb(src))
        h = torch.tanh(self.bridge(torch.cat([h[0], h[1]], 1)))
        token, outs = trg[:, 0], []
        for t in range(1, trg.shape[1]):
            e = self.v(torch.tanh(self.w1(mem) + self.w2(h)[:, None])).squeeze(-1)
            a = e.masked_fill(src == PAD, float("-inf")).softmax(-1)
            ctx = torch.bmm(a[:, None], mem).squeeze(1)
            h = self.dec(torch.cat([self.emb(token), ctx], 1), h)
            outs.append(self.out(torch.cat([h, ctx], 1)))
            token = trg[:, t] if random.random() < forcing else outs[-1].argmax(1)
        return torch.stack(outs, 1)


def batch(n):
    src, trg = torch.full((n, T), PAD), torch.full((n, T + 2), PAD)
    trg[:, 0] = SOS
    for i in range(n):
        k = random.randint(3, T)
        s = torch.randint(3, V, (k,))
        src[i, :k], trg[i, 1 : k + 1], trg[i, k + 1] = s, s.flip(0), EOS
    return src, trg


net = Seq2Seq()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(250):
    src, trg = batch(32)
    loss = F.cross_entropy(net(src, trg, 0.5).flatten(0, 1), trg[:, 1:].flatten(), ignore_index=PAD)
    opt.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    if step % 50 == 0:
        print(step, loss.item())
