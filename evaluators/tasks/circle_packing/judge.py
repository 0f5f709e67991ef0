"""Judge side: measures a packing from its geometry; never runs the program.

`judge.py [CIRCLES]`: reads `$EVOLVE_OUTPUT/packing.json`, a list of 26 (or so many) triples [x, y,
radius], and writes `$EVOLVE_RESULT`. All geometry is done in integers, in units of 2**-60 of the
square's side, so that "inside the square" and "no overlap" hold exactly, with no tolerance.

The file may hold numbers, commas and brackets, nothing else. That is all a packing needs, it
leaves a hostile file nothing to play with, and it spares the import of the `json` module,
which would take longer than the rest of the judge.
"""

import math
import os
import sys

CIRCLES = 26
SIDE = 1 << 60
# Claims may be wrong by rounding, not by more. In sides of the square. Nothing is won below
# it either: what overlaps is cut off before it is measured.
TOLERANCE = 1e-6
LARGEST_FILE = 16 * 1024


class Rejected(Exception):
    """The output is not a packing. The text says why, for the next prompt."""


def read_output(path):
    """The text of the output file, which a hostile program may have made a link or a pipe."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Rejected(f"packing.json cannot be read: {error.strerror}") from None
    # S_ISREG, without the import of `stat`.
    if os.fstat(handle).st_mode & 0o170000 != 0o100000:
        raise Rejected("packing.json is not a plain file")
    with os.fdopen(handle, "rb") as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise Rejected(f"packing.json is larger than {LARGEST_FILE} bytes")
    return data.decode("latin-1")


def parse(text, count):
    """The triples in the text, which must be so many."""
    if not set(text) <= set("0123456789.eE+-,[] \n"):
        raise Rejected("packing.json holds something that is not a finite number: "
                       "it must be a list of lists [x, y, radius]")
    body = text.strip()
    if not (body.startswith("[[") and body.endswith("]]")):
        raise Rejected("packing.json is not a list of lists [x, y, radius]")
    circles = []
    rows = body[2:-2].split("]")
    for i, row in enumerate(rows):
        if i > 0:
            comma, bracket, row = row.partition("[")
            if comma.strip() != "," or not bracket:
                raise Rejected(f"packing.json: something odd before circle {i}")
        try:
            circle = [float(number) for number in row.split(",")]
        except ValueError:
            raise Rejected(f"circle {i} is not three numbers") from None
        if len(circle) != 3:
            raise Rejected(f"circle {i} has {len(circle)} numbers, not x, y and radius")
        circles.append(circle)
    if len(circles) != count:
        raise Rejected(f"{len(circles)} circles, not {count}")
    return circles


def to_grid(circles):
    """The circles in integers; a coordinate moves by less than 2**-60."""
    grid = []
    for i, (x, y, r) in enumerate(circles):
        if not all(map(math.isfinite, (x, y, r))):
            raise Rejected(f"circle {i} has a number that is not finite")
        if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
            raise Rejected(f"the centre of circle {i}, ({x}, {y}), is outside the square")
        if not 0.0 <= r <= 0.5:
            raise Rejected(f"circle {i} has the radius {r}; it must be between 0 and 0.5")
        # Multiplying by a power of two is exact; the conversion rounds down.
        grid.append([int(x * SIDE), int(y * SIDE), int(r * SIDE)])
    return grid


def repair(grid):
    """Shrinks radii until nothing overlaps. Returns the worst overlap and where it was.

    Shrinking one circle never harms another, so one pass is enough.
    """
    worst, where = 0, "nothing"
    for i, circle in enumerate(grid):
        x, y, r = circle
        room = min(x, y, SIDE - x, SIDE - y)
        if r - room > worst:
            worst, where = r - room, f"circle {i} and a wall"
        circle[2] = min(r, room)
    for i, a in enumerate(grid):
        for j in range(i):
            b = grid[j]
            # Rounded down: radii that add up to no more than this cannot overlap.
            gap = math.isqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2)
            total = a[2] + b[2]
            if total <= gap:
                continue
            if total - gap > worst:
                worst, where = total - gap, f"circles {j} and {i}"
            a[2] = a[2] * gap // total
            b[2] = min(b[2], gap - a[2])
    if worst > TOLERANCE * SIDE:
        raise Rejected(f"{where} overlap by {worst / SIDE:.2e}; "
                       f"more than {TOLERANCE:.0e} is not rounding")
    return worst / SIDE, where


def slacks(grid):
    """How much each circle could grow where it is, in sides of the square."""
    room = []
    for i, (x, y, r) in enumerate(grid):
        free = min(x, y, SIDE - x, SIDE - y)
        for j, (u, v, s) in enumerate(grid):
            if j != i:
                free = min(free, math.isqrt((x - u) ** 2 + (y - v) ** 2) - s)
        room.append((free - r) / SIDE)
    return room


def feedback(grid, worst, where):
    """One paragraph for the next prompt."""
    by_size = sorted(range(len(grid)), key=lambda i: grid[i][2])
    small = ", ".join(f"{i} (r={grid[i][2] / SIDE:.4f})" for i in by_size[:4])
    room = slacks(grid)
    loose = sorted((i for i in range(len(grid)) if room[i] > 1e-6), key=lambda i: -room[i])
    text = f"smallest circles: {small}. "
    if loose:
        text += "could grow where they are: "
        text += ", ".join(f"{i} by {room[i]:.2g}" for i in loose[:6])
        text += f" ({len(loose)} in all). "
    else:
        text += "every circle touches a wall or a neighbour. "
    if worst > 0:
        text += f"worst overlap, cut off: {worst:.1e} ({where})."
    return text.strip()


def picture(grid):
    """The packing as SVG."""
    circles = "".join(
        f"<circle cx='{x / SIDE:.4f}' cy='{y / SIDE:.4f}' r='{r / SIDE:.4f}'/>" for x, y, r in grid
    )
    return (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='-.01 -.01 1.02 1.02' width='480'>"
        "<g fill='#cde' stroke='#246' stroke-width='.003'>"
        f"<path fill='none' d='M0 0h1v1H0z'/>{circles}</g></svg>"
    )


def judge(path, count):
    """The result for an output file of so many circles, as JSON text. Our own texts hold no quote
    or backslash."""
    try:
        grid = to_grid(parse(read_output(path), count))
        worst, where = repair(grid)
    except Rejected as reason:
        # No score at all: a packing that breaks the rules is invalid, not merely bad.
        return f'{{"metrics": {{"valid": 0}}, "feedback": "{reason}"}}\n'
    score = sum(r for _, _, r in grid) / SIDE
    return (
        f'{{"metrics": {{"sum_of_radii": {score!r}, "valid": 1}},\n'
        f' "artifacts": {{"packing.svg": "{picture(grid)}"}},\n'
        f' "feedback": "{feedback(grid, worst, where)}"}}\n'
    )


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else CIRCLES
    result = judge(os.path.join(os.environ["EVOLVE_OUTPUT"], "packing.json"), wanted)
    with open(os.environ["EVOLVE_RESULT"], "w", encoding="utf-8") as file:
        file.write(result)
