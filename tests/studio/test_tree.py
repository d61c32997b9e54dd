"""The tree of a WaveNet: its nodes are what the net itself computes, and its root makes the logits."""

import pytest
import torch

from moreish.models import build_model, model_class
from moreish.studio.tree import MOST_PLACES, tree_of

ITEM = [0, 3, 1, 4, 1, 5]


def net(name, **options):
    cls = model_class(name)
    return build_model(name, cls.Options(n_embd=4, n_hidden=8, **options), 9, 1).eval()


def windows(span):
    padded = [0] * (span - 1) + ITEM
    return torch.tensor([padded[i : i + span] for i in range(len(ITEM))])


def test_the_root_makes_the_logits():
    model = net("wavenet", n_layer=3)
    tree = tree_of(model, windows(8))
    roots = torch.tensor([levels[-1][0] for levels in tree["places"]])
    assert torch.allclose(model.head(roots), model(windows(8)), atol=1e-3)


@pytest.mark.parametrize("group", [2, 3])
def test_each_node_joins_as_many_as_the_net_does(group):
    tree = tree_of(net("wavenet", n_layer=2, group=group), windows(group**2))
    assert [len(level) for level in tree["places"][0]] == [group**2, group, 1]
    assert tree["units"] == [4, 8, 8]


def test_a_sliding_net_has_the_tree_of_the_windowed_net_of_its_weights():
    plain, sliding = net("wavenet", n_layer=2), net("wavenet-sliding", n_layer=2)
    sliding.load_state_dict(plain.state_dict())
    assert tree_of(sliding, torch.tensor([ITEM])) == tree_of(plain, windows(4))


def test_a_node_of_a_gated_net_changes_with_the_symbols_below_it_and_with_no_other():
    model = net("wavenet-gated", n_layer=2)
    before = tree_of(model, torch.tensor([ITEM]))["places"]
    other = [*ITEM[:-2], 7, ITEM[-1]]  # the second of the last pair's symbols
    after = tree_of(model, torch.tensor([other]))["places"]
    leaves, pairs, root = (
        ([a != b for a, b in zip(x, y, strict=True)]) for x, y in zip(before[-1], after[-1], strict=True)
    )
    assert leaves == [False, False, True, False]
    assert pairs == [False, True]
    assert root == [True]
    assert before[0][0] == [None, None, None, before[0][0][-1]]  # nothing stands before the first symbol


def test_nets_without_a_tree_and_those_too_wide_to_be_shown_have_none():
    assert tree_of(net("mlp"), windows(8)) is None
    assert tree_of(net("wavenet", n_layer=6), windows(64)) is None
    assert len(tree_of(net("wavenet", n_layer=1), windows(2).repeat(9, 1))["places"]) == MOST_PLACES
