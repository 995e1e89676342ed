"""Tasks: how examples are stored, become windows and are scored; one file each.

The losses of a task are in :mod:`quantlat.training.objective`, its heads in :mod:`quantlat.models.heads`.
"""

from quantlat.errors import DataError
from quantlat.tasks.base import Logits, ReadExamples, Scored, Task
from quantlat.tasks.embedding import Embedding
from quantlat.tasks.question_answering import QuestionAnswering
from quantlat.tasks.text_classification import TextClassification

__all__ = ["Logits", "ReadExamples", "Scored", "Task", "get_task"]

_TASKS: tuple[Task, ...] = (QuestionAnswering(), TextClassification(), Embedding())


def get_task(name: str) -> Task:
    """The task that recipes call ``name``.

    Raises:
        DataError: there is none.
    """
    for task in _TASKS:
        if task.name == name:
            return task
    raise DataError(f"unknown task {name!r}", f"Known tasks: {', '.join(task.name for task in _TASKS)}.")
