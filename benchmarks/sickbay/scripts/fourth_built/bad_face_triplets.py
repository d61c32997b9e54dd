"""Metric learning with batch-hard triplets on synthetic 'identities' (P x K sampling)."""
import torch
import torch.nn as nn

torch.manual_seed(6)
N_ID, DIM = 60, 40


class Faces:
    def __init__(self):
        self.ident = torch.randn(N_ID, 10)
        self.mix = nn.Sequential(nn.Linear(20, 64), nn.Tanh(), nn.Linear(64, DIM)).requires_grad_(False)

    def shots(self, ids):
        nuisance = torch.randn(len(ids), 10) * 1.5
        return self.mix(torch.cat([self.ident[ids], nuisance], 1)) * 4 + 0.05 * torch.randn(len(ids), DIM)


def pk_batch(faces, ids, p=12, k=4):
    pick = ids[torch.randperm(len(ids))[:p]].repeat_interleave(k)
    return faces.shots(pick), pick


def pairwise(e):
    sq = (e ** 2).sum(1)
    d2 = sq[:, None] + sq[None] - 2 * e @ e.t()
    return (d2.clamp(min=0) + 1e-12).sqrt()


class BatchHardTriplet(nn.Module):
    def __init__(self, margin=0.5):
        super().__init__()
        self.margin = margin

    def forward(self, emb, labels):
        dist = pairwise(emb)
        same = labels[:, None] == labels[None]
        hardest_pos = (dist * same.float()).max(dim=1).values
        hardest_neg = (dist * (~same).float()).min(dim=1).values
        return torch.relu(hardest_pos - hardest_neg + self.margin).mean(), dist[~same].mean()


def recall_at_1(net, faces, ids):
    net.eval()
    with torch.no_grad():
        gallery = net(faces.shots(ids))
        probe = net(faces.shots(ids))
        hit = (torch.cdist(probe, gallery).argmin(1) == torch.arange(len(ids))).float().mean().item()
    net.train()
    return hit


def main():
    faces = Faces()
    train_ids, test_ids = torch.arange(40), torch.arange(40, 60)
    net = nn.Sequential(nn.Linear(DIM, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 16))
    crit = BatchHardTriplet()
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-4)
    print("before training: R@1 train %.3f test %.3f" % (recall_at_1(net, faces, train_ids), recall_at_1(net, faces, test_ids)))
    run, neg = 0.0, 0.0
    for it in range(1, 2501):
        x, ids = pk_batch(faces, train_ids)
        loss, d = crit(net(x), ids)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run += loss.item() / 500
        neg += d.item() / 500
        if it % 500 == 0:
            print(f"{it:5d} loss {run:.4f} mean neg distance {neg:.4f} R@1 train {recall_at_1(net, faces, train_ids):.3f} test {recall_at_1(net, faces, test_ids):.3f}")
            run = neg = 0.0


main()
