"""The only package that knows what a data set looks like on disk.

::

    curated/
      current -> versions/<run_id>       publishing is to switch this link
      articles -> current/articles       and so for each table
      versions/<run_id>/<table>/…        a complete, immutable data set; unchanged files are hard links
      versions/<run_id>/state/<table>/…  what the next run needs
      corrections/                       people's files of corrections
      settings.toml                      people's settings of drift and alerts
      forgotten.jsonl                    the articles that must not return
      reports/<run_id>.html
      reports/index.html                 the list of all runs
      README.md                          the data dictionary
"""

from pipeline.store.forgotten import Scrubber, note_forgotten, note_scrubbed, read_forgotten
from pipeline.store.maintenance import remove_versions, repack, roll_back
from pipeline.store.part_files import month_of
from pipeline.store.parts import Changes, Rows, WrittenPart, write_keyed, write_parts
from pipeline.store.version import (
    RECORD_KEY,
    PublishedArticle,
    Version,
    current_version,
    find_version,
    list_versions,
    open_version,
)
from pipeline.store.versions_on_disk import (
    README_TEXT,
    building,
    check_destination,
    check_outside,
    corrections_folder,
    discard,
    index_path,
    latest_report,
    list_reports,
    prepared_report,
    publish,
    report_path,
    schema_metadata,
    scratch,
    settings_file,
    writing,
)

__all__ = [
    "README_TEXT",
    "RECORD_KEY",
    "Changes",
    "PublishedArticle",
    "Rows",
    "Scrubber",
    "Version",
    "WrittenPart",
    "building",
    "check_destination",
    "check_outside",
    "corrections_folder",
    "current_version",
    "discard",
    "find_version",
    "index_path",
    "latest_report",
    "list_reports",
    "list_versions",
    "month_of",
    "note_forgotten",
    "note_scrubbed",
    "open_version",
    "prepared_report",
    "publish",
    "read_forgotten",
    "remove_versions",
    "repack",
    "report_path",
    "roll_back",
    "schema_metadata",
    "scratch",
    "settings_file",
    "write_keyed",
    "write_parts",
    "writing",
]
