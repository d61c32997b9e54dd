"""Lists made for tests."""

SYLLABLES = ("ka", "lo", "mi", "ren", "ta", "shi", "vu", "an", "el")


def made_items(count: int) -> list[str]:
    """Different items with some structure: numbers written in syllables."""
    items = []
    for n in range(1, count + 1):
        word = ""
        while n:
            n, digit = divmod(n, len(SYLLABLES))
            word += SYLLABLES[digit]
        items.append(word)
    return items
