"""Keyword spotting from short recordings with a GRU."""
import math
import os

import torch
from torch import nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(13)
SR, LEN, NFFT, HOP = 4000, 2000, 110, 58
WORDS = ["up", "down", "updown", "downup", "flat"]


def utterances(n):
    t = torch.arange(LEN) / SR
    label = torch.randint(0, len(WORDS), (n,))
    base = 500 + 700 * torch.rand(n, 1)
    dur = 0.22 + 0.12 * torch.rand(n, 1)
    on = (0.48 - dur) * torch.rand(n, 1)
    u = ((t - on) / dur).clamp(0, 1)
    tri = 1 - (2 * u - 1).abs()
    shape = torch.stack([u, 1 - u, tri, 1 - tri, torch.full_like(u, 0.5)])[label, torch.arange(n)]
    freq = base + 450 * (shape - 0.5)
    phase = 2 * math.pi * torch.cumsum(freq / SR, dim=1)
    gate = ((t > on) & (t < on + dur)).float()
    return torch.sin(phase) * gate + 0.8 * torch.randn(n, LEN), label


def log_spectrogram(wave):
    spec = torch.stft(wave, NFFT, HOP, window=torch.hann_window(NFFT), return_complex=True).abs()
    return torch.log1p(spec)


class KeywordGRU(nn.Module):
    def __init__(self, n_freq, hidden=64):
        super().__init__()
        self.norm = nn.LayerNorm(n_freq)
        self.gru = nn.GRU(n_freq, hidden, batch_first=True, num_layers=1)
        self.out = nn.Linear(hidden, len(WORDS))

    def forward(self, spec):
        b, f, t = spec.shape
        frames = spec.transpose(1, 2) if MENDED else spec.reshape(b, t, f)
        h, _ = self.gru(self.norm(frames))
        return self.out(h.max(dim=1).values)


wav_tr, y_tr = utterances(900)
wav_va, y_va = utterances(400)
s_tr, s_va = log_spectrogram(wav_tr), log_spectrogram(wav_va)
mean, std = s_tr.mean(), s_tr.std()
s_tr, s_va = (s_tr - mean) / std, (s_va - mean) / std

net = KeywordGRU(s_tr.size(1))
optim = torch.optim.Adam(net.parameters(), lr=2e-3)
loss_fn = nn.CrossEntropyLoss()
best = 0.0
for epoch in range(12):
    net.train()
    perm = torch.randperm(len(y_tr))
    losses = []
    for i in range(0, len(perm), 50):
        j = perm[i:i + 50]
        optim.zero_grad()
        loss = loss_fn(net(s_tr[j]), y_tr[j])
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optim.step()
        losses.append(loss.item())
    net.eval()
    with torch.no_grad():
        acc = (net(s_va).argmax(1) == y_va).float().mean().item()
    best = max(best, acc)
    print("epoch %d | loss %.3f | val acc %.3f" % (epoch, sum(losses) / len(losses), acc))
print("best", round(best, 3))
print(f"metric val_acc {acc:.4f}")
