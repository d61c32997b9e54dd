"""From items to a corpus: layout, split, duplicates."""

import numpy as np

from moreish.data import DataOptions, from_items


def test_flat_layout_has_one_boundary_between_items():
    corpus = from_items(["ab", "c"], DataOptions(val_share=0.0, test_share=0.0))
    part = corpus.part("train")
    np.testing.assert_array_equal(part.ids, [0, 1, 2, 0, 3, 0])
    np.testing.assert_array_equal(part.offsets, [0, 3, 5])
    assert part.offsets.dtype == np.int64
    assert part.ids.dtype == np.uint8
    assert part.n_predicted == 5
