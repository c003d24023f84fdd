"""What can become of an address in a run: exactly one of these, for each."""

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
    "read": "a feed or sitemap, read",
    "unchanged": "a feed or sitemap that the server says is as it was",
    "new": "a page, written with its sidecar",
    "same_content": "a page whose very bytes this publisher's folder holds already: not written again",
    "seen": "a page dealt with before: not fetched again",
    "excluded": "a page that the source's include and exclude patterns leave out",
    "led_out": "redirected to a page that the patterns leave out",
    "left_for_later": "above the source's max_pages, or the most sitemaps of a run: the next run takes it",
    "forbidden": "robots.txt forbids it",
    "host_left_alone": "its host answered no robots.txt, failed too often or asked for quiet: not asked in this run",
    "bad_address": "no address that can be fetched over http or https",
    "other_type": "no HTML page",
    "too_large": "larger than what is taken; no more than that was held",
    "unreadable": "no feed or no sitemap, though it was named as one",
    "failed_status": "the server answered with an error",
    "redirect_loop": "too many redirects",
    "broken_answer": "the answer broke off, or cannot be decoded",
    "timed_out": "the answer took too long",
    "unreachable": "no connection",
    "given_up": "failed in so many runs that it is not tried any more",
}
# A page that ended so is never asked for again.
FINAL: frozenset[Outcome] = frozenset(
    {"new", "same_content", "seen", "led_out", "other_type", "too_large", "bad_address"}
)
# The page itself was not asked for, so this is no failure of its own.
UNTRIED: frozenset[Outcome] = frozenset({"left_for_later", "host_left_alone", "excluded"})


class FetchError(Exception):
    """An address that gave nothing to keep; one of many, and the run goes on."""

    def __init__(
        self, outcome: Outcome, detail: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
        self.status = status  # of an answer that was an error
        self.retry_after = retry_after  # seconds, where the server named them

    @property
    def is_passing(self) -> bool:
        """Whether asking again soon may help."""
        if self.status is not None:
            return self.status == 429 or self.status >= 500
        return self.outcome in ("unreachable", "broken_answer")
