"""Sanity run before the real training: can the captioner learn eight samples by heart?"""
import torch
import torch.nn as nn

torch.manual_seed(45)
N, IMG, VOC, T = 8, 50, 25, 7
images = torch.randn(N, IMG)
captions = torch.randint(2, VOC, (N, T)); captions[:, 0] = 1


class Captioner(nn.Module):
    def __init__(self, h=64):
        super().__init__()
        self.img, self.emb = nn.Linear(IMG, h), nn.Embedding(VOC, 32)
        self.cell, self.out = nn.GRUCell(32, h), nn.Linear(h, VOC)

    def forward(self, im, cap):
        h, o = torch.tanh(self.img(im)), []
        for t in range(cap.size(1)):
            h = self.cell(self.emb(cap[:, t]), h)
            o.append(self.out(h))
        return torch.stack(o, 1)

    @torch.no_grad()
    def caption(self, im):
        h, w, o = torch.tanh(self.img(im)), torch.ones(len(im), dtype=torch.long), []
        for _ in range(T - 1):
            h = self.cell(self.emb(w), h)
            w = self.out(h).argmax(1)
            o.append(w)
        return torch.stack(o, 1)


net = Captioner()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(250):
    logits = net(images, captions[:, :-1])
    loss = nn.functional.cross_entropy(logits.reshape(-1, VOC), captions[:, 1:].reshape(-1))
    opt.zero_grad(); loss.backward(); opt.step()
    if step % 25 == 0:
        print(step, round(loss.item(), 5))
exact = (net.caption(images) == captions[:, 1:]).float().mean().item()
print(f"metric memorised {exact:.4f}")
