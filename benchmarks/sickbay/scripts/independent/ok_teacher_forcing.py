"""Well: a GRU encoder-decoder that reverses strings, taught with the right previous token, shifted by one, and tested on its own output."""
# the decoder sees the targets as its input (one step behind), which looks like a leak and is not; pads are ignored in the loss
import random
import torch
import torch.nn as nn

random.seed(8)
torch.manual_seed(8)
PAD, BOS, EOS, LETTERS = 0, 1, 2, 10


def pair():
    w = [random.randint(3, 2 + LETTERS) for _ in range(random.randint(2, 5))]
    return w + [PAD] * (5 - len(w)), [BOS] + w[::-1] + [EOS] + [PAD] * (5 - len(w)), len(w)


def batch(n):
    rows = [pair() for _ in range(n)]
    return torch.tensor([r[0] for r in rows]), torch.tensor([r[1] for r in rows]), torch.tensor([r[2] for r in rows])


class Seq2Seq(nn.Module):
    def __init__(self, hid=80):
        super().__init__()
        self.emb = nn.Embedding(3 + LETTERS, 24, padding_idx=PAD)
        self.encoder = nn.GRU(24, hid, batch_first=True)
        self.decoder = nn.GRU(24, hid, batch_first=True)
        self.out = nn.Linear(hid, 3 + LETTERS)

    def encode(self, src, n):
        packed = nn.utils.rnn.pack_padded_sequence(self.emb(src), n, batch_first=True, enforce_sorted=False)
        return self.encoder(packed)[1]

    def forward(self, src, n, tgt_in):
        h, _ = self.decoder(self.emb(tgt_in), self.encode(src, n))
        return self.out(h)

    @torch.no_grad()
    def greedy(self, src, n):
        state, tok, got = self.encode(src, n), torch.full((len(src), 1), BOS), []
        for _ in range(6):
            h, state = self.decoder(self.emb(tok), state)
            tok = self.out(h).argmax(-1)
            got.append(tok)
        return torch.cat(got, 1)


model = Seq2Seq()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(900):
    src, tgt, n = batch(64)
    logits = model(src, n, tgt[:, :-1])
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), tgt[:, 1:].flatten(), ignore_index=PAD)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    if step % 150 == 0:
        print(step, loss.item())
src, tgt, n = batch(500)
want, got = tgt[:, 1:], model.greedy(src, n)
print("final whole_words_right", (((got == want) | (want == PAD)).all(1)).float().mean().item())
