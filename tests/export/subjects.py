"""Networks to export: of every family, small, with numbers in which a mistake shows."""

import torch

from moreish.data import Corpus
from moreish.export import Subject
from moreish.models import build_model, model_class

SMALL = {"n_embd": 8, "n_hidden": 12, "n_layer": 2, "n_head": 2}


def subject(corpus: Corpus, family: str, kinds: int = 1, **options: object) -> Subject:
    cls = model_class(family).Options
    small = {name: value for name, value in SMALL.items() if name in cls.__dataclass_fields__}
    module = build_model(family, cls(**{**small, **options}), len(corpus.vocab), 1, kinds)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for p in module.parameters():
            p.add_(torch.randn(p.shape, generator=generator).mul_(0.3))
        for b in module.buffers():
            if b.is_floating_point():
                b.add_(torch.rand(b.shape, generator=generator))
    return Subject("run", family, {}, module.eval(), corpus.vocab, tuple(map(str, range(kinds))) * (kinds > 1))
