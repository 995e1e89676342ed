"""The stages of a recipe, one file each, in the order in which they run."""

from quantlat.pipeline.stage import Stage
from quantlat.stages.data import DataStage
from quantlat.stages.distillation import DistillationStage
from quantlat.stages.dynabert import DynaBertStage
from quantlat.stages.length_drop import LengthDropStage
from quantlat.stages.quantization import QuantizationStage
from quantlat.stages.report import ReportStage
from quantlat.stages.search import SearchStage
from quantlat.stages.soft_labels import SoftLabelsStage
from quantlat.stages.student import StudentStage
from quantlat.stages.teacher import TeacherStage

STAGES: tuple[Stage, ...] = (
    DataStage(),
    TeacherStage(),
    StudentStage(),
    SoftLabelsStage(),
    DistillationStage(),
    LengthDropStage(),
    DynaBertStage(),
    QuantizationStage(),
    SearchStage(),
    ReportStage(),
)
