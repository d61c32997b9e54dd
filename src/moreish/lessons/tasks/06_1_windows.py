"""6.1 Rows of letters, and the one that follows.

windows(words, block) is (x, y), two lists: for each letter of each word and for its end, the `block` ids before it, and
its own. 0 is the dot, which stands before a word as often as needed, and 1 is "a". windows(["ab"], 3):

    x = [[0, 0, 0], [0, 0, 1], [0, 1, 2]]      y = [1, 2, 0]
"""

letters = ".abcdefghijklmnopqrstuvwxyz"


def windows(words, block):
    x, y = [], []
    context = [0] * block  # YOURS: something is wrong with this
    for word in words:
        for letter in word:
            target = letters.index(letter)
            x.append(context)
            y.append(target)
            context = context[1:] + [target]
    return x, y
