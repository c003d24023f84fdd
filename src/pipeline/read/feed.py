"""Saved feeds: RSS 0.9 to 2.0, RDF, Atom and JSON Feed.

An entry becomes a small JSON object under the names that ``read_fields`` knows; its ``raw_sha256`` is that object's, so
that it changes when the entry does and not when its neighbours do.

A feed is written anew with every article, and entries move down in it: ``raw_record`` is a hash of what the entry calls
itself (its guid or id, else its link, else its content), and never its position. Entries that call themselves the same
are counted (``…-2``).

feedparser's sanitising is off, as it unwraps elements that mean something (``<mark>``, ``<summary>``) and takes four
fifths of the time; the reader of HTML takes out what is no text. Its dates are not used either: it takes a time without
a zone for UTC, and so too a zone whose name it does not know. They are passed on as printed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from io import BytesIO
from typing import Any, BinaryIO
from urllib.parse import urljoin

import orjson

from pipeline.contract import QualityFlag, RawRef, stable_id
from pipeline.limits import TooSlowError, time_limit
from pipeline.read.records import BadStreamError, Framed, RawRecord, read_whole, record_ref, reject

PARSE_SECONDS = 60  # a feed of 45 MB takes half of it
MAX_FEED_BYTES = 50_000_000  # a feed has some 10 to 500 entries; the longest, whole archives of podcasts, some 20 MB
# From so many characters on, a description is the article itself: with paragraphs, or without. Feeds that carry a
# summary print one or two sentences of it, or the first 55 words (WordPress).
LONG_WITH_PARAGRAPHS, LONG = 900, 1_800
ROOT = re.compile(r"<(?![?!])([^\s/>]+)")
CLOSED = re.compile(r"</(?:[\w.-]+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
ENTRY_TAG = re.compile(r"<(/?)(?:[\w.-]+:)?(?:item|entry)\b[^<>]*>", re.IGNORECASE)
PARAGRAPH = re.compile(r"</p>|</div>|</li>|</h[1-6]>|(?:<br\s*/?>\s*){2}|\n\s*\n", re.IGNORECASE)
# The last line of an entry, plain or with links, as WordPress puts it there: "The post Ferries appeared first on Post."
APPEARED_FIRST = re.compile(
    r"(?:<p\b[^<>]*>\s*)?\bThe post\b((?:(?!</p>|\n\s*\n).){1,1000}?)\b(?:appeared first|first appeared) on\b"
    r"(?:(?!</p>\s*\S|\n\s*\n).){1,500}\Z",
    re.DOTALL,
)
LONGEST_END = 2_000  # characters in which that line stands, or the link to the rest
READ_ON = (
    r"(?:read (?:more|on|full \w+|the (?:full|rest)\b.{0,40})|continue reading\b.{0,200}"
    r"|weiterlesen|mehr lesen|lire la suite|leer más|seguir leyendo|leia mais|continua a leggere)"
)
CUT = re.compile(rf"(?:…|\.\.\.|(?:\A|[.!?…:\]\n])\s*{READ_ON})[\s.»→›>\])]*\Z", re.IGNORECASE)
# A text's last link, where it leads to the rest of it: no word of the article.
LINK_TO_REST = re.compile(
    rf"[\[(]?<a\b[^<>]*>(?:\s|<[^<>]*>)*{READ_ON}(?:[\s.»→›>\])]|&(?:\w+|#\d+);|<[^<>]*>)*\Z", re.IGNORECASE
)
TAG = re.compile(r"<[a-z/!][^<>]*>", re.IGNORECASE)
WORD = re.compile(r"\w+")
ADDRESS = re.compile(r"[^\s()<>]+@[^\s()<>]+")
Entry = Mapping[str, Any]


def frame_feed(ref: RawRef, stream: BinaryIO) -> Iterator[Framed]:
    """Part an RSS, RDF or Atom feed into its entries.

    An entry that carries no more than a summary has the flag ``feed_teaser``. A feed that is not as XML has to be is read
    leniently, with a note; where it was cut, its last entry is refused.

    Raises:
        BadStreamError: if it is too large, no feed, or cut.
    """
    raw = _read(stream)
    feed = _parse(raw)
    error, entries = feed.get("bozo_exception"), feed["entries"]
    text = raw.decode(feed.get("encoding") or "utf-8", "replace") if error or not entries else ""
    if not feed.get("version") and not entries:
        raise BadStreamError("unknown_format", _describe_other(text))
    notes = (f"the feed is not as XML has to be ({error}) and was read leniently",) if error else ()
    is_cut = bool(error) and not CLOSED.search(text)
    last_tag = next(reversed([tag[1] for tag in ENTRY_TAG.finditer(text)]), "/") if is_cut else "/"
    whole = entries if last_tag == "/" else entries[:-1]
    yield from _frame_entries(ref, (_read_entry(dict(entry), feed) for entry in whole), notes)
    if is_cut:
        raise BadStreamError("truncated", f"the feed ends before its root element does ({error}): fetch it again")
    if not entries:
        raise BadStreamError("no_article", "the feed holds no entries: remove it")


def frame_json_feed(ref: RawRef, stream: BinaryIO) -> Iterator[Framed]:
    """Part a JSON Feed, of version 1 or 1.1, into its items.

    Raises:
        BadStreamError: if it is too large, no JSON, or no feed.
    """
    try:
        feed = orjson.loads(_read(stream))
    except orjson.JSONDecodeError as error:
        reason = "nested_too_deep" if "depth limit" in error.msg else "broken_record"
        raise BadStreamError(reason, f"the feed is no JSON: {error}; fetch it again") from error
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise BadStreamError("unknown_format", "it holds no list 'items', as a JSON Feed does: name it for what it is")
    yield from _frame_entries(ref, (_read_item(item, feed) for item in items), ())
    if not items:
        raise BadStreamError("no_article", "the feed holds no items: remove it")


def _read(stream: BinaryIO) -> bytes:
    try:
        return read_whole(stream, MAX_FEED_BYTES)
    except BadStreamError as error:
        if error.reason != "too_large":
            raise
        detail = f"more than {MAX_FEED_BYTES:,} bytes, the most that a feed may have: split it"
        raise BadStreamError("too_large", detail) from error


def _parse(raw: bytes) -> Entry:
    import feedparser  # late: a run without feeds need not wait for it

    try:
        with time_limit(PARSE_SECONDS):
            parsed: Entry = feedparser.parse(BytesIO(raw), sanitize_html=False, resolve_relative_uris=False)
    except TooSlowError as error:
        detail = f"parsing the feed took more than {PARSE_SECONDS} s, where tens of milliseconds are usual; look at it"
        raise BadStreamError("too_slow", detail) from error
    except (ValueError, LookupError, OverflowError, AssertionError, RecursionError) as error:
        raise BadStreamError("broken_record", f"the feed cannot be parsed ({error!r}): fetch it again") from error
    return parsed


def _describe_other(text: str) -> str:
    root = ROOT.search(text)
    found = f"its first element is <{root[1]}>" if root else "it holds no element"
    what = {"urlset": ": a sitemap, which names pages and holds none", "sitemapindex": ": a list of sitemaps"}
    return f"{found}{what.get(root[1], '') if root else ''}; expected <rss>, <rdf:RDF> or <feed>, or a page as HTML"


# ── Entries ────────────────────────────────────────────────────────────────────────────────────────────────────


def _frame_entries(ref: RawRef, entries: Iterable[Entry], notes: tuple[str, ...]) -> Iterator[Framed]:
    """Each entry as a record; ``entries`` are objects as ``_read_entry`` makes them."""
    seen: Counter[str] = Counter()
    for entry in entries:
        fields = {name: value for name, value in entry.items() if value}
        is_teaser = fields.pop("is_teaser", False)
        name = fields.pop("id", None) or fields.get("url")
        data = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
        key = stable_id(name or data)
        seen[key] += 1
        place_ref = record_ref(ref, key if seen[key] == 1 else f"{key}-{seen[key]}", data)
        if not (fields.get("content_html") or fields.get("text")):
            title = fields.get("title", "without a title")
            yield reject(place_ref, "no_text", f"the entry {title!r} carries no text: fetch the page that it links to")
            continue
        flags: tuple[QualityFlag, ...] = ("feed_teaser",) if is_teaser else ()
        yield RawRecord(place_ref, "json", data, "feed", notes=notes, flags=flags)


def _read_entry(entry: Entry, parsed: Entry) -> dict[str, Any]:
    """An entry of a feed, both as feedparser gives them (its own kind of dict gives one date for another)."""
    feed, is_rss = parsed["feed"], parsed["version"].startswith("rss")
    contents = [part for part in entry.get("content", ()) if (part.get("value") or "").strip()]
    content = max(contents, key=lambda part: len(part["value"]), default=None)
    carried = content or entry.get("summary_detail") or {}
    title = _as_plain(entry.get("title_detail") or {})
    value = _without_credit((carried.get("value") or "").strip(), title)
    is_html = carried.get("type") != "text/plain"
    link = entry.get("feedburner_origlink") or entry.get("link") or ""
    tags = [tag.get("term") for tag in entry.get("tags", ())]
    published, updated = entry.get("published"), entry.get("updated")
    if is_rss and not published:
        published, updated = updated, None  # its dc:date, which feedparser takes for Atom's date of the last change
    return {
        "id": entry.get("id"),
        "url": _absolute(feed.get("link", "") if entry.get("links") else "", link),  # else it is the guid
        "title": title,
        "content_html" if is_html else "text": _without_link(value) if is_html else value,
        "authors": _names(entry),
        "published": published,
        "updated": updated,
        "publisher": (entry.get("source") or {}).get("title") or _as_plain(feed.get("title_detail") or {}),
        "language": carried.get("language") or feed.get("language"),
        "section": tags[0] if len(tags) == 1 else None,  # several are keywords
        "is_teaser": _is_teaser(value, is_description=content is None),
    }


def _read_item(item: Any, feed: Entry) -> dict[str, Any]:
    """An item of a JSON Feed; one that is no object has no text either."""
    if not isinstance(item, dict):
        return {"title": repr(item)[:100]}
    title = _text(item.get("title"))
    page, plain, summary = (
        _without_credit(_text(item.get(name)), title) for name in ("content_html", "content_text", "summary")
    )
    tags = item.get("tags")
    return {
        "id": str(item["id"]) if item.get("id") else None,
        "url": _text(item.get("url")) or _text(item.get("external_url")),
        "title": title,
        "content_html": _without_link(page),
        "text": "" if page else plain or summary,
        "authors": _people(item) or _people(feed),
        "published": _text(item.get("date_published")),
        "updated": _text(item.get("date_modified")),
        "publisher": _text(feed.get("title")),
        "language": _text(item.get("language")) or _text(feed.get("language")),
        "section": _text(tags[0]) if isinstance(tags, list) and len(tags) == 1 else None,
        "is_teaser": _is_teaser(page or plain or summary, is_description=not (page or plain)),
    }


def _people(holder: Entry) -> list[str]:
    """Names of authors: in version 1 there is one."""
    authors = holder.get("authors") or [holder.get("author")]
    people = authors if isinstance(authors, list) else []
    return list(filter(None, (_text(author.get("name")) for author in people if isinstance(author, dict))))


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _as_plain(detail: Entry) -> str:
    """A title without markup."""
    value = str(detail.get("value") or "")
    return (value if detail.get("type") == "text/plain" else unescape(TAG.sub("", value))).strip()


def _absolute(base: str, link: str) -> str | None:
    """An address; None where it is none, such as a guid that is not marked as such."""
    try:
        url = urljoin(base, link)
    except ValueError:  # a bracket where a host should be
        return None
    return url if url.startswith(("https://", "http://")) else None


def _names(entry: Entry) -> list[str]:
    """Names of authors, without the addresses that RSS prints beside them: ``desk@post.example (Mara Oduya)``.

    feedparser parts the two itself, and wrongly where an address ends in more than four letters.
    """
    authors = entry.get("authors", ())
    if len(authors) == 1 and authors[0].get("email"):
        names = [entry.get("author", "")]
    else:
        names = [author.get("name") or "" for author in authors]
    return list(filter(None, (ADDRESS.sub("", name).strip(" ()<>") for name in names)))


def _without_credit(value: str, title: str) -> str:
    """A text without the line below it that only says where the entry of this title appeared first.

    The title decides: "The post office first appeared on maps in 1820." may be an article's last sentence.
    """
    found = _at_end(APPEARED_FIRST, value)
    is_credit = found and WORD.findall(unescape(TAG.sub(" ", found[1]))) == WORD.findall(title)
    return value[: found.start()].rstrip() if found and is_credit else value


def _without_link(value: str) -> str:
    """A text without the words of the link that ends it, where that leads to the rest."""
    found = _at_end(LINK_TO_REST, value)
    return value[: found.start()].rstrip() if found else value


def _at_end(pattern: re.Pattern[str], value: str) -> re.Match[str] | None:
    return pattern.search(value, max(0, len(value) - LONGEST_END))


def _is_teaser(value: str, *, is_description: bool) -> bool:
    """Whether a text is only the beginning or a summary of an article.

    What a feed calls content is one if it says that it goes on elsewhere; a description also if it is short.
    """
    credit = _at_end(APPEARED_FIRST, value)
    plain = unescape(TAG.sub(" ", value[: credit.start()] if credit else value)).strip()
    is_cut = CUT.search(plain[-300:]) is not None
    if is_cut or not is_description:
        return is_cut
    paragraphs = sum(bool(part.strip()) for part in PARAGRAPH.split(value))
    return len(plain) < (LONG_WITH_PARAGRAPHS if paragraphs > 1 else LONG)
