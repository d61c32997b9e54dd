"""Encoder-decoder GRU that learns to write a digit string backwards (toy translation)."""
import torch
from torch import nn, optim

torch.manual_seed(3)
SOS, EOS, V, L = 10, 11, 12, 6


class Encoder(nn.Module):
    def __init__(self, hid):
        super().__init__()
        self.emb = nn.Embedding(V, 32)
        self.rnn = nn.GRU(32, hid)

    def forward(self, src):                 # src [len, batch]
        _, h = self.rnn(self.emb(src))
        return h


class Decoder(nn.Module):
    def __init__(self, hid):
        super().__init__()
        self.emb = nn.Embedding(V, 32)
        self.rnn = nn.GRU(32, hid)
        self.fc = nn.Linear(hid, V)

    def forward(self, tok, h):              # tok [batch]
        o, h = self.rnn(self.emb(tok).unsqueeze(0), h)
        return self.fc(o.squeeze(0)), h


class Seq2Seq(nn.Module):
    def __init__(self, hid=128):
        super().__init__()
        self.enc, self.dec = Encoder(hid), Decoder(hid)

    def forward(self, src, trg, tf=0.8):
        h = self.enc(src)
        tok = trg[:, 0]
        steps = []
        for t in range(1, trg.size(1)):
            logits, h = self.dec(tok, h)
            steps.append(logits)
            tok = trg[:, t] if torch.rand(1).item() < tf else logits.argmax(1)
        return torch.stack(steps)           # one entry per decoding step


def make_batch(n):
    d = torch.randint(0, 10, (n, L))
    src = torch.cat([d, torch.full((n, 1), EOS)], 1)
    trg = torch.cat([torch.full((n, 1), SOS), d.flip(1), torch.full((n, 1), EOS)], 1)
    return src.t(), trg


def train(model, iterations=700, bs=64):
    opt = optim.Adam(model.parameters(), lr=2e-3)
    crit = nn.CrossEntropyLoss()
    avg = 0.0
    for it in range(1, iterations + 1):
        src, trg = make_batch(bs)
        out = model(src, trg)
        loss = crit(out.reshape(-1, V), trg[:, 1:].reshape(-1))
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        avg += loss.item() / 100
        if it % 100 == 0:
            print(f"iter {it} loss {avg:.4f} exact match {evaluate(model):.3f}")
            avg = 0.0


@torch.no_grad()
def evaluate(model):
    src, trg = make_batch(200)
    h, tok, res = model.enc(src), trg[:, 0], []
    for _ in range(L):
        logits, h = model.dec(tok, h)
        tok = logits.argmax(1)
        res.append(tok)
    return (torch.stack(res, 1) == trg[:, 1:-1]).all(1).float().mean().item()


if __name__ == "__main__":
    train(Seq2Seq())
