"""More circles than asked for: forty tiny and large ones."""


def pack():
    return [(0.1 + 0.15 * (i % 6), 0.1 + 0.12 * (i // 6), 0.06) for i in range(40)]
