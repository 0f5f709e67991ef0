from skydiscover.evaluation.evaluation_result import EvaluationResult


def evaluate(program_path):
    names = {}
    exec(open(program_path).read(), names)
    return EvaluationResult(metrics={"combined_score": names["answer"]()})
