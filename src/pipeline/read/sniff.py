"""Recognise the kind of a file by its first bytes, whatever its name is."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Literal

FileKind = Literal[
    "gzip",
    "bzip2",
    "xz",
    "zstd",
    "zip",
    "tar",
    "archive",
    "warc",
    "html",
    "mhtml",
    "feed",
    "sitemap",
    "newsml",
    "xml",
    "json",
    "jsonl",
    "rtf",
    "pdf",
    "postscript",
    "word",
    "office",
    "epub",
    "image",
    "media",
    "parquet",
    "table",
    "executable",
]
DESCRIPTIONS: Mapping[FileKind, str] = {
    "gzip": "a gzip file",
    "bzip2": "a bzip2 file",
    "xz": "an xz file",
    "zstd": "a zstd file",
    "zip": "a ZIP archive",
    "tar": "a tar archive",
    "archive": "an archive of a kind that is not read (7z, RAR, cabinet, lz4 or compress)",
    "warc": "a WARC file",
    "html": "an HTML page",
    "mhtml": "a page saved with its parts (MHTML)",
    "feed": "a feed (RSS or Atom)",
    "sitemap": "a sitemap",
    "newsml": "a NewsML or NITF document",
    "xml": "an XML document",
    "json": "JSON",
    "jsonl": "JSON lines",
    "rtf": "an RTF document",
    "pdf": "a PDF document",
    "postscript": "a PostScript document",
    "word": "a Word document",
    "office": "an office document",
    "epub": "an EPUB book",
    "image": "an image",
    "media": "a sound or film file",
    "parquet": "a Parquet file",
    "table": "a database or table file that is not read (SQLite, Arrow, Avro, HDF5)",
    "executable": "a program",
}
# The first bytes of each format, from its specification or, marked "file(1)", from the magic numbers of that tool. The
# first match counts, so a document in a ZIP comes before the ZIP itself. A short signature that a text could begin with
# ("BM", "MZ") includes the NUL bytes after it.
SIGNATURES: tuple[tuple[FileKind, bytes], ...] = (
    ("gzip", rb"\x1f\x8b\x08"),  # RFC 1952; 8 is deflate, the only method there is
    ("bzip2", rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)"),  # a block, or the end of an empty file
    ("xz", rb"\xfd7zXZ\x00"),
    ("zstd", rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),  # RFC 8878: a frame, or one to skip
    ("word", rb"PK\x03\x04.{26}word/(?:document|styles|settings|_rels)"),
    ("word", rb"PK\x03\x04.{26}(?:\[Content_Types\]\.xml|_rels/\.rels|docProps/).*?word/"),  # ECMA-376
    ("office", rb"PK\x03\x04.{26}(?:\[Content_Types\]\.xml|_rels/\.rels|docProps/)"),
    ("word", rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument\.text"),
    ("office", rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis"),
    ("epub", rb"PK\x03\x04.{26}mimetypeapplication/epub"),
    ("zip", rb"PK(?:\x03\x04|\x05\x06|\x07\x08)"),  # a member, the end of an empty one, a part of a split one
    ("tar", rb".{257}ustar"),  # POSIX.1-1988 and GNU; older ones have no signature
    ("archive", rb"7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|MSCF\x00{4}|\x04\x22\x4d\x18|\x1f\x9d"),
    ("warc", rb"WARC/[01]\."),
    ("rtf", rb"\s*\{\\rtf"),
    ("pdf", rb"\s*%PDF-"),
    ("postscript", rb"%!PS-"),
    ("word", rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1|\xffWPC"),  # OLE2, as Word wrote until 2007; WordPerfect
    ("image", rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF.{4}WEBP|II\*\x00|MM\x00\*|8BPS\x00\x01"),
    ("image", rb"BM.{4}\x00{4}|\x00\x00\x01\x00.\x00|.{4}ftyp(?:heic|heix|mif1|avif)"),
    ("media", rb".{4}ftyp|ID3[\x02-\x04]|\xff[\xfb\xf3\xf2]|OggS\x00|fLaC\x00|RIFF.{4}(?:WAVE|AVI )|\x1aE\xdf\xa3"),
    ("parquet", rb"PAR1"),
    ("table", rb"SQLite format 3\x00|ARROW1\x00|Obj\x01|\x89HDF\r\n"),
    (
        "executable",
        rb"\x7fELF|MZ.{0,30}\x00|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe\x00",
    ),  # file(1)
    ("mhtml", rb"(?i)(?:[a-z-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*content-type:\s*multipart/related"),  # RFC 2557
    ("jsonl", rb"\s*\{\s*\"[^\n]*\}[ \t]*\r?\n\s*\{\s*\""),
    ("json", rb"\s*(?:\[\s*)?\{\s*(?:\"|\})|\s*\[\s*\]\s*$"),
)
PATTERNS = tuple((kind, re.compile(pattern, re.DOTALL)) for kind, pattern in SIGNATURES)

# Everything before the root element of an XML or HTML document; possessive, so that no input makes it slow.
PROLOG = re.compile(rb"(?>\s|<\?.*?\?>|<!--.*?-->|<!doctype[^>\[]*+(?>\[.*?\]\s*)?>)*+", re.DOTALL | re.IGNORECASE)
HTML_DOCTYPE = re.compile(rb"<!doctype\s+html", re.IGNORECASE)
ROOT = re.compile(rb"<(?:[a-z][\w.-]*:)?([a-z][\w.-]*)(?=[\s/>])", re.IGNORECASE)
# The kind of a file by its root element. A part of a page without <html> counts as a page.
ROOTS: Mapping[str, FileKind] = {
    **dict.fromkeys(("rss", "feed"), "feed"),
    **dict.fromkeys(("urlset", "sitemapindex"), "sitemap"),
    **dict.fromkeys(("nitf", "newsml", "newsmessage", "newsitem", "packageitem"), "newsml"),
    **dict.fromkeys(("html", "head", "body", "title", "meta", "link", "script", "style"), "html"),
    **dict.fromkeys(("article", "main", "section", "header", "div", "table", "p", "h1", "h2", "h3"), "html"),
    "svg": "image",
}
RSS_1 = b"purl.org/rss/1.0"  # RSS 1.0 is RDF; not all RDF is a feed


def recognise(head: bytes) -> FileKind | None:
    """Return the kind of a file by its first bytes; None if they could be plain text, or anything else.

    Args:
        head: the first 4,096 bytes, or fewer of a shorter file; a tar is recognised only from 262 bytes on.
    """
    for kind, pattern in PATTERNS:
        if pattern.match(head):
            return kind
    return _recognise_markup(_as_utf8(head))


def describe_kind(kind: FileKind) -> str:
    """Return a kind in words for a person, such as "a PDF document"."""
    return DESCRIPTIONS[kind]


def _as_utf8(head: bytes) -> bytes:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", "ignore").encode("utf-8", "ignore")
    return head.removeprefix(codecs.BOM_UTF8)


def _recognise_markup(head: bytes) -> FileKind | None:
    prolog = head[: PROLOG.match(head).end()]  # type: ignore[union-attr]  # it matches at least nothing
    if HTML_DOCTYPE.search(prolog):
        return "html"
    root = ROOT.match(head, len(prolog))
    name = root[1].decode("ascii").lower() if root else ""
    if name == "rdf" and RSS_1 in head:
        return "feed"
    return ROOTS.get(name) or ("xml" if prolog.lstrip().startswith(b"<?xml") else None)
