"""Tasks: how examples are stored, become windows and are scored; one file each.

The losses of a task are in :mod:`quantlat.training.objective`, its heads in :mod:`quantlat.models.heads`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantlat.errors import DataError
from quantlat.metrics import ACCURACY, CLASS_F1, MATTHEWS
from quantlat.tasks.base import Logits, ReadExamples, Scored, Task
from quantlat.tasks.embedding import Embedding
from quantlat.tasks.question_answering import QuestionAnswering
from quantlat.tasks.text_classification import TextClassification
from quantlat.tasks.text_regression import TextRegression

if TYPE_CHECKING:
    from quantlat.recipe.schema import Recipe

__all__ = ["Logits", "ReadExamples", "Scored", "Task", "get_task", "task_of"]

# The first of a name is judged by the task's usual metric.
_TASKS: tuple[Task, ...] = (
    QuestionAnswering(),
    TextClassification(ACCURACY),
    TextClassification(MATTHEWS),
    TextClassification(CLASS_F1),
    TextRegression(),
    Embedding(),
)


def get_task(name: str, metric: str | None = None) -> Task:
    """The task that recipes call ``name``, judged by ``metric`` (its key; ``None``: the usual one).

    Raises:
        DataError: there is none, or it is not judged by that.
    """
    named = [task for task in _TASKS if task.name == name]
    if not named:
        known = ", ".join(dict.fromkeys(task.name for task in _TASKS))
        raise DataError(f"unknown task {name!r}", f"Known tasks: {known}.")
    for task in named:
        if metric in (None, task.metric.key):
            return task
    raise DataError(f"{name} is not judged by {metric!r}", f"Give {', '.join(task.metric.key for task in named)}.")


def task_of(recipe: Recipe) -> Task:
    """The task of a recipe, judged by its metric."""
    return get_task(recipe.task, recipe.metric)
