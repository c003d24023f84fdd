"""From tags to utterances: which contents, cue and source belong together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from pipeline.language import Span
from pipeline.language.tagger import Role, Tag, Tags
from pipeline.quotes.said import Attribution

# What each role hangs on, by preference: its cue; where it has none, its source, else its first content.
MAY_HANG_ON: dict[Role, tuple[Role, ...]] = {
    "cue": ("cue",),
    "source": ("cue", "source"),
    "content": ("cue", "source", "content"),
}


@dataclass(frozen=True, slots=True)
class Utterance:
    """What somebody says, as tagged: in one piece or several, in the order of the text."""

    contents: tuple[Tag, ...]
    attribution: Attribution | None


def gather_utterances(tags: Tags) -> list[Utterance]:
    """Join contents with their cue and source, in the order of the text; what has no content is left out."""
    hangs_on = _anchors(tags)
    groups: dict[int, list[int]] = defaultdict(list)
    for number, anchor in enumerate(hangs_on):
        groups[anchor].append(number)
    found = [_utterance(tags, anchor, members) for anchor, members in groups.items()]
    return sorted((one for one in found if one.contents), key=lambda one: one.contents[0].start)


def _anchors(tags: Tags) -> list[int]:
    """For each tag the number of the one that its attribution hangs on, which hangs on itself."""
    best = [_best(tags, number) for number in range(len(tags.spans))]
    return [_end_of_chain(best, number) for number in range(len(best))]


def _best(tags: Tags, number: int) -> int:
    role = tags.spans[number].role
    options = [other for other, tag in enumerate(tags.spans) if tag.role in MAY_HANG_ON[role] and tags.links[number, other] > 0]
    if number not in options and role in MAY_HANG_ON[role]:
        options.append(number)
    return max(options, key=lambda other: (tags.links[number, other], -abs(number - other)), default=number)


def _end_of_chain(best: list[int], number: int) -> int:
    seen = [number]
    while best[seen[-1]] not in seen:
        seen.append(best[seen[-1]])
    # Where two hang on each other, the first of them stands for both.
    return min(seen[seen.index(best[seen[-1]]) :])


def _utterance(tags: Tags, anchor: int, members: list[int]) -> Utterance:
    by_role: dict[Role, list[int]] = defaultdict(list)
    for number in members:
        by_role[tags.spans[number].role].append(number)

    def pick(role: Role) -> Span | None:
        if not by_role[role]:
            return None
        chosen = anchor if anchor in by_role[role] else max(by_role[role], key=lambda one: (tags.links[one, anchor], -one))
        return Span(tags.spans[chosen].start, tags.spans[chosen].end)

    source, cue = pick("source"), pick("cue")
    contents = tuple(tags.spans[number] for number in by_role["content"])
    if source is None and cue is None:
        return Utterance(contents, None)
    chances = [tags.links[number, anchor] for number in by_role["content"] + by_role["source"]]
    return Utterance(contents, Attribution(source, cue, float(np.mean(chances))))
