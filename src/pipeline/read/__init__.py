"""Raw bytes → RawArticle: the only code that knows what lies in raw/."""

from pipeline.read.fields import FIELDS, parse_path
from pipeline.read.files import RawFile, find_files, fingerprint, locate
from pipeline.read.formats import frame_file, read_record
from pipeline.read.records import Options, RawRecord

__all__ = [
    "FIELDS",
    "Options",
    "RawFile",
    "RawRecord",
    "find_files",
    "fingerprint",
    "frame_file",
    "locate",
    "parse_path",
    "read_record",
]
