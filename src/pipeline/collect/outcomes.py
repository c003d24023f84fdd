"""The outcomes that an address can have in a run: exactly one each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Outcome = Literal[
    "read",
    "unchanged",
    "new",
    "same_content",
    "seen",
    "excluded",
    "led_out",
    "left_for_later",
    "forbidden",
    "host_left_alone",
    "bad_address",
    "other_type",
    "too_large",
    "unreadable",
    "failed_status",
    "redirect_loop",
    "broken_answer",
    "timed_out",
    "unreachable",
    "given_up",
]
OUTCOMES: Mapping[Outcome, str] = {
    "read": "a feed or sitemap was read",
    "unchanged": "a feed or sitemap is not modified",
    "new": "a page was saved with its sidecar",
    "same_content": "a page with exactly the bytes of a saved page of this publisher; not saved again",
    "seen": "a page finished before; not fetched again",
    "excluded": "a page that the source's include and exclude patterns leave out",
    "led_out": "redirected to a page that the patterns leave out",
    "left_for_later": "over the source's max_pages or the sitemaps of a run; the next run fetches it",
    "forbidden": "robots.txt forbids it",
    "host_left_alone": "its host had no readable robots.txt, failed too often or asked for a long pause; not fetched in this run",
    "bad_address": "not an http or https address",
    "other_type": "not an HTML page",
    "too_large": "larger than the limit; reading stopped there",
    "unreadable": "listed as a feed or sitemap, but is neither",
    "failed_status": "the server answered with an error",
    "redirect_loop": "too many redirects",
    "broken_answer": "the answer broke off, or cannot be decoded",
    "timed_out": "the answer took too long",
    "unreachable": "no connection",
    "given_up": "failed in so many runs that it is no longer tried",
}
# A page with one of these is never fetched again.
FINAL: frozenset[Outcome] = frozenset(
    {"new", "same_content", "seen", "led_out", "other_type", "too_large", "bad_address"}
)
# The page itself was not fetched, so these do not count as its failures.
UNTRIED: frozenset[Outcome] = frozenset({"left_for_later", "host_left_alone", "excluded"})


class FetchError(Exception):
    """An address that gave nothing to keep; the run continues with the others."""

    def __init__(
        self, outcome: Outcome, detail: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
        self.status = status  # of an error response
        self.retry_after = retry_after  # seconds, if the server gave them

    @property
    def is_passing(self) -> bool:
        """Whether a retry may help."""
        if self.status is not None:
            return self.status == 429 or self.status >= 500
        return self.outcome in ("unreachable", "broken_answer")
