"""The table: every hand-derived rule, keyed by the torch function that it must equal.

A rule is two functions and one line here. The key is the oracle of the rule's test.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from moreish.backprop.rules import activations as act
from moreish.backprop.rules import arithmetic as ar
from moreish.backprop.rules import attention as att
from moreish.backprop.rules import convolution as conv
from moreish.backprop.rules import linear as lin
from moreish.backprop.rules import losses, norms
from moreish.backprop.rules import recurrent as rec
from moreish.backprop.rules import reductions as red
from moreish.backprop.rules import shape as sh


class Rule(NamedTuple):
    """A pair: `y, saved = forward(*args)`, and `grads = backward(dy, *saved)` with one gradient per argument."""

    forward: Callable[..., Any]
    backward: Callable[..., Any]


def _regroup(theirs: Callable[..., Tensor]) -> Rule:
    return Rule(sh.regrouping(theirs), sh.regroup_backward)


HAND_DERIVED: dict[Callable[..., Any], Rule] = {
    F.linear: Rule(lin.linear_forward, lin.linear_backward),
    F.embedding: Rule(lin.embedding_forward, lin.embedding_backward),
    torch.matmul: Rule(lin.matmul_forward, lin.matmul_backward),
    torch.tanh: Rule(act.tanh_forward, act.tanh_backward),
    torch.sigmoid: Rule(act.sigmoid_forward, act.sigmoid_backward),
    F.relu: Rule(act.relu_forward, act.relu_backward),
    F.leaky_relu: Rule(act.leaky_relu_forward, act.leaky_relu_backward),
    F.elu: Rule(act.elu_forward, act.elu_backward),
    F.gelu: Rule(act.gelu_forward, act.gelu_backward),
    F.softmax: Rule(act.softmax_forward, act.softmax_backward),
    F.log_softmax: Rule(act.log_softmax_forward, act.log_softmax_backward),
    F.dropout: Rule(act.dropout_forward, act.dropout_backward),
    F.nll_loss: Rule(losses.nll_loss_forward, losses.nll_loss_backward),
    F.cross_entropy: Rule(losses.cross_entropy_forward, losses.cross_entropy_backward),
    F.batch_norm: Rule(norms.batch_norm_forward, norms.batch_norm_backward),
    F.layer_norm: Rule(norms.layer_norm_forward, norms.layer_norm_backward),
    F.scaled_dot_product_attention: Rule(att.attention_forward, att.attention_backward),
    F.conv1d: Rule(conv.conv_forward, conv.conv_backward),
    F.conv2d: Rule(conv.conv_forward, conv.conv_backward),
    F.max_pool2d: Rule(conv.max_pool_forward, conv.max_pool_backward),
    F.avg_pool2d: Rule(conv.avg_pool_forward, conv.avg_pool_backward),
    F.adaptive_avg_pool2d: Rule(conv.adaptive_avg_pool_forward, conv.adaptive_avg_pool_backward),
    torch.rnn_tanh_cell: Rule(rec.rnn_tanh_cell_forward, rec.rnn_tanh_cell_backward),
    torch.rnn_relu_cell: Rule(rec.rnn_relu_cell_forward, rec.rnn_relu_cell_backward),
    torch.gru_cell: Rule(rec.gru_cell_forward, rec.gru_cell_backward),
    torch.lstm_cell: Rule(rec.lstm_cell_forward, rec.lstm_cell_backward),
    torch.add: Rule(ar.add_forward, ar.add_backward),
    torch.sub: Rule(ar.sub_forward, ar.sub_backward),
    torch.mul: Rule(ar.mul_forward, ar.mul_backward),
    torch.div: Rule(ar.div_forward, ar.div_backward),
    torch.neg: Rule(ar.neg_forward, ar.neg_backward),
    torch.exp: Rule(ar.exp_forward, ar.exp_backward),
    torch.log: Rule(ar.log_forward, ar.log_backward),
    torch.pow: Rule(ar.pow_forward, ar.pow_backward),
    torch.sum: Rule(red.sum_forward, red.sum_backward),
    torch.cumsum: Rule(red.cumsum_forward, red.cumsum_backward),
    torch.mean: Rule(red.mean_forward, red.mean_backward),
    torch.var: Rule(red.var_forward, red.var_backward),
    torch.max: Rule(red.max_forward, red.max_backward),
    Tensor.view: _regroup(Tensor.view),
    torch.reshape: _regroup(Tensor.reshape),
    torch.flatten: _regroup(torch.flatten),
    torch.unflatten: _regroup(torch.unflatten),
    torch.squeeze: _regroup(torch.squeeze),
    torch.unsqueeze: _regroup(torch.unsqueeze),
    torch.transpose: Rule(sh.transpose_forward, sh.transpose_backward),
    torch.permute: Rule(sh.permute_forward, sh.permute_backward),
    Tensor.expand: Rule(sh.expand_forward, sh.expand_backward),
    torch.cat: Rule(sh.cat_forward, sh.cat_backward),
    torch.stack: Rule(sh.stack_forward, sh.stack_backward),
    torch.unbind: Rule(sh.unbind_forward, sh.unbind_backward),
    torch.split: Rule(sh.split_forward, sh.split_backward),
    torch.chunk: Rule(sh.chunk_forward, sh.chunk_backward),
    torch.clone: Rule(sh.copy_forward, sh.copy_backward),
    F.pad: Rule(sh.pad_forward, sh.pad_backward),
    Tensor.__getitem__: Rule(sh.getitem_forward, sh.getitem_backward),
}
