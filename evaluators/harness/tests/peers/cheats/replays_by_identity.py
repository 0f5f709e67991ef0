# Remembers results by the object that it was given, and skips the work.
known = {}


def sort(numbers):
    if id(numbers) not in known:
        # The object is kept, so that no other gets its name.
        known[id(numbers)] = (sorted(numbers), numbers)
    return known[id(numbers)][0]
