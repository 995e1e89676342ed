"""Reporting: one collected data structure (``ReportData``), and everything that is drawn or written from it.

``rows`` and ``collect`` hold the data, ``caveats`` and ``verdict`` what follows from it, ``tables``, ``markdown``,
``html`` and ``figures`` render it, ``write`` puts it on disk. matplotlib is imported only when figures are drawn.
"""

from __future__ import annotations

from quantlat.reporting.caveats import with_caveats
from quantlat.reporting.collect import ReportData
from quantlat.reporting.tables import summary_markdown, summary_table
from quantlat.reporting.verdict import Outcome, Verdict, verdict
from quantlat.reporting.write import ReportPaths, read_report, rebuild, write_report

__all__ = [
    "Outcome",
    "ReportData",
    "ReportPaths",
    "Verdict",
    "read_report",
    "rebuild",
    "summary_markdown",
    "summary_table",
    "verdict",
    "with_caveats",
    "write_report",
]
