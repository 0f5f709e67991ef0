"""What the stages share; imported by the evaluator from its own folder."""

import importlib.util


def value_of(path):
    spec = importlib.util.spec_from_file_location("candidate", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return float(module.VALUE)
