"""People's corrections of quotes: files in ``curated/corrections/`` that override the machine's rows."""

from pipeline.corrections.apply import Corrected, apply_corrections
from pipeline.corrections.correction_files import Correction, read_corrections
from pipeline.corrections.plan import QUOTE_SPAN, Plan, plan_corrections

__all__ = [
    "QUOTE_SPAN",
    "Corrected",
    "Correction",
    "Plan",
    "apply_corrections",
    "plan_corrections",
    "read_corrections",
]
