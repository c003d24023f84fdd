"""Cues that mark something as said or written, and cues that only praise or blame."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.lexicon.words import read_table, read_words

LIST = "speech_verbs.txt"
WORDS_BETWEEN = 3  # at most, in a phrase such as "made it quite clear"
# Right behind a name or description of who speaks. Verbs that need no person ("shows", "announced") are not in it.
SPEECH_VERB_BEHIND = re.compile(r"\s+(?:also\s+|then\s+)?(?:said|says|told|added|noted|continued|stressed|explained)\b")
# Words of saying that do not introduce what somebody said.
SAYING_NOTHING = re.compile(
    r"\b(?:(?:say|says|said|saying) (?:\w+ )?(?:nothing|little)|(?:call|calls|called|calling) off|known as|in order to"
    r"|in charge of|remembered (?:as|for)|cast (?:\w+ ){0,3}(?:vote|ballot)s?|not (?:only|just|merely|simply)"
    r"|(?:continu(?:ed|es|ing)|(?:go|goes|going|went|gone) on) to)\b"
)
CUE_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
CLAUSE_BREAK = re.compile(r"[,;:–—]|\bbut\b")
# A word with one vowel before its last letter, of one syllable or stressed on the last: quip, refer, admit.
_DOUBLES_LAST_LETTER = re.compile(r"[^aeiou]*(?:qu)?[aeiou][bdgmnprt]|(?:admit|refer|rebut|recap|concur|demur)")


def _add_s(word: str) -> str:
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "sh", "ch", "x")) else "s")


def _inflect(verb: str) -> set[str]:
    """Return the forms of a regular verb in British and American spelling."""
    stem = verb + verb[-1] if _DOUBLES_LAST_LETTER.fullmatch(verb) else verb
    if verb.endswith("ise"):
        return {verb[:-2] + letter + ending for letter in "sz" for ending in ("e", "es", "ed", "ing")}
    if verb.endswith("e"):
        return {verb, verb + "s", verb + "d", verb[:-1] + "ing"}
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return {verb, _add_s(verb), verb[:-1] + "ied", verb + "ing"}
    if re.search("[^aeiou][ae]l$", verb):
        return {verb, verb + "s", *(verb + doubled + ending for doubled in ("", "l") for ending in ("ed", "ing"))}
    return {verb, _add_s(verb), stem + "ed", stem + "ing"}


def _inflect_all(verbs: Iterable[str]) -> frozenset[str]:
    return frozenset(form for verb in verbs for form in _inflect(verb))


_SPEECH_WORDS = (
    _inflect_all(read_words(LIST, "verbs"))
    | read_words(LIST, "forms")
    | read_words(LIST, "only these forms")
    | {form for noun in read_words(LIST, "nouns") for form in (noun, _add_s(noun))}
)
# By the form of a verb, the words that make it one of saying: "back" for "shot".
_PARTICLES = {
    form: frozenset(particles.split())
    for verbs, particles in read_table("phrasal_speech.tsv").items()
    for verb in verbs.split()
    for form in _inflect(verb)
}
_NEGATING_WORDS = _inflect_all(read_words(LIST, "negating verbs")) | read_words(LIST, "negating forms")
_JUDGING_WORDS = _inflect_all(read_words(LIST, "judgement"))
_NO_PARTICLES: frozenset[str] = frozenset()


def is_said(cue: str) -> bool:
    """Return whether a cue marks something as said or written, rather than believed, wished, perceived or found.

    - One clause that says something is enough: "believes, and said so".
    - Punctuation in place of a verb counts as said: "Oduya: …".
    - A question counts as said, even if only the person asked is printed.
    - An unknown verb counts as not said. No list of such verbs could be complete, and a belief among the quotes is
      worse than a missing quote.

    Args:
        cue: the words, in any case; several fragments are joined by a space.
    """
    text = cue.casefold().replace("’", "'")
    if not any(character.isalnum() for character in text):
        return bool(text.strip())
    ends_in_colon = text.rstrip().endswith(":")
    clauses = [SAYING_NOTHING.sub(" ", clause) for clause in CLAUSE_BREAK.split(text)]
    return any(map(_is_said_in, clauses)) or (ends_in_colon and _NEGATING_WORDS.isdisjoint(CUE_WORD.findall(text)))


def _is_said_in(clause: str) -> bool:
    words = CUE_WORD.findall(clause)
    for i, word in enumerate(words):
        if word in _NEGATING_WORDS or word.endswith("n't"):
            return False
        following = words[i + 1 : i + 2 + WORDS_BETWEEN]
        if word in _SPEECH_WORDS or not _PARTICLES.get(word, _NO_PARTICLES).isdisjoint(following):
            return True
    return False


def is_judged(cue: str) -> bool:
    """Return whether a cue is praise or blame, so that its object follows, not the words said: "slammed the plan".

    Args:
        cue: the words, in any case.
    """
    return not _JUDGING_WORDS.isdisjoint(CUE_WORD.findall(cue.casefold()))
