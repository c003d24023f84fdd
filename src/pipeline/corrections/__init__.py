"""What people have corrected: files under ``curated/corrections/`` that stand over what the program makes of a quote."""

from pipeline.corrections.apply import Corrected, apply_corrections
from pipeline.corrections.files import Correction, read_corrections
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
