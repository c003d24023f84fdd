"""Find raw files, frame them into records, and read records as articles. No other code knows their formats."""

from pipeline.read.fields import FIELDS, parse_path
from pipeline.read.files import Fingerprint, RawFile, find_files, fingerprint, is_unicode, locate
from pipeline.read.formats import frame_file, read_record
from pipeline.read.records import BEGIN, Bookmark, Options, RawRecord
from pipeline.read.remote import is_remote

__all__ = [
    "BEGIN",
    "FIELDS",
    "Bookmark",
    "Fingerprint",
    "Options",
    "RawFile",
    "RawRecord",
    "find_files",
    "fingerprint",
    "frame_file",
    "is_remote",
    "is_unicode",
    "locate",
    "parse_path",
    "read_record",
]
