"""10.1 26 slopes by hand.

backward(v, w, x, y) returns a dict: name -> slope of the loss in it, for all the names below and the seven parameters
C, W1, b1, W2, b2, bngain, bnbias. v holds the values (v["h"]), w the parameters (w.W2). The first is done.

    emb         = C[x]                                  (n, 3, 10)
    embcat      = emb.view(n, 30)
    hprebn      = embcat @ W1 + b1                      (n, 64)
    bnmeani     = hprebn.mean(0, keepdim=True)          (1, 64)
    bndiff      = hprebn - bnmeani
    bndiff2     = bndiff**2
    bnvar       = bndiff2.sum(0, keepdim=True) / (n - 1)
    bnvar_inv   = (bnvar + 1e-5)**-0.5
    bnraw       = bndiff * bnvar_inv
    hpreact     = bngain * bnraw + bnbias
    h           = tanh(hpreact)
    logits      = h @ W2 + b2                           (n, 27)
    logit_maxes = logits.max(1, keepdim=True).values    (n, 1)
    norm_logits = logits - logit_maxes
    counts      = norm_logits.exp()
    counts_sum  = counts.sum(1, keepdim=True)
    counts_sum_inv = counts_sum**-1
    probs       = counts * counts_sum_inv
    logprobs    = probs.log()
    loss        = -logprobs[arange(n), y].mean()
"""

import torch


def backward(v, w, x, y):
    n = len(x)
    d = {}
    d["logprobs"] = torch.zeros_like(v["logprobs"])
    d["logprobs"][torch.arange(n), y] = -1.0 / n
    d["probs"] = d["logprobs"] / v["probs"]
    d["counts_sum_inv"] = (v["counts"] * d["probs"]).sum(1, keepdim=True)
    d["counts_sum"] = -(v["counts_sum"] ** -2) * d["counts_sum_inv"]
    d["counts"] = v["counts_sum_inv"] * d["probs"] + d["counts_sum"]  # used twice
    d["norm_logits"] = v["counts"] * d["counts"]
    d["logit_maxes"] = -d["norm_logits"].sum(1, keepdim=True)
    d["logits"] = d["norm_logits"].clone()
    d["logits"][torch.arange(n), v["logits"].max(1).indices] += d["logit_maxes"][:, 0]
    d["h"], d["W2"], d["b2"] = d["logits"] @ w.W2.T, v["h"].T @ d["logits"], d["logits"].sum(0)
    d["hpreact"] = (1 - v["h"] ** 2) * d["h"]
    d["bngain"] = (v["bnraw"] * d["hpreact"]).sum(0, keepdim=True)
    d["bnbias"] = d["hpreact"].sum(0, keepdim=True)
    d["bnraw"] = w.bngain * d["hpreact"]
    d["bnvar_inv"] = (v["bndiff"] * d["bnraw"]).sum(0, keepdim=True)
    d["bnvar"] = -0.5 * (v["bnvar"] + 1e-5) ** -1.5 * d["bnvar_inv"]
    d["bndiff2"] = torch.ones_like(v["bndiff2"]) / (n - 1) * d["bnvar"]
    d["bndiff"] = v["bnvar_inv"] * d["bnraw"] + 2 * v["bndiff"] * d["bndiff2"]  # used twice
    d["bnmeani"] = -d["bndiff"].sum(0, keepdim=True)
    d["hprebn"] = d["bndiff"] + d["bnmeani"] / n  # used twice
    d["embcat"], d["W1"], d["b1"] = d["hprebn"] @ w.W1.T, v["embcat"].T @ d["hprebn"], d["hprebn"].sum(0)
    d["emb"] = d["embcat"].view(v["emb"].shape)
    d["C"] = torch.zeros_like(w.C)
    d["C"].index_put_((x,), d["emb"], accumulate=True)  # a letter that comes again adds
    return d
