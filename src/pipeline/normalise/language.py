"""Which language an article is in: as the record says, unless the text plainly says otherwise."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pycountry

from pipeline.contract import FieldSource

if TYPE_CHECKING:
    import py3langid.langid

# The beginning of a body is enough: all of 88 stretches of 60 code points in 38 languages were read right. Where the
# body is shorter than that, headline and standfirst help.
SAMPLE = 1_000  # code points
SHORT_BODY = 200
# Below this the reading is a guess: of stretches of 15 code points read with .5 to .6, one in ten is wrong.
FEWEST_CONFIDENCE = 0.5
# A page's template may say lang="en" whatever the page says. So much text, read so surely, is believed instead: names
# and a quotation in another language do not add up to it.
CONTRADICTING_CONFIDENCE = 0.99
CONTRADICTING_BYTES = 300
# Languages that are told apart too poorly for one to contradict the other, or that are one under two names.
CLOSE = (
    frozenset("no nb nn da".split()),
    frozenset("hr bs sr".split()),
    frozenset("id ms".split()),
    frozenset("zh yue wuu".split()),
    frozenset("ar arz ary".split()),
    frozenset("en pcm".split()),
    frozenset("pt gl".split()),
    frozenset("cs sk".split()),
)
# Codes of former editions of ISO 639-1.
FORMER_CODES = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro"}
# Names that ISO 639 has only in a longer form: "Greek, Modern (1453-)".
SHORT_NAMES = {"greek": "el", "farsi": "fa", "mandarin": "zh"}
SHORTEST_NAME = 4  # letters; "En" is a language too, whose code is enc
# ISO 639's own codes for no one language: several, undetermined, none, not coded yet.
NO_LANGUAGE = frozenset("mul und zxx mis".split())
WORD = re.compile(r"\w+")
SUBTAG_END = re.compile(r"[,;.@\s]")  # "en_US.UTF-8", "de, en;q=0.5"


class Language(NamedTuple):
    """An article's language."""

    tag: str | None  # BCP 47
    confidence: float | None  # None where the record says it
    source: FieldSource | None


def identify_language(given: str | None, given_source: FieldSource | None, text: str, body_start: int = 0) -> Language:
    """The language of an article; what the record says stands unless a long text plainly contradicts it.

    Args:
        given: as the record says it: ``en_US``, ``English``, ``eng``.
        given_source: where the record says it.
        text: the article's.
        body_start: where the text behind headline, standfirst and byline begins.
    """
    body = text[body_start : body_start + SAMPLE]
    sample = body if len(body) >= SHORT_BODY else text[:SAMPLE]
    said = normalise_tag(given) if given else None
    read, confidence = _read(sample)
    if said and not _contradicts(read, confidence, said, sample):
        return Language(said, None, given_source)
    if read is None:
        return Language(None, None, None)
    return Language(read, confidence, "text")


def normalise_tag(given: str) -> str | None:
    """A language as a record names it, as a BCP 47 tag; None where it names no one language.

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
    """The code of a language that goes by this code or English name; of two letters where it has one."""
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


def _read(sample: str) -> tuple[str | None, float]:
    # "It goes to Göran Söderpalm, mayor of Källskär" is not Swedish: names tell of where, not of the language.
    plain = WORD.sub(lambda word: "" if _is_capitalised(word.group()) else word.group(), sample)
    language, confidence = _identifier().classify(plain)
    if confidence < FEWEST_CONFIDENCE or language in NO_LANGUAGE:
        return None, 0.0
    return str(language), round(min(1.0, float(confidence)), 4)


def _is_capitalised(word: str) -> bool:
    return word[0].isupper() and not word.isupper()


def _contradicts(read: str | None, confidence: float, said: str, sample: str) -> bool:
    """Whether a reading is to be believed rather than the record; it cannot contradict what it does not know."""
    language = said.partition("-")[0]
    return (
        read is not None
        and read != language
        and confidence >= CONTRADICTING_CONFIDENCE
        and len(sample.encode()) >= CONTRADICTING_BYTES
        and language in _identifier().nb_classes
        and not any({read, language} <= close for close in CLOSE)
    )


@cache
def _identifier() -> py3langid.langid.LanguageIdentifier:
    import py3langid.langid  # late, as its model: a run that reads nothing need not wait for it

    return py3langid.langid.LanguageIdentifier.from_model_file(py3langid.langid.MODEL_FILE, norm_probs=True)
