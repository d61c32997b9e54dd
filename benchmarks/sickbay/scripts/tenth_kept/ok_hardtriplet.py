"""Re-identification embedding: triplet loss with batch-hard mining, P x K batches."""
import torch
from torch import nn

torch.manual_seed(40)
IDS, D, P, K, MARGIN = 40, 32, 8, 4, 0.3
centre = torch.randn(IDS + 20, 5)
lift = nn.Sequential(nn.Linear(5, 64), nn.Tanh(), nn.Linear(64, D))
lift.requires_grad_(False)
light = torch.randn(3, D)


def look(ids):
    with torch.no_grad():
        return lift(centre[ids] * 1.5 + 0.35 * torch.randn(len(ids), 5)) * 3 + 1.5 * torch.randn(len(ids), 3) @ light + 0.35 * torch.randn(len(ids), D)


def pk_batch():
    ids = torch.randperm(IDS)[:P].repeat_interleave(K)
    return look(ids), ids


def batch_hard(e, ids):
    d = torch.cdist(e, e)
    same = ids[:, None] == ids[None]
    pos = (d * same).amax(1)
    neg = (d + 1e3 * same).amin(1)
    return torch.relu(pos - neg + MARGIN).mean(), (pos < neg).float().mean()


net = nn.Sequential(nn.Linear(D, 96), nn.BatchNorm1d(96), nn.ReLU(), nn.Linear(96, 16))
embed = lambda x: nn.functional.normalize(net(x), dim=1)
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
gal_id = torch.arange(IDS, IDS + 20).repeat(3)
qry_id = torch.arange(IDS, IDS + 20).repeat(15)
gallery, query = look(gal_id), look(qry_id)


def recall1():
    net.eval()
    with torch.no_grad():
        nn_ = torch.cdist(embed(query), embed(gallery)).argmin(1)
    net.train()
    return (gal_id[nn_] == qry_id).float().mean().item()


print("start recall@1", recall1())
for it in range(1000):
    x, ids = pk_batch()
    loss, frac = batch_hard(embed(x), ids)
    opt.zero_grad(); loss.backward(); opt.step()
    if it % 125 == 0:
        print(f"it {it} loss {loss.item():.4f} satisfied {frac.item():.2f} recall@1 {recall1():.3f}")
print(f"metric recall_at_1 {recall1():.4f}")
