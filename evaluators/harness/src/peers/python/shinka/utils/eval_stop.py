"""When to stop measuring a program whose mean is surely above or below a threshold: the interface
of ShinkaEvolve's module of the same name, without numpy and scipy."""

import math
import statistics
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import List, Optional


@dataclass
class EarlyStopDecision:
    """What a check came to."""

    should_stop: bool
    prediction: str  # "beats", "fails" or "uncertain"
    confidence: float
    trials_used: int
    reason: Optional[str] = None


class EarlyStopMethod(ABC):
    """Decides after each trial whether another is needed."""

    @property
    @abstractmethod
    def name(self) -> str:
        """For reports."""

    @abstractmethod
    def check(self, scores: List[float], threshold: float) -> EarlyStopDecision:
        """Decides from the scores so far."""

    def reset(self) -> None:
        """Called before a program's first trial."""


def _normal_cdf(z):
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _beta_fraction(a, b, x):
    """The continued fraction of the incomplete beta function (Lentz's method; DLMF 8.17.22)."""
    tiny = 1e-300
    c, d = 1.0, 1.0 / max(abs(1.0 - (a + b) * x / (a + 1.0)), tiny)
    fraction = d
    for m in range(1, 400):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1.0 + step * d
            c = 1.0 + step / c
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = c if abs(c) > tiny else tiny
            fraction *= c * d
        if abs(c * d - 1.0) < 1e-14:
            break
    return fraction


def _t_tail(t, freedom):
    """The chance that a value of Student's distribution lies above t > 0: half the regularised
    incomplete beta function of freedom / (freedom + t²) (DLMF 8.17; Abramowitz and Stegun 26.7.1)."""
    a, b, x = freedom / 2.0, 0.5, freedom / (freedom + t * t)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1.0) / (a + b + 2.0):
        return 0.5 * front * _beta_fraction(a, b, x) / a
    return 0.5 * (1.0 - front * _beta_fraction(b, a, 1.0 - x) / b)


def _t_quantile(tail, freedom):
    """The value above which Student's distribution has this part, less than a half; by halving."""
    low, high = 1e-12, 1.0
    while _t_tail(high, freedom) > tail and high < 1e12:
        high *= 2.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _t_tail(middle, freedom) > tail else (low, middle)
    return 0.5 * (low + high)


def _go_on(count, reason, confidence=0.5):
    return EarlyStopDecision(False, "uncertain", confidence, count, reason)


def _stop(beats, count, confidence, reason):
    return EarlyStopDecision(True, "beats" if beats else "fails", confidence, count, reason)


class NoEarlyStop(EarlyStopMethod):
    """All trials are made."""

    @property
    def name(self):
        return "no_early_stop"

    def check(self, scores, threshold):
        return _go_on(len(scores), "early stopping disabled")


class _Estimating(EarlyStopMethod):
    """What the methods share that look at mean and standard error."""

    def __init__(self, min_trials):
        self.min_trials = min_trials

    def check(self, scores, threshold):
        count = len(scores)
        if count < self.min_trials:
            return _go_on(count, "need at least %d trials" % self.min_trials)
        mean = statistics.fmean(scores)
        # By hand: statistics.stdev does not take NaN.
        squares = math.fsum((score - mean) ** 2 for score in scores)
        error = math.sqrt(squares / (count - 1) / count) if count > 1 else 1.0
        if error < 1e-10:
            beats = mean > threshold
            return _stop(beats, count, 1.0, "all scores are the same")
        return self._decide(mean, error, count, threshold)

    def _by_chance(self, mean, error, count, threshold):
        """Stops when the chance that the mean is above the threshold is small or large."""
        above = _normal_cdf((mean - threshold) / error)
        reason = "P(beats) = %.4f" % above
        if above < self.prob_cutoff:
            return _stop(False, count, 1.0 - above, reason)
        if above > 1.0 - self.prob_cutoff:
            return _stop(True, count, above, reason)
        return _go_on(count, reason, above)


class BayesianEarlyStop(_Estimating):
    """Stops when the mean is above the threshold with a chance below `prob_cutoff`, or above
    1 - `prob_cutoff`, by a normal posterior."""

    def __init__(self, prob_cutoff=0.05, min_trials=2):
        super().__init__(min_trials)
        self.prob_cutoff = prob_cutoff

    @property
    def name(self):
        return "bayesian_p%s" % self.prob_cutoff

    def _decide(self, mean, error, count, threshold):
        return self._by_chance(mean, error, count, threshold)


class ConfidenceIntervalEarlyStop(_Estimating):
    """Stops when the mean's two-sided confidence interval (Student's) leaves out the threshold."""

    def __init__(self, confidence=0.90, min_trials=3):
        super().__init__(min_trials)
        self.confidence = confidence

    @property
    def name(self):
        return "ci_%d" % int(self.confidence * 100)

    def _decide(self, mean, error, count, threshold):
        reach = _t_quantile((1.0 - self.confidence) / 2.0, count - 1) * error
        reason = "the interval is [%.4f, %.4f]" % (mean - reach, mean + reach)
        if mean + reach < threshold:
            return _stop(False, count, self.confidence, reason)
        if mean - reach > threshold:
            return _stop(True, count, self.confidence, reason)
        return _go_on(count, reason, self.confidence)


class HybridEarlyStop(_Estimating):
    """Stops when the interval lies below the threshold, or when the chance says so."""

    def __init__(self, prob_cutoff=0.05, ci_confidence=0.90, min_trials=3):
        super().__init__(min_trials)
        self.prob_cutoff, self.ci_confidence = prob_cutoff, ci_confidence

    @property
    def name(self):
        return "hybrid"

    def _decide(self, mean, error, count, threshold):
        upper = mean + _t_quantile((1.0 - self.ci_confidence) / 2.0, count - 1) * error
        if upper < threshold:
            return _stop(False, count, self.ci_confidence, "the interval ends at %.4f" % upper)
        return self._by_chance(mean, error, count, threshold)


_METHODS = {
    "none": "none",
    "no_early_stop": "none",
    "bayesian": "bayesian",
    "ci": "ci",
    "confidence_interval": "ci",
    "hybrid": "hybrid",
}


def create_early_stop_method(method="none", prob_cutoff=0.05, ci_confidence=0.90, min_trials=3):
    """The method of this name: none, bayesian, ci or hybrid."""
    kind = _METHODS.get(method.lower())
    if kind == "none":
        return NoEarlyStop()
    if kind == "bayesian":
        return BayesianEarlyStop(prob_cutoff, min_trials)
    if kind == "ci":
        return ConfidenceIntervalEarlyStop(ci_confidence, min_trials)
    if kind == "hybrid":
        return HybridEarlyStop(prob_cutoff, ci_confidence, min_trials)
    raise ValueError("unknown early stop method %r; there are none, bayesian, ci, hybrid" % method)
