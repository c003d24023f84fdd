"""Words that mark something as said or written by somebody."""

from __future__ import annotations

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
_DOUBLING = {"quip": "quipp", "admit": "admitt"}


def _inflect(verb: str) -> set[str]:
    stem = _DOUBLING.get(verb, verb)
    if verb.endswith("e"):
        return {verb, verb + "s", verb + "d", verb[:-1] + "ing"}
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return {verb, verb[:-1] + "ies", verb[:-1] + "ied", verb + "ing"}
    plural = verb + ("es" if verb.endswith(("s", "sh", "ch", "x")) else "s")
    return {verb, plural, stem + "ed", stem + "ing"}


SPEECH_VERBS: frozenset[str] = frozenset().union(*(_inflect(verb) for verb in _REGULAR), _IRREGULAR) - {
    "go", "put", "puts", "putting", "read", "reads", "report", "list", "order", "post", "comment", "charge", "quote",
    "claim", "demand", "request", "note", "protest", "appeal", "object", "state", "reports", "claims", "notes", "comments",
    "demands", "charges", "orders", "lists", "posts", "states", "objects", "protests", "appeals", "requests", "promise",
    "pledge", "vow", "promises", "pledges", "vows", "praise", "answer", "answers", "reply", "response",
    "listed", "listing", "ordered", "ordering", "signal", "signals", "objecting", "relating", "related",
    "relate", "relates", "posting", "expressed", "express", "expresses", "expressing", "mention", "voice",
    "voices", "remark", "remarks", "advise", "continued", "continue", "continues", "continuing", "agreed", "agree", "agrees", "agreeing",
}  # fmt: skip
# Verbs that can stand beside a quotation but seldom introduce reported speech of their own.
QUOTATION_VERBS: frozenset[str] = SPEECH_VERBS | frozenset(
    """continued continues agreed agrees went reads read notes reports claims remarks states expressed posted
    laughed smiled began begins thinks thought believes concluded called calls calling asked asks asking put offered demands
    hissed cried implored interjected interrupted lectured chided mused opined ventured wondered gushed marveled fumed
    jokes tweeted retweeted texted emailed chanted screamed blogged countered retorted shot""".split()
)
# Verbs that report speech with a clause of their own: "said (that) …".
REPORTING_VERBS: frozenset[str] = frozenset(
    """say says said saying tell tells told telling announce announces announced announcing argue argues argued arguing
    add adds added adding warn warns warned warning claim claims claimed claiming insist insists insisted insisting
    explain explains explained explaining note notes noted noting confirm confirms confirmed acknowledge acknowledges
    acknowledged acknowledging assert asserts asserted asserting declare declares declared declaring state states stated
    stating stress stresses stressed stressing suggest suggests suggested suggesting report reports reported reporting
    reveal reveals revealed contend contends contended maintain maintains maintained predict predicts predicted predicting
    testify testifies testified complain complained complains concede concedes conceded promise promised promises vow vowed vows
    pledged pledges write writes wrote written admit admits admitted allege alleges alleged alleging observe
    observed observes recall recalled recalls remark remarked reply replied replies respond responded reiterate reiterated reiterates
    emphasize emphasized emphasizes emphasise emphasised swear swore joke joked jokes quip quipped tweet tweeted
    tweets conclude concluded concludes caution cautioned cautions affirm affirmed affirms deny denied denies
    mention mentioned disclosed divulged""".split()
)
