"""Raw bytes → RawArticle: the only code that knows what lies in raw/."""

from pipeline.read.files import RawFile, find_files, fingerprint, read_file

__all__ = ["RawFile", "find_files", "fingerprint", "read_file"]
