import importlib.util

import numpy as np


def evaluate(program_path):
    spec = importlib.util.spec_from_file_location("candidate", program_path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    points = module.points()
    return {"combined_score": np.float32(points.sum()), "count": np.int64(points.size)}
