"""3.3 Splits, and a smoothing that is chosen on dev.

split(words, seed) cuts a list into train, dev and test: 80, 10 and 10 %, every word in exactly one, shuffled by a
generator of its own with that seed (the same seed gives the same cut; random's own state is left alone).

tune(train, dev, test, strengths, fit, loss) fits a model on train for each strength, chooses the strength by dev, and
returns (strength, loss on test). fit(words, strength) gives a model, loss(model, words) a number. Test is looked at once.
"""

import random


def split(words, seed):
    ...  # YOURS


def tune(train, dev, test, strengths, fit, loss):
    ...  # YOURS
