"""Read RTF documents with striprtf, after removing what it does not handle."""

from __future__ import annotations

import codecs
import re

from striprtf.striprtf import rtf_to_text

from pipeline.contract import RawArticle, Reject
from pipeline.read.records import Options, RawRecord, reject

# A document's signature and the control words before its first group, among them character set and code page.
HEADER = re.compile(r"\{\\rtf\d*(?P<header>(?:\\[a-z]+-?\d*\s*)*)")
CODE_PAGE = re.compile(r"\\ansicpg(\d+)")
CHARACTER_SET = re.compile(r"\\(mac|pca?)(?![a-z])")
CODECS = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}  # RTF 1.9.1, "Character Set"; without one, cp1252
HIGH = re.compile(r"[\x80-\xff]")  # bytes that a writer should have escaped

TOKEN = re.compile(
    r"\\bin(?P<count>\d{1,10}) ?"
    r"|\\(?P<word>[a-z]+)(?P<number>-?\d+)? ?"
    r"|(?P<brace>[{}])"
    r"|(?P<star>\\\*)"
    r"|(?P<text>\\'[0-9a-f]{2}|\\[^a-z]|[^\\{}]+)",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
HIDDEN = frozenset(("v", "deleted"))  # switches, off with a 0: hidden text, and text deleted by a revision
HIDDEN_GROUPS = frozenset(("pict", "fldinst"))  # a picture's bytes, a field's instruction such as a link's address
TEXT_WORDS = frozenset("par line tab u emdash endash emspace enspace bullet lquote rquote ldblquote rdblquote".split())
# Replacements for what striprtf would show differently from a reader, or search too long for.
INSTEAD = {
    **dict.fromkeys(("\\\r", "\\\n"), "\\par "),
    **dict.fromkeys(("cell", "nestcell"), "\\tab "),
    **dict.fromkeys(HIDDEN_GROUPS, "\\*"),
}
MAX_SHOWN_CHARS = 4_000_000  # striprtf reads some two million letters a second


def read_rtf(record: RawRecord, _options: Options) -> RawArticle | Reject:
    """Read an RTF document's text as a reader sees it: without hidden text, pictures, notes or link addresses.

    Title and author in its properties are ignored, because they often belong to the template or the machine.
    """
    source = record.data.decode("latin-1").lstrip()  # one letter per byte
    header = HEADER.match(source)
    if not header:
        detail = "it does not begin like an RTF document ({\\rtf1 …); save it again as RTF or text"
        return reject(record.ref, "broken_record", detail)
    shown = _shown(source)
    if shown is None:
        return reject(
            record.ref, "broken_record", "the RTF document is cut short: a group is not closed; fetch it again"
        )
    if len(shown) > MAX_SHOWN_CHARS:
        detail = (
            f"the RTF document shows some {len(shown):,} letters, over {MAX_SHOWN_CHARS:,}: split it, one article each"
        )
        return reject(record.ref, "too_large", detail)
    encoding = _codec(header["header"])
    try:
        as_written: str = rtf_to_text(shown, encoding)  # type: ignore[no-untyped-call]
        text = as_written.encode("utf-16", "surrogatepass").decode(
            "utf-16"
        )  # striprtf returns surrogate pairs in halves
    except (UnicodeError, LookupError) as error:
        return reject(
            record.ref, "undecodable", f"the RTF document's characters are not {encoding}: {error}; save it again"
        )
    except (ValueError, TypeError, OverflowError) as error:
        return reject(record.ref, "broken_record", f"the RTF document is damaged: {error}; save it again")
    if not text.strip():
        return reject(record.ref, "empty", "the RTF document has no text; put the article in it or remove it")
    return RawArticle(
        ref=record.ref,
        input_format=record.input_format,
        encoding=encoding,
        text=text,
        metadata=record.given,
        notes=record.notes,
        flags=record.flags,
    )


def _codec(header: str) -> str:
    """Return the codec of a document's escaped bytes, unless its fonts name another."""
    page, character_set = CODE_PAGE.search(header), CHARACTER_SET.search(header)
    if not page:
        return CODECS[character_set[1]] if character_set else "cp1252"
    try:
        return codecs.lookup(f"cp{page[1]}").name
    except LookupError:
        return "utf-8"  # as striprtf does; other bytes than ASCII are then likely rejected


def _shown(source: str) -> str | None:
    """Return the document without invisible parts; None if it is cut short.

    Invisible are hidden and deleted text, groups that a reader may ignore, the instructions of fields, and binary data.
    """
    kept: list[str] = []
    outer: list[bool] = []  # for each open group, whether the text around it is hidden
    is_hidden, position = False, 0
    while token := TOKEN.match(source, position):
        position = token.end() + int(token["count"] or 0)
        word = token["word"] or ""
        if token["brace"] == "{":
            outer.append(is_hidden)
        elif token["brace"]:
            is_hidden = outer.pop()
        elif word in HIDDEN:
            is_hidden = token["number"] != "0"
        elif word in HIDDEN_GROUPS or token["star"]:
            is_hidden = True
        elif word == "plain":
            is_hidden = False
        if token["count"] is None and not (is_hidden and (token["text"] or word in TEXT_WORDS)):
            kept.append(INSTEAD.get(word or token[0], token[0]))
        if not outer:
            return HIGH.sub(lambda byte: f"\\'{ord(byte[0]):02x}", "".join(kept))
    return None
