"""Find the paths to an article's fields in a record, best first; records of one file mostly have the same keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

from pipeline.read.fields.known_fields import CONTENT, KNOWN_FIELDS, TEASER, fold_name
from pipeline.read.fields.value_readers import READERS, ValueReader
from pipeline.read.fields.values import FieldPath, Json, parse_path
from pipeline.read.records import Options, RawRecord

# Nested objects whose fields count as the record's own: Elasticsearch, LangChain, and many others.
NESTED_OBJECTS = ("_source", "article", "metadata", "meta")
LARGE_RECORD = 100_000  # bytes; its keys may be many or long, so its paths are not cached
# The keys of a record and of each nested object, with the path to that object.
Shape = tuple[tuple[tuple[str, ...], FieldPath], ...]


@dataclass(frozen=True, slots=True)
class FieldPaths:
    """Paths to the fields of records with the same keys; those of one field in the order of precedence."""

    content: tuple[tuple[str, FieldPath], ...]  # with the field, which says how to read the value
    teaser: tuple[FieldPath, ...]
    authors: tuple[FieldPath, ...]
    metadata: tuple[tuple[str, ValueReader, tuple[FieldPath, ...]], ...]


def find_field_paths(record: RawRecord, values: Mapping[str, Json], options: Options) -> FieldPaths:
    """Return the paths to a record's fields; ``values`` is the parsed record."""
    shape: Shape = ((tuple(values), ()),)
    for name in NESTED_OBJECTS:
        inner = values.get(name)
        if isinstance(inner, dict):
            shape += ((tuple(inner), (name,)),)
    find_paths = _cached_paths if len(record.data) <= LARGE_RECORD else _find_paths
    return find_paths(shape, tuple(options.fields.items()))


def has_content(keys: Collection[str], options: Options) -> bool:
    """Return whether a record with these keys has a field for an article or a teaser."""
    paths = _find_paths(((tuple(keys), ()),), tuple(options.fields.items()))
    return bool(paths.content or paths.teaser)


def _find_paths(shape: Shape, chosen: tuple[tuple[str, str], ...]) -> FieldPaths:
    """Return the paths to the fields of records with this shape; ``chosen`` are field and path of ``--fields``."""
    ranked: dict[str, list[tuple[int, int, FieldPath]]] = {}
    for depth, (keys, parent) in enumerate(shape):
        for key in keys:
            for known in KNOWN_FIELDS.get(fold_name(key), ()):
                ranked.setdefault(known.field, []).append((depth, known.rank, (*parent, key, *known.inside)))
    paths = {
        field: tuple(path for _, _, path in sorted(found, key=itemgetter(0, 1))) for field, found in ranked.items()
    }
    if any(field in CONTENT for field, _ in chosen):  # the user's choice replaces all known content fields
        paths = {field: found for field, found in paths.items() if field not in (*CONTENT, TEASER)}
    for field, path in chosen:
        paths[field] = ((path,) if path in shape[0][0] else parse_path(path),)
    return FieldPaths(
        content=tuple((field, path) for field in CONTENT for path in paths.get(field, ())),
        teaser=paths.get(TEASER, ()),
        authors=paths.get("authors", ()),
        metadata=tuple((field, read, paths[field]) for field, read in READERS.items() if field in paths),
    )


_cached_paths = lru_cache(maxsize=64)(_find_paths)
