"""What people look at after a run: a page a run, and one over all of them. No script, no remote file.

``counts`` adds up what a data set holds, ``trends`` what came in day by day, ``told`` says what was found and what to
do about it; ``run`` and ``index`` write the pages.
"""

from __future__ import annotations

from pipeline.report.counts import NOTHING, Publisher, Share, Totals, summarise, tally
from pipeline.report.index import write_index
from pipeline.report.run import Outcome, ReportData, write_report

__all__ = [
    "NOTHING",
    "Outcome",
    "Publisher",
    "ReportData",
    "Share",
    "Totals",
    "summarise",
    "tally",
    "write_index",
    "write_report",
]
