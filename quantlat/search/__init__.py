"""Search over retention configurations: space, objectives, trials, Pareto front, profiles."""

from quantlat.search.best import BestSoFar
from quantlat.search.candidate import AccuracyFloor, Candidate
from quantlat.search.evaluator import Evaluator
from quantlat.search.objectives import EvaluatorOptions, SessionEvaluator
from quantlat.search.pareto import convex_hull, hypervolume, knee, pareto_front
from quantlat.search.profiles import Profiles, choose_profiles, select_finalists
from quantlat.search.result import SearchResult
from quantlat.search.space import RetentionSpace
from quantlat.search.study import run_search

__all__ = [
    "AccuracyFloor",
    "BestSoFar",
    "Candidate",
    "Evaluator",
    "EvaluatorOptions",
    "Profiles",
    "RetentionSpace",
    "SearchResult",
    "SessionEvaluator",
    "choose_profiles",
    "convex_hull",
    "hypervolume",
    "knee",
    "pareto_front",
    "run_search",
    "select_finalists",
]
