"""Read what a page says about its article outside the text: address, headline, authors, dates, with their sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urljoin, urlsplit

from dateutil import parser as dateutil_parser
from lxml import etree

from pipeline.contract import FieldSource, RawMetadata
from pipeline.lexicon.words import read_lines
from pipeline.read.html.authors import clean_authors
from pipeline.read.html.body import collapse_spaces, folded_words
from pipeline.read.html.json_ld import text_of
from pipeline.read.html.page import Page
from pipeline.read.html.printed_bylines import LONGEST_BYLINE, find_bylines


def _tag_names(section: str) -> list[str]:
    return [name for line in read_lines("meta_tags.txt", section) for name in line.split()]


PUBLISHED = _tag_names("published")
MODIFIED = _tag_names("modified")
HEADLINE = _tag_names("headline")
STANDFIRST = _tag_names("standfirst")
SECTION = _tag_names("section")
SITE_NAME, *PUBLISHER = _tag_names("publisher")
LANGUAGE = _tag_names("language")
ADDRESS = _tag_names("address")

ELEMENTS_WITH_ITEMPROP = etree.XPath("descendant::*/@itemprop[contains(., $name)]/..")
CANONICAL_LINKS = etree.XPath(
    "//link[contains(concat(' ', translate(@rel, 'CANOIL', 'canoil'), ' '), ' canonical ')]/@href"
)
PUBLICATION_TIMES = etree.XPath(
    "//time[@pubdate or contains(@class, 'publish') or contains(@class, 'entry-date')]/@datetime"
)
ARTICLE_TIMES = etree.XPath("//article//time/@datetime[not(ancestor::aside)]")
# Between a headline and the site's name in a title: "The headline | The Post", "The headline - City - The Post".
SITE_BREAK = re.compile(r"\s+[|–—·•«»:\-]+\s+|\s*[|»]\s*|:\s+")
YEAR = re.compile(r"\b(?:19[5-9]\d|20\d\d)\b")
LONGEST_DATE = 60  # characters
# "December 3, 2016", "3rd Dec 2016", "2016-12-03" in the lines below a headline.
MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
PRINTED_DATE = re.compile(
    rf"\b(?:{MONTH}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+20\d\d|\d{{1,2}}(?:st|nd|rd|th)?\s+{MONTH}\.?,?\s+20\d\d|20\d\d-\d\d-\d\d)\b"
)
LINES_BELOW_HEADLINE = 30
LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z]{4})?(?:[-_](?:[A-Za-z]{2}|\d{3}))?")

Candidate = tuple[FieldSource, str | None]  # a value that a page gives for a field, and where
Found = tuple[str | None, FieldSource | None]


def read_metadata(page: Page, given: RawMetadata) -> RawMetadata:
    """Return the metadata of a page's article; ``given`` takes precedence.

    Args:
        page: the page, before it is prepared for extracting the body.
        given: from a sidecar or a record.
    """
    url: Found = (given.url, None) if given.url else _first(_addresses(page))
    publisher = _first(_publishers(page))
    found = {
        "url": url,
        "publisher": publisher,
        "headline": _find_headline(page, given.publisher or publisher[0]),
        "standfirst": _first(_standfirsts(page)),
        "published_at": _first(_declared_dates(page, PUBLISHED, "datePublished")),
        "modified_at": _first(_declared_dates(page, MODIFIED, "dateModified")),
        "language": _first(_languages(page)),
        "section": _first(_sections(page)),
    }
    if not (given.published_at or found["published_at"][0]):
        found["published_at"] = _first(_visible_dates(page, url[0]))
    metadata = RawMetadata()
    for name, (value, source) in found.items():
        if source:
            metadata = metadata.over(RawMetadata.of(source, **{name: value}))
    return given.over(_with_authors(metadata, page, given))


def _with_authors(metadata: RawMetadata, page: Page, given: RawMetadata) -> RawMetadata:
    """Return the metadata with the authors of the first byline that names persons."""
    others = (
        metadata.publisher,
        metadata.section,
        given.publisher,
        text_of(page.article.get("publisher")),
        page.tag(["copyright"]),
    )
    for source, printed in find_bylines(page):
        if names := clean_authors(printed, filter(None, others)):
            return metadata.over(RawMetadata.of(source, authors=names))
    return metadata


def _first(candidates: Iterable[Candidate]) -> Found:
    """Return the first value that is not empty, and its source."""
    return next(((value, source) for source, value in candidates if value), (None, None))


def _sections(page: Page) -> Iterator[Candidate]:
    yield "json_ld", text_of(page.article.get("articleSection"))
    yield "meta", page.tag(SECTION)


def _addresses(page: Page) -> Iterator[Candidate]:
    """Yield the addresses that the page gives for itself."""
    base = page.tag(ADDRESS) or next(iter(page.root.xpath("//base/@href")), "")
    for canonical in CANONICAL_LINKS(page.root):
        yield "link", _as_address(canonical, base)
    yield "meta", _as_address(page.tag(ADDRESS), base)
    main = page.article.get("mainEntityOfPage")
    yield "json_ld", _as_address(main.get("@id") if isinstance(main, dict) else main, base)
    yield "json_ld", _as_address(page.article.get("url"), base)


def _as_address(address: object, base: str) -> str | None:
    """Return an address in full; None if it is invalid or only a site's home page."""
    if not isinstance(address, str) or not address.strip():
        return None
    try:
        absolute = urljoin(base, address.strip())
        parts = urlsplit(absolute)
        is_web_page = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return None
    return absolute if is_web_page and (parts.path.strip("/") or parts.query) else None


def _publishers(page: Page) -> Iterator[Candidate]:
    yield "meta", page.tag([SITE_NAME])
    publishers = page.graph.follow(page.article.get("publisher"))
    yield "json_ld", next((text for item in publishers if (text := text_of(item))), None)
    name = page.tag(PUBLISHER)
    yield "meta", None if name and name.startswith(("http", "www.")) else name


def _find_headline(page: Page, publisher: str | None) -> Found:
    """Return the headline as the page prints it if an <h1> resembles the declared one; else the declared headline.

    Declared headlines are often written for search and sharing: "Clever nursery ideas" for "20 ideas for a small nursery".
    """
    declared: list[Candidate] = [
        ("json_ld", text_of(page.article.get("headline"))),
        ("meta", page.tag(HEADLINE)),
        ("json_ld", text_of(page.article.get("name"))),
        ("html", page.text_at("//title")),
    ]
    known = [folded_words(text) for _, text in declared if text]
    printed = [text for h1 in page.root.iter("h1") if (text := collapse_spaces(h1.text_content()))]
    for text in printed:
        words = folded_words(text)
        if len(words) > 1 and any(_agree(words, other) for other in known):
            return text, "html"
    if len(set(printed)) == 1 and (not known or _resembles(folded_words(printed[0]), known)):
        return printed[0], "html"
    value, source = _first(declared)
    return (_remove_site_name(value, publisher, page), source) if value else (None, None)


def _agree(printed: list[str], declared: list[str]) -> bool:
    """Return whether two headlines are equal, or one begins with the other ("… | The Post")."""
    shorter = min(len(printed), len(declared))
    is_beginning = printed[:shorter] == declared[:shorter] and 2 < shorter >= len(printed) / 2
    return is_beginning or printed == declared


def _resembles(printed: list[str], known: list[list[str]]) -> bool:
    """Return whether a line is long enough for a headline and shares a long word with a declared one."""
    long_words = {word for word in printed if len(word) > 4}
    return len(printed) > 3 and any(long_words & set(words) for words in known)


def _remove_site_name(title: str, publisher: str | None, page: Page) -> str:
    """Return a title without the site's name at its start or end."""
    host = urlsplit(page.tag(ADDRESS) or "").hostname or ""
    host_without_www = host.removeprefix("www.")
    site_names = {
        "".join(folded_words(name))
        for name in (publisher, host, host_without_www, host_without_www.split(".")[0])
        if name
    }
    parts = SITE_BREAK.split(title)
    breaks = [match.group() for match in SITE_BREAK.finditer(title)]
    while len(parts) > 1 and "".join(folded_words(parts[-1])) in site_names:
        parts.pop()
        breaks.pop()
    if len(parts) > 1 and "".join(folded_words(parts[0])) in site_names:
        parts.pop(0)
        breaks.pop(0)
    return parts[0] + "".join(gap + part for gap, part in zip(breaks, parts[1:], strict=False))


def _standfirsts(page: Page) -> Iterator[Candidate]:
    yield "json_ld", text_of(page.article.get("description"))
    yield "meta", page.tag(STANDFIRST)


def _declared_dates(page: Page, names: Sequence[str], key: str) -> Iterator[Candidate]:
    """Yield the dates that the page declares; values such as "{{date}}" or "0000-00-00" become None.

    Args:
        page: the page.
        names: of <meta> tags.
        key: in JSON-LD and microdata.
    """
    yield "json_ld", _as_date(text_of(page.article.get(key)))
    for name in names:
        for text in page.tags.get(name, ()):
            yield "meta", _as_date(text)
    yield "json_ld", _as_date(text_of(page.about.get(key)))
    for element in ELEMENTS_WITH_ITEMPROP(page.root, name=key):
        for text in (element.get("datetime"), element.get("content"), element.get("value"), element.text_content()):
            yield "time", _as_date(text)
    if key == "datePublished":
        for time in PUBLICATION_TIMES(page.root):
            yield "time", _as_date(time)
        times = ARTICLE_TIMES(page.root)
        yield "time", _as_date(times[0]) if len(set(times)) == 1 else None


def _visible_dates(page: Page, url: str | None) -> Iterator[Candidate]:
    """Yield dates that the page shows but does not declare.

    htmldate's extensive search is off: it takes 60 ms a page, and two of seven dates are wrong.
    """
    from htmldate import find_date  # late: slow to import, and only pages need it

    yield "htmldate", find_date(page.root, original_date=True, extensive_search=False, url=url)
    headline = next(page.root.iter("h1"), None)
    if headline is None:
        return
    for line in headline.xpath(f"following::text()[normalize-space()][position() <= {LINES_BELOW_HEADLINE}]"):
        if len(line) <= LONGEST_BYLINE and (match := PRINTED_DATE.search(line)) and _as_date(match.group()):
            yield "html", dateutil_parser.parse(match.group()).date().isoformat()


def _as_date(text: str | None) -> str | None:
    """Return a text if it is a date."""
    if not text or len(text) > LONGEST_DATE or not YEAR.search(text):
        return None
    try:
        dateutil_parser.parse(text, ignoretz=True)
    except (ValueError, OverflowError):
        return None
    return text.strip()


def _languages(page: Page) -> Iterator[Candidate]:
    yield "html", _as_language(page.root.get("lang") or page.root.get("{http://www.w3.org/XML/1998/namespace}lang"))
    yield "json_ld", _as_language(text_of(page.article.get("inLanguage")))
    yield "meta", _as_language(page.tag(LANGUAGE))


def _as_language(tag: str | None) -> str | None:
    return tag.strip() if tag and LOCALE.fullmatch(tag.strip()) else None
