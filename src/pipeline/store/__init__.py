"""The only package that knows what a data set looks like on disk.

::

    curated/
      current -> versions/<run_id>       one link: switching it is the whole of publishing
      articles -> current/articles       … and so for each table
      versions/<run_id>/<table>/…        a complete, immutable data set; what did not change is hard-linked
      versions/<run_id>/state/<table>/…  what the next run needs to know of it
      corrections/                       what people have corrected, in files of theirs
      settings.toml                      what people have set of drift and alerts
      forgotten.jsonl                    the articles that are kept out
      reports/<run_id>.html
      reports/index.html                 all runs
      README.md                          the data dictionary
"""

from pipeline.store.maintenance import (
    Scrubber,
    find_version,
    list_versions,
    note_forgotten,
    note_scrubbed,
    own_bytes,
    published_at,
    remove_versions,
    repack,
    roll_back,
)
from pipeline.store.parts import Changes, Rows, WrittenPart, write_keyed, write_parts
from pipeline.store.queries import (
    ARTICLE_UPDATES,
    KEY,
    Held,
    attributions_of,
    count_older,
    find_held,
    find_paths,
    find_quote,
    find_records,
    find_run,
    last_run,
    last_run_of,
    raw_of,
    read_paths,
    read_signatures,
    refused_paths,
    refused_sources,
    source_at,
)
from pipeline.store.version import Version, current_version, month_of, open_version
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
    read_forgotten,
    report_path,
    schema_metadata,
    scratch,
    settings_file,
    writing,
)

__all__ = [
    "ARTICLE_UPDATES",
    "KEY",
    "README_TEXT",
    "Changes",
    "Held",
    "Rows",
    "Scrubber",
    "Version",
    "WrittenPart",
    "attributions_of",
    "building",
    "check_destination",
    "check_outside",
    "corrections_folder",
    "count_older",
    "current_version",
    "discard",
    "find_held",
    "find_paths",
    "find_quote",
    "find_records",
    "find_run",
    "find_version",
    "index_path",
    "last_run",
    "last_run_of",
    "latest_report",
    "list_reports",
    "list_versions",
    "month_of",
    "note_forgotten",
    "note_scrubbed",
    "open_version",
    "own_bytes",
    "prepared_report",
    "publish",
    "published_at",
    "raw_of",
    "read_forgotten",
    "read_paths",
    "read_signatures",
    "refused_paths",
    "refused_sources",
    "remove_versions",
    "repack",
    "report_path",
    "roll_back",
    "schema_metadata",
    "scratch",
    "settings_file",
    "source_at",
    "write_keyed",
    "write_parts",
    "writing",
]
