"""A made-up annotated article."""

from __future__ import annotations

from pathlib import Path

from training.attribution_corpora import AnnotatedArticle, read_corpus

TEXT = """Harbour  board keeps the ferry

The ferry stays, Mara Oduya said on Monday. “We pay for it,” she told reporters, “and nobody else does.”

Jon Hazebroek denied that money was owed. The quay has been closed since March, according to the coast guard.
"""
# Each attribution's parts: source, cue, content; of fragments one after the other.
SAID = (
    (["Mara Oduya"], ["said"], ["The ferry stays"]),
    (["she"], ["told reporters"], ["We pay for it", "and nobody else does"]),
    (["Jon Hazebroek"], ["denied"], ["that money was owed"]),
    (["the coast guard"], ["according to"], ["The quay has been closed since March"]),
)


def annotation() -> str:
    """Return the annotation in brat's stand-off format."""
    lines: list[str] = []
    for number, parts in enumerate(SAID):
        names = [f"T{3 * number + role}" for role in range(3)]
        for name, role, fragments in zip(names, ("Source", "Cue", "Content"), parts, strict=True):
            starts = [TEXT.index(fragment) for fragment in fragments]
            places = ";".join(
                f"{start} {start + len(fragment)}" for start, fragment in zip(starts, fragments, strict=True)
            )
            lines.append(f"{name}\t{role} {places}\t{' '.join(fragments)}")
        source, cue, content = names
        lines.append(f"E{number}\tAttribution:{content} Source:{source} Cue:{cue} Content:{content}")
    return "\n".join(lines) + "\n"


def write_corpus(folder: Path) -> Path:
    """Write the article in PolNeAR's layout."""
    for part, name, content in (("text", "ferry.txt", TEXT), ("attributions", "ferry_mo.ann", annotation())):
        (folder / part).mkdir(parents=True)
        (folder / part / name).write_bytes(content.encode())
    return folder


def read_article(folder: Path) -> AnnotatedArticle:
    """Return the article as it is read from its folder."""
    (one,) = read_corpus(write_corpus(folder))
    return one
