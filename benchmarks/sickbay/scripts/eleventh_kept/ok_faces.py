"""Identity embeddings, batch-hard triplets, tested on unseen identities."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(6)
IDS = 120
core = torch.randn(IDS, 10)
lift = torch.randn(10, 48)


def photos(ids):
    nuis = torch.randn(len(ids), 38) @ (torch.ones(38, 48) * 0.05 + NUIS)
    return torch.tanh(core[ids] @ lift * .35) + nuis + .3 * torch.randn(len(ids), 48)


NUIS = torch.randn(38, 48) * .12
train_ids, test_ids = torch.arange(0, 80), torch.arange(80, 120)
net = nn.Sequential(nn.Linear(48, 128), nn.ReLU(), nn.Linear(128, 24))
emb = lambda x: F.normalize(net(x), dim=1)
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
gallery, probe = photos(test_ids), photos(test_ids.repeat(8))


def recall():
    with torch.no_grad():
        hit = torch.cdist(emb(probe), emb(gallery)).argmin(1)
    return (test_ids[hit] == test_ids.repeat(8)).float().mean().item()


print("before training recall@1", round(recall(), 3))
for step in range(1, 601):
    ids = train_ids[torch.randperm(80)[:16]].repeat_interleave(4)
    z = emb(photos(ids))
    d = torch.cdist(z, z)
    same = ids[:, None] == ids[None]
    hardest_pos = (d * same).max(1).values
    hardest_neg = (d + 10 * same).min(1).values
    loss = F.relu(hardest_pos - hardest_neg + 0.3).mean()
    opt.zero_grad(); loss.backward(); opt.step()
    if step % 60 == 0:
        print(f"step {step} triplet {loss.item():.4f} recall@1 {recall():.3f}")
print("metric recall_at_1", round(recall(), 4))
