"""Mask estimation for separating a sustained voice from percussive background.

Spectrograms are (batch, freq, time); a small conv front end is followed by a
bidirectional GRU over the frames, and the net predicts a ratio mask.
"""
import os
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(11)
F_BINS, T = 16, 32


def make(n):
    voice = torch.zeros(n, F_BINS, T)
    perc = torch.zeros(n, F_BINS, T)
    for i in range(n):
        for _ in range(3):
            f = torch.randint(0, F_BINS, (1,)).item()
            a = torch.randint(0, T // 2, (1,)).item()
            b = a + torch.randint(8, T // 2, (1,)).item()
            voice[i, f, a:b] += 0.5 + torch.rand(1)
        for _ in range(4):
            t = torch.randint(0, T, (1,)).item()
            lo = torch.randint(0, F_BINS // 2, (1,)).item()
            perc[i, lo:lo + 8, t] += 0.5 + torch.rand(1)
    mix = voice + perc + 0.05 * torch.rand(n, F_BINS, T)
    mask = voice / (voice + perc + 0.05)
    return mix, mask


class MaskNet(nn.Module):
    def __init__(self, ch=8, hid=48):
        super().__init__()
        self.front = nn.Sequential(
            nn.Conv2d(1, ch, 3, padding=1), nn.BatchNorm2d(ch), nn.ReLU(),
            nn.Conv2d(ch, ch, 3, padding=1), nn.ReLU())
        self.rnn = nn.GRU(ch * F_BINS, hid, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * hid, F_BINS)

    def forward(self, mix):
        h = self.front(mix.unsqueeze(1))            # B, C, F, T
        b, c, f, t = h.shape
        h = h.permute(0, 3, 1, 2).reshape(b, t, c * f) if MENDED else h.view(b, t, c * f)
        h, _ = self.rnn(h)
        return torch.sigmoid(self.head(h)).transpose(1, 2)


def main():
    tr, va = make(384), make(96)
    loader = DataLoader(TensorDataset(*tr), batch_size=24, shuffle=True)
    net = MaskNet()
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    for epoch in range(12):
        net.train()
        tot = 0.0
        for mix, mask in loader:
            loss = (mix * (net(mix) - mask)).abs().mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item() * len(mix)
        net.eval()
        with torch.no_grad():
            v = (va[0] * (net(va[0]) - va[1])).abs().mean().item()
        print(f"epoch {epoch:2d} train {tot / len(tr[0]):.4f} val {v:.4f}")
    print("metric val_l1 %.4f" % v)


main()
