"""Cues of something said or written, and cues of something thought, wished, meant or found."""

from __future__ import annotations

import pytest

from pipeline.lexicon.speech_verbs import is_said


@pytest.mark.parametrize(
    "cue",
    [
        pytest.param("said", id="speech"),
        pytest.param("SAID", id="capitals"),
        pytest.param("wrote", id="writing"),
        pytest.param("according to", id="according-to"),
        pytest.param("reported", id="publication"),
        pytest.param("reportedly", id="adverb"),
        pytest.param("announced", id="announcement"),
        pytest.param("has promised", id="promise"),
        pytest.param("accused", id="accusation"),
        pytest.param("praised", id="praise"),
        pytest.param("ordered", id="order"),
        pytest.param("ruled", id="ruling"),
        pytest.param("denied", id="denial-is-a-statement"),
        pytest.param("was asked about", id="question-to-somebody"),
        pytest.param("wanted to leave, she said", id="said-in-any-clause"),
        pytest.param("said he believes", id="said-belief"),
        pytest.param("said he did not want", id="negation-behind-the-verb"),
        pytest.param("warned them not to", id="order-not-to"),
        pytest.param("not only said", id="not-only"),
        pytest.param("declined to name them but said", id="refused-and-then-said"),
        pytest.param("has called for", id="call-for"),
        pytest.param("calls", id="calls-it-a-thing"),
        pytest.param("’s call for", id="call-as-a-noun"),
        pytest.param("claim", id="claim-as-a-noun"),
        pytest.param("in a statement", id="statement"),
        pytest.param("a warning", id="warning-as-a-noun"),
        pytest.param("put it", id="phrase"),
        pytest.param("made it quite clear", id="phrase-with-a-gap"),
        pytest.param("shot  back", id="fragments-joined-by-spaces"),
        pytest.param("went on", id="goes-on-speaking"),
        pytest.param("continued", id="continues-speaking"),
        pytest.param("suggested", id="somebody-suggested"),
        pytest.param(":", id="colon"),
        pytest.param("—", id="dash"),
        pytest.param("had one message:", id="words-before-a-colon"),
        pytest.param("quipped", id="doubled-consonant"),
        pytest.param("criticised", id="british"),
        pytest.param("criticized", id="american"),
        pytest.param("signalled, telling", id="second-verb"),
    ],
)
def test_said(cue: str) -> None:
    assert is_said(cue)


@pytest.mark.parametrize(
    "cue",
    [
        pytest.param("believes", id="belief"),
        pytest.param("wants", id="wish"),
        pytest.param("expects", id="expectation"),
        pytest.param("plans", id="intention"),
        pytest.param("plans to announce", id="intention-to-speak"),
        pytest.param("is expected to say", id="expected-speech"),
        pytest.param("hopes", id="hope"),
        pytest.param("saw", id="perception"),
        pytest.param("heard them say", id="hearing"),
        pytest.param("knows", id="knowledge"),
        pytest.param("found", id="finding"),
        pytest.param("polls show", id="poll"),
        pytest.param("suggests", id="a-thing-suggests"),
        pytest.param("backed", id="support"),
        pytest.param("'s view", id="view-as-a-noun"),
        pytest.param("dredged", id="unknown-verb"),
        pytest.param("did not say", id="not-said"),
        pytest.param("didn’t mention", id="not-mentioned-curly-apostrophe"),
        pytest.param("never called for", id="never"),
        pytest.param("declined to comment", id="declined"),
        pytest.param("refused to answer, hoping", id="refused"),
        pytest.param("said almost nothing about", id="said-nothing"),
        pytest.param("had no comment", id="no-comment"),
        pytest.param("called off", id="called-off"),
        pytest.param("continued to hope", id="continues-otherwise"),
        pytest.param("went on to win", id="goes-on-otherwise"),
        pytest.param("in order to", id="in-order-to"),
        pytest.param("what he wanted:", id="wish-before-a-colon"),
        pytest.param("unsaid", id="ends-like-a-word-of-saying"),
        pytest.param("34 %", id="number"),
        pytest.param("  ", id="nothing"),
    ],
)
def test_not_said(cue: str) -> None:
    assert not is_said(cue)
