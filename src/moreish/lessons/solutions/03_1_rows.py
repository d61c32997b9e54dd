"""3.1 Chances from counts.

N[a, b] is how often b follows a. probabilities(N, k) adds k to every count and makes a table of chances: row a holds
the chance of each letter after a. Nothing complains about the mistake in here.
"""


def probabilities(N, k):
    N = N + k
    return N / N.sum(1, keepdim=True)
