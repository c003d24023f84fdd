"""Identify an article: its canonical address, its id, its publisher."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from pipeline.contract import FieldSource, RawMetadata, RawRef, stable_id
from pipeline.lexicon.words import read_alternatives

# Parameters that say where a reader came from, not which article it is.
TRACKING = re.compile(rf"(?i)^(?:{read_alternatives('tracking_parameters.txt')})$")
DEFAULT_PORTS = {"http": 80, "https": 443}


def canonicalise_url(url: str) -> str | None:
    """Return an address as https, without www, tracking, fragment and trailing slash; None if it is no web address."""
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
    parameters = parse_qsl(parts.query, keep_blank_values=True)  # "?1234" is the number of an article
    query = urlencode(sorted((key, value) for key, value in parameters if not TRACKING.match(key)))
    script_page = f"#{parts.fragment}" if parts.fragment.startswith("!") else ""  # "#!/story" is its own page
    return f"https://{host}{parts.path.rstrip('/')}{'?' + query if query else ''}{script_page}"


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    return parts if parts.scheme.lower() in DEFAULT_PORTS and parts.hostname else None


def identify(ref: RawRef, canonical_url: str | None) -> str:
    """Return the article's id: a hash of its address, or of the path of its record; never of anything inferred."""
    return stable_id("url", canonical_url) if canonical_url else stable_id(ref.source, ref.raw_path, ref.raw_record)


def article_id_of(url: str) -> str | None:
    """Return the id of the article at an address; None if it is no web address."""
    canonical_url = canonicalise_url(url)
    return stable_id("url", canonical_url) if canonical_url else None


def name_publisher(
    given: RawMetadata, default: str | None, canonical_url: str | None, source: str
) -> tuple[str, FieldSource]:
    """Return the publisher's name, and where it is from."""
    if given.publisher:
        return given.publisher, given.sources["publisher"]
    if default:
        return default, "setting"
    if canonical_url:
        return urlsplit(canonical_url).hostname or source, "url"
    return source, "source"
