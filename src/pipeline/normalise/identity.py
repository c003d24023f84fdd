"""Who an article is: its address in one spelling, its publisher, its id."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from pipeline.contract import FieldSource, RawMetadata, RawRef, stable_id

# Parameters that tell where a reader came from, not what is read.
TRACKING = re.compile(
    r"(?i)^(?:utm_.*|fbclid|gclid|dclid|msclkid|mc_[ce]id|igshid|cmpid|ref|ref_src|referrer|source|src|smid|partner|module|pgtype|ocid|ito|ns_.*|at_.*|xtor)$"
)
DEFAULT_PORTS = {"http": 80, "https": 443}


def canonicalise_url(url: str) -> str | None:
    """An address in one spelling: https, without www, tracking, fragment and trailing slash.

    Returns:
        None where it is no address of a web page.
    """
    parts = _split(url)
    if parts is None:
        return None
    host = re.sub(r"^www\.", "", parts.hostname or "")
    try:
        port = parts.port
    except ValueError:
        return None
    if port and port != DEFAULT_PORTS.get(parts.scheme.lower()):
        host = f"{host}:{port}"
    named = parse_qsl(parts.query, keep_blank_values=True)  # "?1234" is a story's number
    query = urlencode(sorted((key, value) for key, value in named if not TRACKING.match(key)))
    page = f"#{parts.fragment}" if parts.fragment.startswith("!") else ""  # "#!/story" is a page of its own
    return f"https://{host}{parts.path.rstrip('/')}{'?' + query if query else ''}{page}"


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    return parts if parts.scheme.lower() in DEFAULT_PORTS and parts.hostname else None


def identify(ref: RawRef, canonical_url: str | None) -> str:
    """The article's id: of its address; without one, of where its record lies. Never of anything inferred."""
    return stable_id("url", canonical_url) if canonical_url else stable_id(ref.source, ref.raw_path, ref.raw_record)


def article_id_of(url: str) -> str | None:
    """The id of the article at an address; None where it is no address of a web page."""
    canonical_url = canonicalise_url(url)
    return stable_id("url", canonical_url) if canonical_url else None


def name_publisher(
    given: RawMetadata, default: str | None, canonical_url: str | None, source: str
) -> tuple[str, FieldSource]:
    """Who published it, and where that is known from."""
    if given.publisher:
        return given.publisher, given.sources["publisher"]
    if default:
        return default, "setting"
    if canonical_url:
        return urlsplit(canonical_url).hostname or source, "url"
    return source, "source"
