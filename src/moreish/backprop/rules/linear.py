"""Products of matrices: linear, matmul, and embedding, the product with a one-hot matrix that is never built."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Shaped
from torch import Tensor

from moreish.backprop.rules import EVERY, Needs, kept_for
from moreish.backprop.rules.broadcasting import size_of, sum_to


def linear_forward(x: Float[Tensor, "*N I"], weight: Float[Tensor, "O I"], bias: Float[Tensor, "O"] | None = None):
    """y = x W^T + b; the bias row is broadcast over the N rows."""
    if bias is not None and x.dim() == 2:
        return torch.addmm(bias, x, weight.T), (x, weight)
    y = x @ weight.T
    return y if bias is None else y + bias, (x, weight)


@kept_for(x=(1,), weight=(0,))
def linear_backward(dy: Float[Tensor, "*N O"], x, weight, needs: Needs = EVERY):
    """Each gradient has the shape of its value, and only one product of the pieces has that shape.

    dx = dy W          (N, O) (O, I)
    dW = dy^T x        (O, N) (N, I)
    db = sum over N    a broadcast on the way forward is a sum on the way back
    """
    rows = dy if dy.dim() == 2 else dy.reshape(-1, dy.shape[-1])
    dx = dy @ weight if needs[0] else None
    dweight = rows.T @ (x if x.dim() == 2 else x.reshape(-1, x.shape[-1])) if needs[1] else None
    dbias = rows.sum(0) if needs[2] else None
    return dx, dweight, dbias


def matmul_forward(x: Float[Tensor, "*A"], other: Float[Tensor, "*B"]):
    """y_ij = sum_k x_ik other_kj; leading dimensions broadcast; a vector counts as one row (x) or column (other)."""
    return torch.matmul(x, other), (x, other)


@kept_for(x=(1,), other=(0,))
def matmul_backward(dy, x, other, needs: Needs = EVERY):
    """dx = dy other^T and dother = x^T dy: again the only products with the right shapes.

    x_ik meets other_kj in every y_ij of its row: dx_ik = sum_j dy_ij other_kj. Leading dimensions that were broadcast
    are summed. A vector is widened to a matrix on the way in and narrowed on the way out.
    """
    x_shape, other_shape = size_of(x), size_of(other)
    row, column = len(x_shape) == 1, len(other_shape) == 1
    if row:
        dy = dy.unsqueeze(-1 if column else -2)
    if column:
        dy = dy.unsqueeze(-1)
    dx = dother = None
    if needs[0]:
        b = other[:, None] if column else other
        dx = sum_to(dy @ b.mT, [1, *x_shape] if row else x_shape).reshape(x_shape)
    if needs[1]:
        a = x[None, :] if row else x
        dother = sum_to(a.mT @ dy, [*other_shape, 1] if column else other_shape).reshape(other_shape)
    return dx, dother


def embedding_forward(idx: Shaped[Tensor, "*N"], weight: Shaped[Tensor, "..."], padding_idx: int | None = None):
    """y = weight[idx]: rows of the table `weight` (V, C), by whole numbers. It equals onehot(idx) @ weight."""
    return F.embedding(idx, weight, padding_idx), (idx, len(weight), padding_idx)


def embedding_backward(dy: Float[Tensor, "*N C"], idx, n_rows, padding_idx):
    """dweight[v] = sum of dy over the places where v was looked up; 0 for the other rows and the padding row.

    From the one-hot matrix: dweight = onehot^T dy. A row used twice receives both gradients: add, never overwrite.
    """
    dweight = dy.new_zeros(n_rows, dy.shape[-1])
    dweight.index_add_(0, idx.reshape(-1), dy.reshape(-1, dy.shape[-1]))
    if padding_idx is not None:
        dweight[padding_idx] = 0
    return None, dweight
