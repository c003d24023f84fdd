"""Where records of one shape may hold what, best first. Records of one file mostly share their shape."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

from pipeline.read.fields.known_fields import CONTENT, TABLE, TEASER, fold
from pipeline.read.fields.readers import READERS, ValueReader
from pipeline.read.fields.values import Json, Steps, parse_path
from pipeline.read.records import Options, RawRecord

# Objects within a record whose fields are as good as its own: Elasticsearch, LangChain, and many others.
NESTS = ("_source", "article", "metadata", "meta")
LARGE_RECORD = 100_000  # bytes; its keys may be many or long, and are not kept
# The keys of a record and of the objects nested in it that count as its own, each with the way there.
Shape = tuple[tuple[tuple[str, ...], Steps], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Paths of a shape's fields, those of one field in the order in which they are tried."""

    content: tuple[tuple[str, Steps], ...]  # each with its field, which says how to read it
    teaser: tuple[Steps, ...]
    authors: tuple[Steps, ...]
    metadata: tuple[tuple[str, ValueReader, tuple[Steps, ...]], ...]


def plan_for(record: RawRecord, values: Mapping[str, Json], options: Options) -> Plan:
    """The plan for a record, ``values`` once it is parsed."""
    shape: Shape = ((tuple(values), ()),)
    for nest in NESTS:
        inner = values.get(nest)
        if isinstance(inner, dict):
            shape += ((tuple(inner), (nest,)),)
    make = _kept_plan if len(record.data) <= LARGE_RECORD else _make_plan
    return make(shape, tuple(options.fields.items()))


def has_content(keys: Collection[str], options: Options) -> bool:
    """Whether a record with these keys has a place for an article, or for what stands for one."""
    plan = _make_plan(((tuple(keys), ()),), tuple(options.fields.items()))
    return bool(plan.content or plan.teaser)


def _make_plan(shape: Shape, chosen: tuple[tuple[str, str], ...]) -> Plan:
    ranked: dict[str, list[tuple[int, int, Steps]]] = {}
    for depth, (keys, way) in enumerate(shape):
        for key in keys:
            for row in TABLE.get(fold(key), ()):
                ranked.setdefault(row.field, []).append((depth, row.rank, (*way, key, *row.inside)))
    paths = {
        field: tuple(path for _, _, path in sorted(found, key=itemgetter(0, 1))) for field, found in ranked.items()
    }
    if any(field in CONTENT for field, _ in chosen):  # what the user names decides alone
        paths = {field: found for field, found in paths.items() if field not in (*CONTENT, TEASER)}
    for field, path in chosen:
        paths[field] = ((path,) if path in shape[0][0] else parse_path(path),)
    return Plan(
        content=tuple((field, path) for field in CONTENT for path in paths.get(field, ())),
        teaser=paths.get(TEASER, ()),
        authors=paths.get("authors", ()),
        metadata=tuple((field, read, paths[field]) for field, read in READERS.items() if field in paths),
    )


_kept_plan = lru_cache(maxsize=64)(_make_plan)
