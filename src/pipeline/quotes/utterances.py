"""From tags to utterances: which contents, cue and source belong together."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.contract import Segment
from pipeline.language import Span
from pipeline.language.tagger import Role, Tag, Tags
from pipeline.quotes.quote_spans import Attribution

# What each role hangs on, by preference: its cue; where it has none, its source, else its first content.
MAY_HANG_ON: dict[Role, tuple[Role, ...]] = {
    "cue": ("cue",),
    "source": ("cue", "source"),
    "content": ("cue", "source", "content"),
}
# An attribution seldom stands in another paragraph than what it is of: how much likelier one there must be (e to this
# power), for each paragraph. Chosen on PolNeAR dev.
COST_OF_A_PARAGRAPH = 2.0
# A source that breaks off within a clause, and where the clause ends: "Oduya, who | keeps the lock, said".
BROKEN_OFF = re.compile(r",\s(?:who|whose|which|\w+ing)$")
CLAUSE_END = re.compile(r"[^,.;:“”\"()\n]{1,80}(?=[,.;:\n]|\s[“\"(]|$)")
LEAST = 1e-4  # what a link that was never seen counts


@dataclass(frozen=True, slots=True)
class Utterance:
    """What somebody says, as tagged: in one piece or several, in the order of the text."""

    contents: tuple[Tag, ...]
    attribution: Attribution | None


def gather_utterances(tags: Tags, segments: Sequence[Segment], sentences: Sequence[Span]) -> list[Utterance]:
    """Join contents with their cue and source, in the order of the text; what has no content is left out.

    Args:
        tags: as the tagger found them.
        segments: of the article.
        sentences: of the article.
    """
    starts = [segment.start_char for segment in segments]
    homes = [bisect_right(starts, tag.start) for tag in tags.spans]
    best = [_best(tags, homes, number) for number in range(len(tags.spans))]
    groups: dict[int, list[int]] = defaultdict(list)
    for number in range(len(best)):
        groups[_end_of_chain(best, number)].append(number)
    speaking = {
        anchor: members
        for anchor, members in groups.items()
        if any(tags.spans[number].role == "content" for number in members)
    }
    passed_over = {number for anchor, members in groups.items() if anchor not in speaking for number in members}
    found = [_utterance(tags, anchor, members, passed_over) for anchor, members in speaking.items()]
    sources = [Span(tag.start, tag.end) for tag in tags.spans if tag.role == "source"]
    found = [_with_shared_source(one, sources, sentences) for one in found]
    return sorted(found, key=lambda one: one.contents[0].start)


def complete_sources(text: str, tags: Tags) -> Tags:
    """The tags, with sources that break off within a clause going on to its end, or to what is tagged there."""
    ends = [following.start for following in tags.spans[1:]] + [len(text)]
    spans = []
    for tag, limit in zip(tags.spans, ends, strict=False):
        rest = None
        if tag.role == "source" and BROKEN_OFF.search(text, tag.start, tag.end):
            rest = CLAUSE_END.match(text, tag.end, limit)
        spans.append(tag._replace(end=tag.end + len(rest.group().rstrip())) if rest else tag)
    return replace(tags, spans=tuple(spans))


def _with_shared_source(one: Utterance, sources: Sequence[Span], sentences: Sequence[Span]) -> Utterance:
    """`Oduya said “A”, adding that “B”.` Who said A stands before the cue of B in the same sentence, and says B too."""
    said = one.attribution
    if said is None or said.cue is None or said.source is not None:
        return one
    sentence = sentences[max(bisect_right(sentences, said.cue.start, key=lambda span: span.start) - 1, 0)]
    before = bisect_right(sources, said.cue.start, key=lambda span: span.end) - 1
    if before < 0 or sources[before].start < sentence.start:
        return one
    return replace(one, attribution=replace(said, source=sources[before]))


def _best(tags: Tags, homes: Sequence[int], number: int) -> int:
    """The tag that another's attribution most likely hangs on."""
    links, role = tags.links[number], tags.spans[number].role
    options = {other for other in links if tags.spans[other].role in MAY_HANG_ON[role]}
    if role in MAY_HANG_ON[role]:
        options.add(number)

    def likely(other: int) -> tuple[float, int]:
        apart = abs(homes[other] - homes[number])
        return math.log(links.get(other, 0.0) + LEAST) - apart * COST_OF_A_PARAGRAPH, -abs(number - other)

    return max(options, key=likely, default=number)


def _end_of_chain(best: Sequence[int], number: int) -> int:
    seen = [number]
    while best[seen[-1]] not in seen:
        seen.append(best[seen[-1]])
    # Where two hang on each other, the first of them stands for both.
    return min(seen[seen.index(best[seen[-1]]) :])


def _utterance(tags: Tags, anchor: int, members: Sequence[int], passed_over: set[int]) -> Utterance:
    by_role: dict[Role, list[int]] = defaultdict(list)
    for number in members:
        by_role[tags.spans[number].role].append(number)

    def hold(number: int) -> float:
        return tags.links[number].get(anchor, 0.0)

    def pick(role: Role) -> int | None:
        numbers = by_role[role]
        return anchor if anchor in numbers else max(numbers, key=hold, default=None)

    cue_number = pick("cue")
    cue = tags.spans[cue_number] if cue_number is not None else None
    # "Oduya said after a meeting with Hazebroek": of two sources the one beside the cue.
    by_role["source"] = [at for at in by_role["source"] if cue and _is_beside(tags.spans[at], cue)] or by_role["source"]
    source_number = pick("source")
    source = tags.spans[source_number] if source_number is not None else None
    # "to be agreed according to the new terms, Oduya said": a second cue in what is said is part of it.
    passed_over = passed_over | {number for number in by_role["cue"] if tags.spans[number] != cue}
    contents = tuple(_joined(tags, by_role["content"], passed_over))
    if source is None and cue is None:
        return Utterance(contents, None)
    chances = [hold(number) for number in by_role["content"] + by_role["source"]]
    return Utterance(contents, Attribution(_place(source), _place(cue), sum(chances) / len(chances)))


def _is_beside(one: Tag, other: Tag) -> bool:
    return one.end + 1 == other.start or other.end + 1 == one.start


def _place(tag: Tag | None) -> Span | None:
    return None if tag is None else Span(tag.start, tag.end)


def _joined(tags: Tags, numbers: Sequence[int], passed_over: set[int]) -> Iterator[Tag]:
    """Contents, those as one that nothing but a space, or what was passed over, stands between."""
    first = numbers[0]
    for number, following in zip(numbers, [*numbers[1:], None], strict=True):
        chain = range(number, (following or number) + 1)
        goes_on = (
            following is not None
            and passed_over.issuperset(chain[1:-1])
            and all(tags.spans[at + 1].start - tags.spans[at].end <= 1 for at in chain[:-1])
        )
        if not goes_on:
            yield tags.spans[first]._replace(end=tags.spans[number].end)
            first = following or number
