"""Judge side: how evenly a placement spreads the hours that come after the known ones.

Score: the mean, over cases, layers and future hours, of the mean GPU load divided by the largest.
An expert's tokens are split evenly over its copies. The mean is never above the largest, so 1 is a
bound. The program is not run, and never saw these hours.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import border  # noqa: E402
import traffic  # noqa: E402


def check(layer, case, what):
    """A list of experts per GPU that holds every expert, no GPU more than its slots."""
    _, gpus, slots, *_ = case
    border.a_list(layer, gpus, what)
    copies = [0] * traffic.EXPERTS
    for g, experts in enumerate(layer):
        border.a_list(experts, None, f"GPU {g} of {what}")
        if len(experts) > slots:
            raise border.Rejected(f"GPU {g} of {what} has {len(experts)} experts in {slots} slots")
        for expert in experts:
            border.whole(expert, 0, traffic.EXPERTS - 1, f"an expert on GPU {g} of {what}")
            copies[expert] += 1
    if 0 in copies:
        raise border.Rejected(f"{what} has no place for expert {copies.index(0)}")
    return copies


def balance(layer, copies, tokens):
    """Mean load of the GPUs, divided by the largest."""
    loads = [sum(tokens[e] / copies[e] for e in experts) for experts in layer]
    return sum(tokens) / len(layer) / max(loads)


def judge(kind, answer):
    """The result for the placements of all cases."""
    border.a_list(answer, len(traffic.CASES), "the answer")
    cases = {}
    for case, layers in zip(traffic.CASES, answer):
        name = case[0]
        border.a_list(layers, traffic.LAYERS, f"case {name}")
        future = traffic.hours(kind, case, traffic.PAST, traffic.PAST + traffic.FUTURE)
        values = []
        for number, layer in enumerate(layers):
            copies = check(layer, case, f"layer {number} of case {name}")
            values += [balance(layer, copies, hour[number]) for hour in future]
        cases[name] = sum(values) / len(values)
    return border.mean_of(cases, "1 would be GPUs that are equally loaded in every future hour.")


if __name__ == "__main__":
    which = "holdout" if sys.argv[1:] == ["--holdout"] else "search"
    border.decide(lambda answer: judge(which, answer))
