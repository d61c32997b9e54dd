"""A Transformer that no process holds whole: `torchrun --nproc-per-node 2 tools/fsdp.py [LIST]`.

Where parameters, gradients and the optimizer's memory do not fit into one machine, FSDP (torch's `fully_shard`) gives
each process a part of every tensor and gathers a block only while it is computed. The batches are moreish's: a
function of (seed, step), every process its own rows. The result is one `model.safetensors`, as of any other training.
"""

import os
import sys

import torch
import torch.distributed as dist
from safetensors.torch import save_file
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from moreish import api
from moreish.data.batches import SequenceBatches, batches_from
from moreish.models import build_model
from moreish.models.transformer import Transformer, TransformerOptions
from moreish.training.steps import token_loss

STEPS, SEED, BATCH = 30, 0, 64


def main(source: str) -> None:
    dist.init_process_group()
    rank, world = dist.get_rank(), dist.get_world_size()
    corpus = api.read(source)
    model = build_model("transformer", TransformerOptions(block_size=32), len(corpus.vocab), SEED)
    assert isinstance(model, Transformer)
    mesh = init_device_mesh("cuda" if torch.cuda.is_available() else "cpu", (world,))
    for block in model.blocks:
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.99), weight_decay=0.0)
    batches = batches_from(SequenceBatches(corpus.split("train"), 32, BATCH, SEED), 0)
    for step in range(1, STEPS + 1):
        batch = next(batches)
        rows = slice(rank, None, world) if rank < len(batch.y) else slice(1)
        x, y = (torch.from_numpy(ids[rows].astype("int64")) for ids in (batch.x, batch.y))
        share = y.numel() / batch.y.size if rank < len(batch.y) else 0.0
        optimizer.zero_grad()
        loss = token_loss(model(x), y)
        (loss * (share * world * batch.weight)).backward()  # FSDP takes the mean over processes
        optimizer.step()
        whole = loss.detach() * share
        dist.all_reduce(whole)
        if rank == 0 and step % 10 == 0:
            print(f"step {step}: loss {whole.item():.6f}", flush=True)
    held = sum(p.to_local().numel() for p in model.parameters())  # pyright: ignore[reportAttributeAccessIssue]
    print(f"process {rank} holds {held:,} of {sum(p.numel() for p in model.parameters()):,} parameters", flush=True)
    tensors = get_model_state_dict(model, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
    if rank == 0:
        whole = {name: t.contiguous() for name, t in tensors.items() if isinstance(t, torch.Tensor)}
        save_file(whole, os.environ.get("OUT", "model.safetensors"))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "names")
