"""3.2 A trigram: the chance of a letter after two.

trigram(words, k) is a tensor P of shape (27, 27, 27): P[a, b, c] is the chance of c after a and b, with k added to every
count. Numbers: 0 is the dot, 1 is "a", 26 is "z". A name begins with two dots and ends with one: "..emma.".
"""

import torch

letters = ".abcdefghijklmnopqrstuvwxyz"


def trigram(words, k):
    N = torch.zeros(27, 27, 27)
    ...  # YOURS
