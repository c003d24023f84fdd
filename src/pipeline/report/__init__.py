"""Write the pages that people read after a run: one per run, and one over all runs. No scripts, no remote files.

``counts`` counts a data set, ``trends`` plots its last days, ``advice`` explains failed rules; ``run`` and ``index``
write the pages.
"""

from __future__ import annotations

from pipeline.report.counts import NOTHING, Share, Totals, summarise, tally
from pipeline.report.index_page import write_index
from pipeline.report.run_page import ReportData, RunOutcome, write_report

__all__ = [
    "NOTHING",
    "ReportData",
    "RunOutcome",
    "Share",
    "Totals",
    "summarise",
    "tally",
    "write_index",
    "write_report",
]
