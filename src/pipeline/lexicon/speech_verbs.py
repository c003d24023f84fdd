"""Words that mark something as said or written by somebody."""

from __future__ import annotations

import re

# Base forms of verbs of saying and writing. Beliefs, wishes and findings (think, want, show) are left out on purpose:
# a quote is what was said.
_REGULAR = """accuse acknowledge add admit advise affirm agree allege announce answer appeal argue assert assure boast
caution charge cite claim clarify comment complain concede conclude condemn confess confirm contend counter declare
demand denounce deny describe disclose echo elaborate emphasise emphasize exclaim explain express inform insist joke
lament list mention muse note object observe opine order pledge plead post praise predict proclaim promise propose
protest quip quote reaffirm recall reassure recommend recount reiterate relate remark remind repeat reply report
request respond reveal shout signal state stress suggest summarise summarize testify tweet underline underscore urge vow
voice warn whisper yell continue""".split()
_IRREGULAR = """say says said saying tell tells told telling write writes wrote written writing read reads swear swears
swore sworn put puts putting go went ask asks asked asking""".split()
# A single vowel before the last letter, in a word of one syllable or with the stress on its last: quip, refer, admit.
_DOUBLING = re.compile(r"[^aeiou]*(?:qu)?[aeiou][bdgmnprt]|(?:admit|refer|rebut|recap|concur|demur)")


def _add_s(word: str) -> str:
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "sh", "ch", "x")) else "s")


def _inflect(verb: str) -> set[str]:
    """The forms of a regular verb, spelt as on either side of the Atlantic."""
    stem = verb + verb[-1] if _DOUBLING.fullmatch(verb) else verb
    if verb.endswith("ise"):
        return {verb[:-2] + letter + ending for letter in "sz" for ending in ("e", "es", "ed", "ing")}
    if verb.endswith("e"):
        return {verb, verb + "s", verb + "d", verb[:-1] + "ing"}
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return {verb, _add_s(verb), verb[:-1] + "ied", verb + "ing"}
    if re.search("[^aeiou][ae]l$", verb):
        return {verb, verb + "s", *(verb + more + ending for more in ("", "l") for ending in ("ed", "ing"))}
    return {verb, _add_s(verb), stem + "ed", stem + "ing"}


SPEECH_VERBS: frozenset[str] = frozenset().union(*(_inflect(verb) for verb in _REGULAR), _IRREGULAR) - {
    "go", "put", "puts", "putting", "read", "reads", "report", "list", "order", "post", "comment", "charge", "quote",
    "claim", "demand", "request", "note", "protest", "appeal", "object", "state", "reports", "claims", "notes", "comments",
    "demands", "charges", "orders", "lists", "posts", "states", "objects", "protests", "appeals", "requests", "promise",
    "pledge", "vow", "promises", "pledges", "vows", "praise", "answer", "answers", "reply", "response",
    "listed", "listing", "ordered", "ordering", "signal", "signals", "objecting", "relating", "related",
    "relate", "relates", "posting", "expressed", "express", "expresses", "expressing", "mention", "voice",
    "voices", "remark", "remarks", "advise", "continued", "continue", "continues", "continuing", "agreed", "agree", "agrees", "agreeing",
}  # fmt: skip
# Right behind somebody who speaks; verbs that do not need a speaker, as "shows" and "announced", are left out.
SPEECH_VERB_BEHIND = re.compile(r"\s+(?:also\s+|then\s+)?(?:said|says|told|added|noted|continued|stressed|explained)\b")

# ── Is it said, or only thought? ───────────────────────────────────────────────────────────────────────────────────
# The lists were drawn up while reading the cues of PolNeAR's training part.

# Acts of speech and writing: to say, ask, promise, order, announce, cite, praise, blame.
_SAYING = """accuse acknowledge add address admit admonish advise advocate affirm alert allege allude announce answer
apologise applaud argue articulate ask assail assert assure attack attest badmouth bark bash beg bellow bemoan berate
blame blast blog boast brag call castigate caution challenge champion chant characterise charge chastise chide chime
chuckle cite claim clarify commend comment compare complain compliment concede concur condemn confess confide confirm
congratulate contend counsel counter credit criticise deadpan debate debunk declare decree decry defend demand demur
denigrate denounce deny depict deplore deride describe detail dictate disagree disavow disclose discuss dismiss
disparage dispute divulge downplay drawl dub echo editorialise elaborate email emphasise encourage endorse enquire
enthuse enumerate equate eulogise exaggerate exclaim exhort explain expound express extol exult fault flatter
forecast fume giggle gloat gripe groan grouse growl grumble guarantee gush hail harangue heckle highlight hint holler
howl implore inform inquire insinuate insist instruct insult interject interrupt intone invite invoke jab jeer jest
joke justify label lambast lambaste lament laud laugh lecture liken list lob malign mention moan mock mumble murmur
muse mutter narrate nickname note notify opine outline paraphrase plead pledge pontificate portray posit post praise
preach predict proclaim profess promise pronounce propose protest question quip quote rail rant rave reaffirm
reassert reassure rebuke rebut recant recap recite recommend recount refer reference refute reiterate rejoin relay
remark remind repeat reply report reprimand repudiate request respond restate retaliate retort retract retweet
ridicule riff rip savage scoff scold scream shout sigh skewer slam slur smear snarl sneer snipe spar speculate spout
stammer stipulate stress summarise talk taunt testify text theorise threaten thunder tout trash trumpet tweet
underline underscore unveil urge utter vilify voice vouch vow wail warn whine whisper yell""".split()
_IRREGULAR_SAYING = """say says said saying tell tells told telling write writes wrote written writing speak speaks spoke
spoken speaking swear swears swore sworn read reads according per reportedly allegedly""".split()
# Verbs whose other forms are mostly nouns, or the findings, views and deeds of somebody who does not speak: a poll
# suggests what its author suggested; experts agree, where one of them agreed.
_SAYING_IN_SOME_FORMS = """agreed agreeing authored boomed branded branding cast casts concluded concludes concluding
continued continues continuing cracked cried crying flagged flagging floated floating implied implying indicated
issued issuing knocked knocking lied lying maintained maintaining maintains mouthed mouthing objected objecting
observed observing offered offering offers ordered ordering orders painting penned pitched pressed pressing reacted
recalled recalling recalls rejected rejecting rejects remembered remembering remembers revealed revealing roared
ruled ruling saluted saluting stated states stating suggested suggesting wondered wondering wonders""".split()
# What is said or written, by its name.
_SAYINGS = """accusation acknowledgement acknowledgment admission advice affidavit allegation announcement apology
argument aside assertion assurance column commentary communique complaint condemnation condolence confession
congratulation criticism critique declaration defence defense denial denunciation description diatribe dig disclosure
dispatch editorial endorsement explanation greeting interview invitation letter manifesto memo message motto phrase
plea prediction proclamation proposal quotation rant rebuttal recommendation rejoinder remark retort rhetoric rumor
rumour slogan speech statement story suggestion swipe testimony threat tirade tribute utterance warning word""".split()
# Verbs that say something together with a word close behind them: "shot right back", "made it clear".
_SAYING_TOGETHER = {
    "fire push shoot shot snap": "back",
    "hit": "back out",
    "chime weigh": "in",
    "lash lay laid point spell": "out",
    "rule": "out",
    "set": "forth out",
    "cut": "in",
    "pointed pointing": "out to",
    "sound rattle": "off",
    "brush shrug wave": "off aside away",
    "bring brought": "up",
    "sum": "up",
    "play walk": "down back",
    "tear tore": "into",
    "put": "it",
    "go goes went gone": "on after public",
    "come came": "out",
    "take took taken": "aim credit issue shot shots",
    "make made": "appeal case clear fun known observation point secret",
    "pile": "on",
    "raise": "alarm alarms concern concerns doubt doubts issue issues",
}
# Words of saying that say nothing here.
_SAYING_NOTHING = re.compile(
    r"\b(?:(?:say|says|said|saying) (?:\w+ )?(?:nothing|little)|(?:call|calls|called|calling) off|known as|in order to"
    r"|in charge of|remembered (?:as|for)|cast (?:\w+ ){0,3}(?:vote|ballot)s?|not (?:only|just|merely|simply)"
    r"|(?:continu(?:ed|es|ing)|(?:go|goes|going|went|gone) on) to)\b"
)
# What stands before a word of saying and tells that it was not, or not yet, said.
_UNSAYING = "avoid believe decline expect fail hesitate hope ignore intend plan refrain refuse resist stop want".split()
_UNSAYING_FORMS = """no not never neither nor without cannot nothing unable inability unwilling reluctant reluctance
refusal likely unlikely barely hardly seem seems seemed appear appears appeared wish wishes forget forgot hear heard
think thinks thought know knows knew""".split()

_SAID = frozenset().union(
    *map(_inflect, _SAYING), *((name, _add_s(name)) for name in _SAYINGS), _IRREGULAR_SAYING, _SAYING_IN_SOME_FORMS
)
_SAID_TOGETHER = {
    form: frozenset(others.split())
    for verbs, others in _SAYING_TOGETHER.items()
    for verb in verbs.split()
    for form in _inflect(verb)
}
_UNSAID = frozenset().union(_UNSAYING_FORMS, *map(_inflect, _UNSAYING))
_NOTHING: frozenset[str] = frozenset()
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_CLAUSE = re.compile(r"[,;:–—]|\bbut\b")


def is_said(cue: str) -> bool:
    """Whether a cue marks something as said or written, rather than believed, wished, intended, perceived or found.

    A cue of which any clause says something is said: "believes, and said so". Punctuation that stands for a verb says
    ("Oduya: …"). A verb that is not known as one of speech or writing is taken for thought or deed: there is no end to
    those, and a belief among quotes is worse than a quote that is missing. Questions count as said, also where only
    the one who was asked is printed.

    Args:
        cue: the words, in any case; several fragments are joined by a space.
    """
    text = cue.casefold().replace("’", "'")
    if not any(character.isalnum() for character in text):
        return bool(text.strip())
    ends_in_colon = text.rstrip().endswith(":")
    clauses = [_SAYING_NOTHING.sub(" ", clause) for clause in _CLAUSE.split(text)]
    return any(map(_says, clauses)) or (ends_in_colon and _UNSAID.isdisjoint(_WORD.findall(text)))


def _says(clause: str) -> bool:
    words = _WORD.findall(clause)
    for at, word in enumerate(words):
        if word in _UNSAID or word.endswith("n't"):
            return False
        if word in _SAID or not _SAID_TOGETHER.get(word, _NOTHING).isdisjoint(words[at + 1 : at + 5]):
            return True
    return False


# What follows these is who or what is praised or blamed, and none of the words.
_JUDGING = frozenset().union(
    *map(
        _inflect,
        """applaud assail attack badmouth bash berate blast castigate challenge chastise commend compliment condemn
        congratulate criticise criticize credit decry denigrate denounce deride disparage endorse eulogise extol fault
        flatter hail insult jeer lambast laud malign mock praise rail rebuke reject reprimand repudiate ridicule salute
        savage scold skewer slam slur smear snipe thank trash vilify welcome""".split(),
    )
)


def is_judged(cue: str) -> bool:
    """Whether a cue tells of praise or blame, so that what follows it is its object: "slammed", "was rejected by".

    Args:
        cue: the words, in any case.
    """
    return not _JUDGING.isdisjoint(_WORD.findall(cue.casefold()))
