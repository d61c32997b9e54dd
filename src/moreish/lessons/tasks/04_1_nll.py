"""4.1 The loss of a list of words.

P[a, b] is the chance of letter b after a; 0 is the dot, 1 is "a", 26 is "z". nll(words, P) is the mean negative
log-likelihood of everything that is predicted: each letter, and each end.
"""

import math

letters = ".abcdefghijklmnopqrstuvwxyz"


def nll(words, P):
    ...  # YOURS
