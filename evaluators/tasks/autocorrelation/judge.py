"""Judge side: the largest value of a step function's autoconvolution, exactly.

The heights h[0..n-1] are those of a function on [-1/4, 1/4] with n steps of equal width. Its
autoconvolution is linear between the knots, so its largest value lies at one of them, and in units
of the squared integral it is 2 n max(c) / (sum h)**2, where c[k] is the sum of h[i] h[k-i]. Heights
are first rounded to multiples of 2**-48 of the largest; from there on all is done in integers:
tolerance 0.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import border  # noqa: E402

MOST_STEPS = 1000
LARGEST = 1e9
BITS = 48


def to_integers(heights):
    """The heights as integers of at most 48 bits, in units of their own."""
    border.a_list(heights, None, "the answer")
    if not 1 <= len(heights) <= MOST_STEPS:
        raise border.Rejected(f"the answer has {len(heights)} heights, not between 1 and {MOST_STEPS}")
    values = [border.number(h, 0.0, LARGEST, f"height {i}") for i, h in enumerate(heights)]
    top = max(values)
    if top <= 0.0:
        raise border.Rejected("all heights are 0")
    above, below = top.as_integer_ratio()
    # h / top * 2**48, rounded down, without the rounding of floats.
    ratios = (value.as_integer_ratio() for value in values)
    return [((a * below) << BITS) // (b * above) for a, b in ratios]


def convolved(values):
    """c[k], the sum over i of values[i] values[k-i], as one multiplication of long integers.

    With every value in a slot of its own, wide enough for the largest sum, the square of the long
    integer has c in its slots (Kronecker's substitution).
    """
    width = (2 * (BITS + 1) + len(values).bit_length() + 7) // 8
    number = int.from_bytes(b"".join(v.to_bytes(width, "little") for v in values), "little")
    count = 2 * len(values) - 1
    square = (number * number).to_bytes((count + 1) * width, "little")
    return [int.from_bytes(square[k * width : (k + 1) * width], "little") for k in range(count)]


def judge(answer):
    """The result for the heights."""
    values = to_integers(answer)
    sums = convolved(values)
    top = max(sums)
    where = [k for k, value in enumerate(sums) if value > 0.999 * top]
    return {
        "metrics": {"constant": 2 * len(values) * top / sum(values) ** 2, "valid": 1},
        "feedback": f"{len(values)} steps; the autoconvolution is within 0.1 % of its largest value at "
                    f"{len(where)} of {len(sums)} knots, the first ones being {where[:8]}; the more, the better",
    }


if __name__ == "__main__":
    border.decide(judge)
