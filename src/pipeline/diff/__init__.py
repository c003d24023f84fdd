"""What changed between two versions of a data set, and why: articles, quotes, and speakers."""

from pipeline.diff.changes import Change, Difference, Group
from pipeline.diff.compare import compare
from pipeline.diff.describe import changes_as_html, describe_difference, summarise_changes, write_diff_html

__all__ = [
    "Change",
    "Difference",
    "Group",
    "changes_as_html",
    "compare",
    "describe_difference",
    "summarise_changes",
    "write_diff_html",
]
