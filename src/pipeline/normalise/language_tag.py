"""Identify the language of an article: as the record says, unless the text clearly contradicts it."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pycountry

from pipeline.contract import FieldSource
from pipeline.lexicon.words import read_lines, read_table, read_words

if TYPE_CHECKING:
    import py3langid.langid

# The beginning of a body is enough: all of 88 passages of 60 code points in 38 languages were identified correctly. If
# the body is shorter than SHORT_BODY, headline and standfirst help.
SAMPLE = 1_000  # code points
SHORT_BODY = 200
# Below this the result is a guess: of passages of 15 code points with a confidence of .5 to .6, one in ten is wrong.
LOWEST_CONFIDENCE = 0.5
# A page's template may say lang="en" whatever its language. A text this long, identified this confidently, overrides
# it; names and a quotation in another language do not reach these bounds.
CONTRADICTING_CONFIDENCE = 0.99
CONTRADICTING_BYTES = 300
# Languages that the identifier confuses, so that one cannot contradict the other.
CLOSE = tuple(frozenset(line.split()) for line in read_lines("languages.txt", "close"))
FORMER_CODES = read_table("languages.txt", "former codes")
SHORT_NAMES = read_table("languages.txt", "short names")
SHORTEST_NAME = 4  # letters; "En" is a language too, whose code is enc
NO_LANGUAGE = read_words("languages.txt", "no language")
WORD = re.compile(r"\w+")
SUBTAG_END = re.compile(r"[,;.@\s]")  # "en_US.UTF-8", "de, en;q=0.5"


class Language(NamedTuple):
    """An article's language."""

    tag: str | None  # BCP 47
    confidence: float | None  # None if the record says it
    source: FieldSource | None


def identify_language(given: str | None, given_source: FieldSource | None, text: str, body_start: int = 0) -> Language:
    """Return the language of an article: as the record says, unless a long text clearly contradicts it.

    Args:
        given: the language in the record: ``en_US``, ``English``, ``eng``.
        given_source: where the record says it.
        text: the article's text.
        body_start: where the text after headline, standfirst and byline begins.
    """
    body = text[body_start : body_start + SAMPLE]
    sample = body if len(body) >= SHORT_BODY else text[:SAMPLE]
    declared = normalise_tag(given) if given else None
    identified, confidence = _identify(sample)
    if declared and not _contradicts(identified, confidence, declared, sample):
        return Language(declared, None, given_source)
    if identified is None:
        return Language(None, None, None)
    return Language(identified, confidence, "text")


def normalise_tag(given: str) -> str | None:
    """Return the BCP 47 tag of a language as a record names it; None unless it names exactly one language.

    >>> normalise_tag("zh_hans_cn"), normalise_tag("English"), normalise_tag("fre"), normalise_tag("en-UK")
    ('zh-Hans-CN', 'en', 'fr', 'en')
    """
    first, *rest = SUBTAG_END.split(given.strip(), maxsplit=1)[0].replace("_", "-").split("-")
    language = _language_code(first if rest else given.strip())
    language = language or _language_code(first)
    if language is None:
        return None
    script = next((part.title() for part in rest if _is_known(pycountry.scripts, part.title())), None)
    region = next((part.upper() for part in rest if _is_region(part.upper())), None)
    return "-".join(filter(None, (language, script, region)))


def _language_code(word: str) -> str | None:
    """Return the code, of two letters if it has one, of the language with this code or English name."""
    code = word.casefold()
    code = FORMER_CODES.get(code) or SHORT_NAMES.get(code) or code
    known = pycountry.languages
    found = known.get(alpha_2=code) or known.get(alpha_3=code) or known.get(bibliographic=code)
    if found is None and len(code) >= SHORTEST_NAME:
        found = known.get(name=word.title())
    if found is None:
        return None
    shortest = getattr(found, "alpha_2", found.alpha_3)
    return None if shortest in NO_LANGUAGE else str(shortest)


def _is_known(scripts: pycountry.Scripts, code: str) -> bool:
    return scripts.get(alpha_4=code) is not None


def _is_region(code: str) -> bool:
    return (code.isascii() and code.isdigit() and len(code) == 3) or (
        len(code) == 2 and pycountry.countries.get(alpha_2=code) is not None
    )


def _identify(sample: str) -> tuple[str | None, float]:
    # "It goes to Göran Söderpalm, mayor of Källskär" is not Swedish: names do not show the language of a text.
    plain = WORD.sub(lambda word: "" if _is_capitalised(word.group()) else word.group(), sample)
    language, confidence = _identifier().classify(plain)
    if confidence < LOWEST_CONFIDENCE or language in NO_LANGUAGE:
        return None, 0.0
    return str(language), round(min(1.0, float(confidence)), 4)


def _is_capitalised(word: str) -> bool:
    return word[0].isupper() and not word.isupper()


def _contradicts(identified: str | None, confidence: float, declared: str, sample: str) -> bool:
    """Return whether the text overrides the record; never if the identifier does not know the declared language."""
    language = declared.partition("-")[0]
    return (
        identified is not None
        and identified != language
        and confidence >= CONTRADICTING_CONFIDENCE
        and len(sample.encode()) >= CONTRADICTING_BYTES
        and language in _identifier().nb_classes
        and not any({identified, language} <= close for close in CLOSE)
    )


@cache
def _identifier() -> py3langid.langid.LanguageIdentifier:
    import py3langid.langid  # late: importing it and loading its model takes time

    return py3langid.langid.LanguageIdentifier.from_model_file(py3langid.langid.MODEL_FILE, norm_probs=True)
