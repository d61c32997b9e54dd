"""Messages between the nodes of a graph: along which edges they go, and who of those asked about gets none."""

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from moreish.doctor.frames.noted import Edges
from moreish.doctor.watch.arguments import Args, Kwargs, argument

FEWEST_NODES, FEWEST_EDGES, MOST_EDGES = 32, 32, 1 << 20
MOST_CHOSEN = 4  # tables of edges that may be those of the messages that come next
FEWEST_OTHERS = 16  # nodes that are in no loss, and asked about


class Messages:
    """Of one frame. What is kept of the graph is the edges of the last layer; `asked`, the nodes that somebody asks
    about by number of all, is that of the whole run, as evaluations and steps are looked at apart.
    """

    def __init__(self, asked: dict[int, Tensor]) -> None:
        self.found: Edges | None = None
        self.inside = False  # a model calls, and chooses rows for itself
        self.given: set[int] = set()  # what a model was called with without gradients, by identity
        self._chosen: list[Tensor] = []  # which rows of a table of nodes were taken, one for each edge
        self._nodes = 0
        self._edges: tuple[Tensor, Tensor] | None = None
        self._handle: RemovableHandle | None = None
        self._seen: tuple[Tensor, Tensor, Tensor] | None = None  # targets, sources, and which nodes are in the loss
        self._asked = asked

    def called(self, op: str, kind: str, args: Args, kwargs: Kwargs, result: Tensor) -> None:
        """Rows are taken of a table, or rows are added into one, or all are mixed by a table of who hears whom."""
        if kind == "select":
            self._ask(args)
            self._select(op, args, kwargs, result)
        elif kind == "scatter":
            self._scatter(op, args, kwargs, result)
        elif len(args) > 1 and isinstance(args[0], Tensor) and not args[0].requires_grad:
            table = args[0].detach()
            square = table.dim() == 2 and table.shape[0] == table.shape[1] == len(result)
            if square and result.requires_grad and result.dim() == 2 and result.shape[1] > 1:
                edges = _nonzero(table)
                if edges is not None:
                    self._heard(edges[0], edges[1], result)

    def close(self) -> None:
        """Tell what was seen, and let go of everything."""
        asked = self._asked.get(len(self._seen[2])) if self._seen is not None else None
        if self._seen is not None and asked is not None:
            self.found = _edges(*self._seen, asked.to(self._seen[2].device))
        if self._handle is not None:
            self._handle.remove()
        self._chosen, self._edges, self._handle, self._seen = [], None, None, None

    def _ask(self, args: Args) -> None:
        """Some rows are chosen of what has no gradient: perhaps nodes that an evaluation is about, or their labels.

        By a mask at any time (who is asked about in training is in the loss), by numbers while gradients are off.
        """
        x, index = args if len(args) == 2 else (None, None)
        if not isinstance(x, Tensor) or not isinstance(index, Tensor) or not x.dim() or index.dim() != 1:
            return
        rows, off = len(x), not torch.is_grad_enabled()
        if self.inside or id(x) in self.given or (not off and (x.requires_grad or index.dtype != torch.bool)):
            return
        if rows < FEWEST_NODES or (rows not in self._asked and len(self._asked) >= MOST_CHOSEN):
            return
        if index.dtype == torch.bool and len(index) == rows:
            chosen = index.cpu()
        elif (
            x.dim() == 1
            and index.dtype == torch.int64
            and index.numel()
            and 0 <= int(index.min()) <= int(index.max()) < rows
        ):
            chosen = torch.zeros(rows, dtype=torch.bool)
            chosen[index.cpu()] = True
            if int(chosen.sum()) < len(index):
                return  # the same rows again and again: something of the ends of edges
        else:
            return
        self._asked[rows] = chosen | self._asked.get(rows, torch.zeros_like(chosen))

    def _select(self, op: str, args: Args, kwargs: Kwargs, result: Tensor) -> None:
        """`h[source]`: the rows that say something."""
        x, index = args[0] if args else None, argument(args, kwargs, 2 if op == "index_select" else 1, "index")
        if not isinstance(x, Tensor) or not isinstance(index, Tensor) or not x.requires_grad or x.dim() < 2:
            return
        along = op in ("__getitem__", "index_select") and len(result) == len(index)
        if along and index.dtype == torch.int64 and index.dim() == 1 and FEWEST_EDGES <= len(index) <= MOST_EDGES:
            self._chosen = [*(self._chosen if len(x) == self._nodes else []), index.detach()][-MOST_CHOSEN:]
            self._nodes = len(x)

    def _scatter(self, op: str, args: Args, kwargs: Kwargs, result: Tensor) -> None:
        """`zeros.index_add(0, target, messages)`: the rows that hear it."""
        axis, index = argument(args, kwargs, 1, "dim"), argument(args, kwargs, 2, "index")
        if axis != 0 or not isinstance(index, Tensor) or not result.requires_grad or result.dim() != 2:
            return
        if index.dim() == 2:
            index = index[:, 0]
        index = index.detach()
        if len(result) == self._nodes:
            sources = [s for s in self._chosen if s.shape == index.shape and s.device == index.device]
            source = next((s for s in reversed(sources) if not torch.equal(s, index)), None)
            if source is not None:
                self._heard(index, source, result)

    def _heard(self, target: Tensor, source: Tensor, result: Tensor) -> None:
        """Row `target[e]` of the result hears row `source[e]`. The last layer of a step is the one that counts."""
        if len(result) < FEWEST_NODES:
            return
        if self._handle is not None:
            self._handle.remove()
        self._edges = target, source
        self._handle = result.register_hook(self._used)

    def _used(self, gradient: Tensor) -> None:
        """Which nodes are in the loss is known by their gradients."""
        if self._edges is not None and self._seen is None:
            self._seen = *self._edges, gradient.detach().flatten(1).any(1)


def _edges(target: Tensor, source: Tensor, in_loss: Tensor, asked: Tensor) -> Edges | None:
    nodes = len(in_loss)
    apart = target != source
    target, source = target[apart], source[apart]
    if len(target) < FEWEST_EDGES:
        return None
    there, back = (target * nodes + source).unique(), (source * nodes + target).unique()
    hears, speaks = (torch.zeros(nodes, dtype=torch.bool, device=in_loss.device) for _ in range(2))
    hears[target], speaks[source] = True, True
    deaf, others = speaks & ~hears, asked & ~in_loss & (speaks | hears)
    used = in_loss & (speaks | hears)
    if int(others.sum()) < FEWEST_OTHERS or not bool(used.any()):
        return None
    mutual = float(torch.isin(there, back).float().mean())
    in_it, outside = (float(deaf[some].float().mean()) for some in (used, others))
    return Edges(len(there), mutual, in_it, outside, int(others.sum()), int(there.sum()))


def _nonzero(table: Tensor) -> tuple[Tensor, Tensor] | None:
    """Who hears whom, by a table of numbers."""
    if table.layout not in (torch.strided, torch.sparse_coo) or table.numel() > MOST_EDGES * 64:
        return None
    if table.layout == torch.sparse_coo:
        found = table.coalesce().indices()
        return found[0], found[1]
    if len(table) < FEWEST_NODES or int((table != 0).sum()) > min(MOST_EDGES, table.numel() // 2):
        return None
    target, source = (table != 0).nonzero(as_tuple=True)
    return target, source
