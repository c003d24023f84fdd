"""What changed between two versions of a data set, and why: articles, quotes, and who speaks them."""

from pipeline.diff.changes import Change, Difference, Group
from pipeline.diff.compare import RUN_COLUMNS, PartKey, Side, compare
from pipeline.diff.describe import changes_as_html, describe_difference, summarise_changes, write_diff_html

__all__ = [
    "RUN_COLUMNS",
    "Change",
    "Difference",
    "Group",
    "PartKey",
    "Side",
    "changes_as_html",
    "compare",
    "describe_difference",
    "summarise_changes",
    "write_diff_html",
]
