"""A record with named fields, such as a JSON line or a table's row, read by an explicit table of names."""

from __future__ import annotations

import html
import re
from ast import literal_eval
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson

from pipeline.contract import QualityFlag, RawArticle, RawBlock, RawMetadata, Reject, SegmentKind
from pipeline.read.html import read_fragment, read_html
from pipeline.read.html.authors import clean_authors
from pipeline.read.records import Options, RawRecord, refuse

Json = Any  # what orjson gives: None, a bool, a number, a text, a list or an object of these
Steps = tuple[str | int, ...]

CONTENT = ("text", "fragment", "html")  # where the article itself is looked for, in this order
# Objects within a record whose fields are as good as its own: Elasticsearch, LangChain, and many others.
NESTS = ("_source", "article", "metadata", "meta")
NOTHING = frozenset({"", "none", "null", "nan", "nat", "n/a", "na", "undefined"})  # as programs print a missing value
LONGEST_NOTHING = max(map(len, NOTHING))
LARGE_RECORD = 100_000  # bytes; its keys may be many or long, and are not kept
SHOWN_KEYS = 30
MAX_AUTHORS, MAX_AUTHORS_CHARACTERS = 40, 1_000  # no byline is longer
# Digits of a time since 1970, from 1973 on, and how many of its units are a second.
SINCE_1970 = {9: 1, 10: 1, 12: 1e3, 13: 1e3, 15: 1e6, 16: 1e6, 18: 1e9, 19: 1e9}
# The documents of multi_news are several articles each, parted so.
BETWEEN_ARTICLES = "|||||"
# NewsAPI cuts an article's content after 200 characters and says by how many.
CUT_SHORT = re.compile(r"(?:…|\.\.\.)?\s*\[\+\d+ chars\]\s*$")
BLOCKS = re.compile(r"(?i)</(?:p|div|li|ul|ol|h[1-6]|blockquote|article|section|body)>|<br\s*/?>")
INLINE = re.compile(r"(?i)</(?:a|span|em|strong|b|i)>")
PAGE = re.compile(r"(?i)\A\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html)\b", re.DOTALL)
CHARACTER_REFERENCE = re.compile(r"&(?:[a-zA-Z][a-zA-Z0-9]{1,30}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
ADDRESS_WITH_PATH = re.compile(r"(?i)https?://[^/\s]+/[^\s]+")
SITE = re.compile(r"(?i)(?:https?:)?//([^/\s:?#@]+)(?::\d+)?/?")
PATH_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
WHOLE_PATH = re.compile(r"[^.\[\]]+(?:\[\d+\])*(?:\.[^.\[\]]+(?:\[\d+\])*)*")


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the table: ``inside`` leads from the value of the key on to the value meant."""

    field: str
    rank: int
    inside: tuple[str, ...]


def _fold(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def _read_table() -> dict[str, list[_Row]]:
    """The table by folded key; a dotted name also by the whole of it, as the header of a flat table spells it."""
    table: dict[str, list[_Row]] = {}
    lines = Path(__file__).with_name("fields.tsv").read_text("utf-8").splitlines()
    for rank, line in enumerate(line for line in lines if not line.startswith("#")):
        field, name, _dialect = line.split("\t")
        key, *inside = name.split(".")
        table.setdefault(_fold(key), []).append(_Row(field, rank, tuple(inside)))
        if inside:
            table.setdefault(_fold(name), []).append(_Row(field, rank, ()))
    return table


TABLE = _read_table()
FIELDS = frozenset(row.field for rows in TABLE.values() for row in rows)  # what ``--fields`` may name


def names_content(key: str) -> bool:
    """Whether the article itself may stand under a key."""
    return any(row.field in CONTENT for row in TABLE.get(_fold(key), ()))


def has_content(keys: Collection[str], options: Options) -> bool:
    """Whether a record with these keys has a place for an article, or for what stands for one."""
    plan = _make_plan(((tuple(keys), ()),), tuple(options.fields.items()))
    return bool(plan.content or plan.teaser)


def parse_path(path: str) -> Steps:
    """``a.b[0].c`` as steps.

    Raises:
        ValueError: if it is no such path.
    """
    if not WHOLE_PATH.fullmatch(path):
        raise ValueError(f"{path!r} is no path of a field; write it like text, article.body or pages[0].text")
    return tuple(int(step[1]) if step[1] else step[2] for step in PATH_STEP.finditer(path))


# ── Where a record holds what ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where records of one shape may hold what, best first. Records of one file mostly share their shape."""

    content: tuple[tuple[str, Steps], ...]
    teaser: tuple[Steps, ...]
    metadata: tuple[tuple[str, Callable[[Json], str | None], tuple[Steps, ...]], ...]
    authors: tuple[Steps, ...]


# The keys of a record and of the objects nested in it that count as its own, each with the way there.
Shape = tuple[tuple[tuple[str, ...], Steps], ...]


def _plan_for(record: RawRecord, values: Mapping[str, Json], options: Options) -> _Plan:
    shape: Shape = ((tuple(values), ()),)
    for nest in NESTS:
        inner = values.get(nest)
        if isinstance(inner, dict):
            shape += ((tuple(inner), (nest,)),)
    make = _kept_plan if len(record.data) <= LARGE_RECORD else _make_plan
    return make(shape, tuple(options.fields.items()))


def _make_plan(shape: Shape, chosen: tuple[tuple[str, str], ...]) -> _Plan:
    ranked: dict[str, list[tuple[int, int, Steps]]] = {}
    for depth, (keys, way) in enumerate(shape):
        for key in keys:
            for row in TABLE.get(_fold(key), ()):
                ranked.setdefault(row.field, []).append((depth, row.rank, (*way, key, *row.inside)))
    paths = {
        field: tuple(path for _, _, path in sorted(found, key=itemgetter(0, 1))) for field, found in ranked.items()
    }
    if any(field in CONTENT for field, _ in chosen):  # what the user names decides alone
        paths = {field: found for field, found in paths.items() if field not in (*CONTENT, "teaser")}
    for field, path in chosen:
        paths[field] = ((path,) if path in shape[0][0] else parse_path(path),)
    return _Plan(
        tuple((field, path) for field in CONTENT for path in paths.get(field, ())),
        paths.get("teaser", ()),
        tuple((field, read, paths[field]) for field, read in READERS.items() if field in paths),
        paths.get("authors", ()),
    )


_kept_plan = lru_cache(maxsize=64)(_make_plan)


def _find(values: Mapping[str, Json], path: Steps) -> Json:
    """The value at the end of a path; None where there is none."""
    value: Json = values
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


# ── Reading ────────────────────────────────────────────────────────────────────────────────────────────────────


def read_fields(record: RawRecord, options: Options) -> RawArticle | Reject:
    """Read a record whose fields hold an article."""
    values = _parse(record)
    if isinstance(values, Reject):
        return values
    plan = _plan_for(record, values, options)
    content = _find_content(record, plan, values)
    if isinstance(content, Reject):
        return content
    given, notes = _read_metadata(plan, values, content)
    if record.given.sources:
        given = record.given.over(given)
    if content.markup:
        return _read_markup(record, content, given, notes, options)
    return RawArticle(
        record.ref,
        record.input_format,
        "utf-8",
        content.text,
        None,
        given,
        content.blocks,
        record.notes + notes,
        record.flags + content.flags,
    )


def _read_markup(
    record: RawRecord, content: _Content, given: RawMetadata, notes: tuple[str, ...], options: Options
) -> RawArticle | Reject:
    """Read the page in a field; what the record says goes before what the page says."""
    page = replace(
        record,
        data=content.text.encode(),
        charset="utf-8",
        given=given,
        notes=record.notes + notes,
        flags=record.flags + content.flags,
    )
    if content.markup == "html":
        return read_html(replace(page, kind="html"), options)
    return read_fragment(page, options)


def _parse(record: RawRecord) -> dict[str, Json] | Reject:
    try:
        values = orjson.loads(record.data)
    except orjson.JSONDecodeError as error:
        if "depth limit" in error.msg or "ecursion" in error.msg:
            detail = "brackets within brackets, a thousand deep or more, which no article has; remove the record"
            return refuse(record.ref, "nested_too_deep", detail)
        return _refuse_broken(record, error)
    if not isinstance(values, dict):
        hint = "write one object a record; if the file is one array, name it .json"
        detail = f"it is {_kind(values)} where an object with an article's fields was expected; {hint}"
        return refuse(record.ref, "broken_record", detail)
    return values


def _refuse_broken(record: RawRecord, error: orjson.JSONDecodeError) -> Reject:
    try:
        text = record.data.decode()
    except UnicodeDecodeError as wrong:
        detail = f"byte 0x{record.data[wrong.start]:02x} at {wrong.start:,} is not UTF-8, as JSON is; save it as UTF-8"
        return refuse(record.ref, "undecodable", detail)
    hint = "mend it"
    if text.rstrip().endswith(",") or text.strip() in ("[", "]"):
        hint = "if the file is one array, name it .json"
    elif text.startswith(("NaN", "Infinity", "-Infinity"), error.pos):
        hint = "write null for a missing value"
    near = text[max(0, error.pos - 10) : error.pos + 20]
    detail = f"it is no JSON: {error.msg} at character {error.pos + 1:,}, near {near!r}; {hint}"
    return refuse(record.ref, "broken_record", detail)


def _kind(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"


# ── The article itself ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Content:
    """What holds an article: a text, or markup that is yet to be read."""

    text: str
    markup: str = ""  # "html" for a page, "fragment" for a piece of one, "" for a plain text
    blocks: tuple[RawBlock, ...] = ()
    flags: tuple[QualityFlag, ...] = ()


def _find_content(record: RawRecord, plan: _Plan, values: Mapping[str, Json]) -> _Content | Reject:
    unfit = None
    for field, path in plan.content:
        value = _find(values, path)
        if value is None:
            continue
        text, blocks = _as_text(value)
        if text is None:
            if path != ("article",) or not isinstance(value, dict):  # which may be an object that holds all
                unfit = unfit or _describe_unfit(path, value)
        elif path[-1] == "document" and BETWEEN_ARTICLES in text:
            detail = f"'document' holds several articles, parted by {BETWEEN_ARTICLES!r}; split the record"
            return refuse(record.ref, "broken_record", detail)
        elif not _is_nothing(text):
            return _as_content(field, text, blocks)
    if unfit:
        return refuse(record.ref, "broken_record", unfit)
    return _find_teaser(plan, values) or refuse(record.ref, "no_text", _describe_textless(plan, values))


def _as_text(value: Json) -> tuple[str | None, tuple[RawBlock, ...]]:
    """The text that a value holds, with its parts where it marks any; None where it is of another kind."""
    if isinstance(value, str):
        return value, ()
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "\n\n".join(value), ()
    if isinstance(value, dict) and isinstance(value.get("sections"), list):
        return _join_sections(value)
    return None, ()


def _join_sections(body: Mapping[str, Json]) -> tuple[str | None, tuple[RawBlock, ...]]:
    """The text of a body as Fundus writes it: a summary, and sections of headline and paragraphs."""
    kinds: list[tuple[SegmentKind, Json]] = [("standfirst", body.get("summary"))]
    for section in body["sections"]:
        if isinstance(section, dict):
            kinds += [("subhead", section.get("headline")), ("paragraph", section.get("paragraphs"))]
    text, blocks = "", []
    for kind, parts in kinds:
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, str) and part.strip():
                text += "\n\n" if text else ""
                blocks.append(RawBlock(kind, len(text), len(text) + len(part)))
                text += part
    return text, tuple(blocks)


def _as_content(field: str, text: str, blocks: tuple[RawBlock, ...]) -> _Content:
    if field == "html" or ("<" in text and PAGE.match(text)):
        return _Content(text, "html")
    if field == "fragment" or ("<" in text and BLOCKS.search(text)):
        return _Content(text, "fragment")
    if "<" in text and INLINE.search(text):  # only lines part its paragraphs
        return _Content("".join(f"<p>{line}</p>" for line in text.splitlines()), "fragment")
    if blocks:
        return _Content(text, "", blocks)
    cut = CUT_SHORT.search(text, max(0, len(text) - 30)) if text.endswith("chars]") else None
    if cut:
        return _Content(_decode_references(text[: cut.start()]), flags=("feed_teaser",))
    return _Content(_decode_references(text))


def _decode_references(text: str) -> str:
    """``&quot;`` and the like as characters; only where a semicolon ends them: a URL may hold ``&copy=2``."""
    if "&" not in text:
        return text
    return CHARACTER_REFERENCE.sub(lambda found: html.unescape(found[0]), text)


def _find_teaser(plan: _Plan, values: Mapping[str, Json]) -> _Content | None:
    """What stands for the text in a record that has no place for one.

    Where there is such a place and it is empty, extraction failed, and a description is not the article.
    """
    if plan.content:
        return None
    for path in plan.teaser:
        value = _find(values, path)
        if isinstance(value, str) and not _is_nothing(value):
            return replace(_as_content("teaser", value, ()), flags=("feed_teaser",))
    return None


def _describe_unfit(path: Steps, value: Json) -> str:
    return (
        f"{_name(path)!r} is {_kind(value)} where text was expected; name the field that holds it: --fields text=NAME"
    )


def _describe_textless(plan: _Plan, values: Mapping[str, Json]) -> str:
    tried = ", ".join(_name(path) for _, path in plan.content)
    found = f"nothing stands under {tried}" if tried else "no field is known to hold a text"
    seen = ", ".join(key[:40] for key in islice(values, SHOWN_KEYS)) + (" …" if len(values) > SHOWN_KEYS else "")
    return (
        f"{found}; the record's fields are: {seen or 'none'}; name the one that holds it: --fields text=NAME (or html=)"
    )


def _name(path: Steps) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


# ── What is said of it ─────────────────────────────────────────────────────────────────────────────────────────


def _read_metadata(plan: _Plan, values: Mapping[str, Json], content: _Content) -> tuple[RawMetadata, tuple[str, ...]]:
    given: dict[str, Any] = {}
    notes: tuple[str, ...] = ()
    for field, read, paths in plan.metadata:
        unfit = None
        for path in paths:
            value = _find(values, path)
            if value is None:
                continue
            found = read(value)
            if found:
                given[field] = found
                break
            if found is None:
                unfit = unfit or f"{_name(path)!r} is {_kind(value)}, which is no {field}, and was left out"
        else:
            notes += (unfit,) if unfit else ()
    if "standfirst" in given and _repeats(given["standfirst"], content):
        del given["standfirst"]
    others = (given.get("publisher", ""), given.get("section", ""))
    for path in plan.authors:
        if names := _names(_printed(_find(values, path)), others):
            given["authors"] = names
            break
    return RawMetadata(**given, sources=dict.fromkeys(given, "record")), notes


def _is_nothing(text: str) -> bool:
    """Whether a text is blank, or a missing value as programs print it."""
    text = text.strip()
    return len(text) <= LONGEST_NOTHING and text.lower() in NOTHING


def _read_text(value: Json) -> str | None:
    """A short text; empty where it says nothing, None where it is none."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        return "" if _is_nothing(value) else _decode_references(value.strip())
    return None


def _read_address(value: Json) -> str | None:
    """An article's address. One without a path is a site's: by it, a whole dump would be one article."""
    if isinstance(value, str):
        address = value.strip()
        return address if ADDRESS_WITH_PATH.fullmatch(address) else ""
    return "" if isinstance(value, dict) else None  # an object is a source or a page that has a name


def _read_publisher(value: Json) -> str | None:
    """A publisher's name, or its host where a site's address stands for it; an article's address names none."""
    name = _read_text(value.get("name", "") if isinstance(value, dict) else value)
    if not name or "//" not in name:
        return name
    host = SITE.fullmatch(name)
    return host[1].lower() if host else ""


def _read_date(value: Json) -> str | None:
    """A date as given; a number or a compact stamp in ISO 8601."""
    if isinstance(value, int | float):
        return None if isinstance(value, bool) else _read_digits(str(int(value)))
    text = _read_text(value)
    return _read_digits(text) if text and text.isascii() and text.isdigit() else text


def _read_digits(digits: str) -> str | None:
    """A year, a day, a stamp such as 20240507083000, or the time since 1970 in seconds or parts of them.

    A stamp tells no zone, and none is added.
    """
    if len(digits) in (4, 8, 14) and digits[:2] in ("16", "17", "18", "19", "20"):
        day = "-".join(filter(None, (digits[:4], digits[4:6], digits[6:8])))
        return f"{day}T{digits[8:10]}:{digits[10:12]}:{digits[12:]}" if len(digits) == 14 else day
    if len(digits) in SINCE_1970 and digits.isdigit():
        return datetime.fromtimestamp(int(digits) / SINCE_1970[len(digits)], UTC).isoformat()
    return None


READERS: Mapping[str, Callable[[Json], str | None]] = {
    "url": _read_address,
    "publisher": _read_publisher,
    "headline": _read_text,
    "standfirst": _read_text,
    "published_at": _read_date,
    "modified_at": _read_date,
    "fetched_at": _read_date,
    "language": _read_text,
    "section": _read_text,
}


def _repeats(standfirst: str, content: _Content) -> bool:
    """Whether a description says but what the text begins with, or is cut short: it is no line of the page's own."""
    return standfirst.endswith(("…", "...")) or content.text.find(standfirst[:40], 0, 1_000) >= 0


def _printed(value: Json) -> tuple[str, ...]:
    """What stands for authors: a text, an object with a name, or a list of these."""
    found = value[:MAX_AUTHORS] if isinstance(value, list) else [value]
    names = [one.get("name") if isinstance(one, dict) else one for one in found]
    return tuple([name for name in names if isinstance(name, str)])


@lru_cache(maxsize=4096)
def _names(printed: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """The persons among what is printed for authors, which may be a list as Python prints it: ``['Mara Oduya']``."""
    names: list[str] = []
    for text in printed:
        if len(text) > MAX_AUTHORS_CHARACTERS:
            continue
        try:
            listed = literal_eval(text) if text.startswith("[") else text
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        names += _printed(listed)
    return clean_authors(names, others)
