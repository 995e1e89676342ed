"""One search over retention, width, depth and precision: space, cost model, evaluator, cache, study."""

from quantlat.search.joint.cache import MeasurementCache
from quantlat.search.joint.candidate import JointCandidate
from quantlat.search.joint.cost import JointCostModel
from quantlat.search.joint.evaluator import JointEvaluator
from quantlat.search.joint.space import AXES, Axis, JointSpace, parse_axes
from quantlat.search.joint.study import JointOptions, JointResult, area, search_jointly

__all__ = [
    "AXES",
    "Axis",
    "JointCandidate",
    "JointCostModel",
    "JointEvaluator",
    "JointOptions",
    "JointResult",
    "JointSpace",
    "MeasurementCache",
    "area",
    "parse_axes",
    "search_jointly",
]
