"""Group tagged contents, cues and sources into utterances."""

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

# What a tag of each role may be linked to, by preference: its cue; without one its source; without both its first content.
LINK_ROLES: dict[Role, tuple[Role, ...]] = {
    "cue": ("cue",),
    "source": ("cue", "source"),
    "content": ("cue", "source", "content"),
}
# Content and attribution are seldom in different paragraphs. Each paragraph between them lowers the logarithm of the
# link's probability by this much. Chosen on PolNeAR dev.
COST_OF_A_PARAGRAPH = 2.0
# A source that breaks off inside a clause, and the rest of the clause: "Oduya, who | keeps the lock, said".
BROKEN_OFF = re.compile(r",\s(?:who|whose|which|\w+ing)$")
CLAUSE_END = re.compile(r"[^,.;:“”\"()\n]{1,80}(?=[,.;:\n]|\s[“\"(]|$)")
LEAST_PROBABILITY = 1e-4  # of a link between tags that no window contained together


@dataclass(frozen=True, slots=True)
class Utterance:
    """The tagged contents of one act of speaking, in reading order, with their attribution."""

    contents: tuple[Tag, ...]
    attribution: Attribution | None


def gather_utterances(tags: Tags, segments: Sequence[Segment], sentences: Sequence[Span]) -> list[Utterance]:
    """Return contents grouped with their cue and source, in reading order.

    Args:
        tags: from the tagger.
        segments: of the article.
        sentences: of the article.
    """
    starts = [segment.start_char for segment in segments]
    segment_numbers = [bisect_right(starts, tag.start) for tag in tags.spans]
    targets = [_best_target(tags, segment_numbers, number) for number in range(len(tags.spans))]
    groups: dict[int, list[int]] = defaultdict(list)
    for number in range(len(targets)):
        groups[_end_of_chain(targets, number)].append(number)
    with_content = {
        anchor: members
        for anchor, members in groups.items()
        if any(tags.spans[number].role == "content" for number in members)
    }
    without_content = {number for anchor, members in groups.items() if anchor not in with_content for number in members}
    utterances = [_utterance(tags, anchor, members, without_content) for anchor, members in with_content.items()]
    sources = [Span(tag.start, tag.end) for tag in tags.spans if tag.role == "source"]
    utterances = [_share_source(utterance, sources, sentences) for utterance in utterances]
    return sorted(utterances, key=lambda utterance: utterance.contents[0].start)


def complete_sources(text: str, tags: Tags) -> Tags:
    """Return the tags with sources that break off inside a clause extended to its end, or to the next tag."""
    limits = [following.start for following in tags.spans[1:]] + [len(text)]
    spans = []
    for tag, limit in zip(tags.spans, limits, strict=False):
        rest = None
        if tag.role == "source" and BROKEN_OFF.search(text, tag.start, tag.end):
            rest = CLAUSE_END.match(text, tag.end, limit)
        spans.append(tag._replace(end=tag.end + len(rest.group().rstrip())) if rest else tag)
    return replace(tags, spans=tuple(spans))


def _share_source(utterance: Utterance, sources: Sequence[Span], sentences: Sequence[Span]) -> Utterance:
    """Return the utterance; a cue without a source gets the one before it in its sentence.

    In `Oduya said “A”, adding that “B”` Oduya is the source of both cues.
    """
    attribution = utterance.attribution
    if attribution is None or attribution.cue is None or attribution.source is not None:
        return utterance
    start = attribution.cue.start
    sentence = sentences[max(bisect_right(sentences, start, key=lambda sentence: sentence.start) - 1, 0)]
    before = bisect_right(sources, start, key=lambda source: source.end) - 1
    if before < 0 or sources[before].start < sentence.start:
        return utterance
    return replace(utterance, attribution=replace(attribution, source=sources[before]))


def _best_target(tags: Tags, segment_numbers: Sequence[int], number: int) -> int:
    """Return the number of the tag that a tag is most likely linked to, possibly its own."""
    links, role = tags.links[number], tags.spans[number].role
    options = {other for other in links if tags.spans[other].role in LINK_ROLES[role]}
    if role in LINK_ROLES[role]:
        options.add(number)

    def score(other: int) -> tuple[float, int]:
        paragraphs = abs(segment_numbers[other] - segment_numbers[number])
        log_probability = math.log(links.get(other, 0.0) + LEAST_PROBABILITY)
        return log_probability - paragraphs * COST_OF_A_PARAGRAPH, -abs(number - other)

    return max(options, key=score, default=number)


def _end_of_chain(targets: Sequence[int], number: int) -> int:
    """Return the tag at the end of the chain of links from a tag; of tags linked in a circle, the first."""
    chain = [number]
    while targets[chain[-1]] not in chain:
        chain.append(targets[chain[-1]])
    return min(chain[chain.index(targets[chain[-1]]) :])


def _utterance(tags: Tags, anchor: int, members: Sequence[int], without_content: set[int]) -> Utterance:
    by_role: dict[Role, list[int]] = defaultdict(list)
    for number in members:
        by_role[tags.spans[number].role].append(number)
    cue_number = _likeliest(tags, anchor, by_role["cue"])
    cue = None if cue_number is None else tags.spans[cue_number]
    # "Oduya said after a meeting with Hazebroek": of two sources the one beside the cue.
    beside_cue = [number for number in by_role["source"] if cue and _is_beside(tags.spans[number], cue)]
    by_role["source"] = beside_cue or by_role["source"]
    source_number = _likeliest(tags, anchor, by_role["source"])
    source = None if source_number is None else tags.spans[source_number]
    # "to be agreed according to the new terms, Oduya said": a second cue inside the content is part of it.
    bridgeable = without_content | {number for number in by_role["cue"] if tags.spans[number] != cue}
    contents = tuple(_join_contents(tags, by_role["content"], bridgeable))
    if source is None and cue is None:
        return Utterance(contents, None)
    linked = by_role["content"] + by_role["source"]
    confidence = sum(_link_probability(tags, number, anchor) for number in linked) / len(linked)
    return Utterance(contents, Attribution(_span_of(source), _span_of(cue), confidence))


def _likeliest(tags: Tags, anchor: int, numbers: Sequence[int]) -> int | None:
    """Return the anchor of an utterance if it is among some tags, or else the tag most likely linked to it."""
    if anchor in numbers:
        return anchor
    return max(numbers, key=lambda number: _link_probability(tags, number, anchor), default=None)


def _link_probability(tags: Tags, number: int, anchor: int) -> float:
    return tags.links[number].get(anchor, 0.0)


def _is_beside(tag: Tag, other: Tag) -> bool:
    return tag.end + 1 == other.start or other.end + 1 == tag.start


def _span_of(tag: Tag | None) -> Span | None:
    return None if tag is None else Span(tag.start, tag.end)


def _join_contents(tags: Tags, numbers: Sequence[int], bridgeable: set[int]) -> Iterator[Tag]:
    """Yield contents; those separated only by a space or by bridgeable tags are joined."""
    first = numbers[0]
    for number, following in zip(numbers, [*numbers[1:], None], strict=True):
        chain = range(number, (following or number) + 1)
        is_joined = (
            following is not None
            and bridgeable.issuperset(chain[1:-1])
            and all(tags.spans[link + 1].start - tags.spans[link].end <= 1 for link in chain[:-1])
        )
        if not is_joined:
            yield tags.spans[first]._replace(end=tags.spans[number].end)
            first = following or number
