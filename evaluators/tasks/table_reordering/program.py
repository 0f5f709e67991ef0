"""Orders the rows of a table, and the fields of each row, so that prompts begin alike."""

# EVOLVE-BLOCK-START
DISTINCT_WEIGHT = 1.0
LENGTH_WEIGHT = 0.1
SHARED_WEIGHT = 0.1
COMMON_WEIGHT = 0.1


def reorder(rows):
    """A list of (row, columns): the rows' numbers in order, each with its columns in order.

    Each row becomes a prompt, its fields one after the other. Fields that a prompt has in common
    with the one before, from its beginning, are found in the cache; the more characters these have,
    the better.
    """
    score = []
    for column in range(len(rows[0])):
        texts = [row[column] for row in rows]
        distinct = len(set(texts)) / len(texts)
        length = sum(len(text) for text in texts) / len(texts) / 100.0
        shared = (sum(map(len, texts)) - sum(map(len, set(texts)))) / len(texts) / 100.0
        common = max(texts.count(text) for text in set(texts)) / len(texts)
        score.append(
            LENGTH_WEIGHT * length + SHARED_WEIGHT * shared + COMMON_WEIGHT * common
            - DISTINCT_WEIGHT * distinct
        )
    # Columns with the fewest different texts first, then the rows as in a dictionary.
    columns = sorted(range(len(rows[0])), key=lambda column: score[column], reverse=True)
    ranked = sorted(range(len(rows)), key=lambda row: [rows[row][column] for column in columns])
    return [(row, columns) for row in ranked]


# EVOLVE-BLOCK-END
