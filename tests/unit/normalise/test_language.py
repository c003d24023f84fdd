"""The language of an article: declared by the record or identified from the text."""

from __future__ import annotations

import re

import pytest

from pipeline.contract import LANGUAGE_TAG
from pipeline.normalise.language_tag import CONTRADICTING_BYTES, identify_language, normalise_tag

FERRY = {
    "en": "The harbour board said on Tuesday that the ferry would not sail before the ice had gone.",
    "fr": "La capitainerie a annoncé mardi que le bac ne partirait pas avant la fonte des glaces.",
    "de": "Die Hafenbehörde teilte am Dienstag mit, dass die Fähre erst nach der Eisschmelze ablegt.",
    "es": "La autoridad del puerto anunció el martes que el transbordador no zarpará con hielo.",
    "it": "L'autorità portuale ha annunciato martedì che il traghetto non partirà con il ghiaccio.",
    "pt": "A autoridade portuária anunciou na terça-feira que a balsa não partirá antes do degelo.",
    "nl": "Het havenbedrijf meldde dinsdag dat de veerboot pas vertrekt als het ijs gesmolten is.",
    "sv": "Hamnmyndigheten meddelade på tisdagen att färjan inte avgår förrän isen har smält.",
    "da": "Havnemyndigheden meddelte tirsdag, at færgen ikke sejler, før isen er smeltet, og folk venter.",
    "no": "Havnemyndighetene opplyste tirsdag at fergen ikke går før isen har smeltet, og folk venter.",
    "fi": "Satamaviranomainen ilmoitti tiistaina, ettei lautta lähde ennen kuin jää on sulanut.",
    "pl": "Zarząd portu poinformował we wtorek, że prom nie wypłynie, dopóki lód nie stopnieje.",
    "cs": "Správa přístavu v úterý oznámila, že trajekt nevypluje, dokud neroztaje led.",
    "ro": "Autoritatea portuară a anunțat marți că bacul nu va pleca până când nu se topește gheața.",
    "ru": "Администрация порта сообщила во вторник, что паром не выйдет, пока не растает лёд.",
    "uk": "Адміністрація порту повідомила у вівторок, що пором не вийде, доки не розтане лід.",
    "el": "Η λιμενική αρχή ανακοίνωσε την Τρίτη ότι το πλοίο δεν θα φύγει πριν λιώσει ο πάγος.",
    "tr": "Liman idaresi salı günü, buz erimeden feribotun kalkmayacağını açıkladı.",
    "ar": "أعلنت سلطة الميناء يوم الثلاثاء أن العبارة لن تبحر قبل ذوبان الجليد.",
    "he": "רשות הנמל הודיעה ביום שלישי כי המעבורת לא תפליג לפני שהקרח יימס.",
    "fa": "اداره بندر روز سه‌شنبه اعلام کرد که کشتی تا آب شدن یخ حرکت نخواهد کرد.",
    "hi": "बंदरगाह प्राधिकरण ने मंगलवार को कहा कि बर्फ पिघलने से पहले नौका नहीं चलेगी।",
    "zh": "港务局星期二宣布，冰融化之前渡轮不会启航。渔民们在茶馆里等待，数着日子。",
    "ja": "港湾局は火曜日、氷が解けるまでフェリーは出航しないと発表した。",
    "ko": "항만청은 화요일 얼음이 녹기 전까지 여객선이 출항하지 않는다고 밝혔다.",
    "id": "Otoritas pelabuhan mengumumkan pada hari Selasa bahwa kapal feri tidak akan berangkat.",
    "vi": "Cơ quan quản lý cảng hôm thứ Ba thông báo phà sẽ không khởi hành trước khi băng tan.",
}


@pytest.mark.parametrize("tag", FERRY)
def test_language_of_a_sentence(tag: str) -> None:
    found = identify_language(None, None, FERRY[tag])
    assert (found.tag, found.source) == (tag, "text")
    assert found.confidence is not None
    assert 0.5 <= found.confidence <= 1


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        pytest.param("MAYOR OPENS NEW BRIDGE AFTER LONG DELAY IN COUNCIL", "en", id="english-in-capitals"),
        pytest.param("DER BÜRGERMEISTER ERÖFFNET DIE BRÜCKE NACH LANGER VERZÖGERUNG", "de", id="german-in-capitals"),
        pytest.param("It goes to Göran Söderpalm, mayor of Källskär, and to Åsa Lindström.", "en", id="foreign-names"),
        pytest.param(f"{FERRY['en']} « Nous partirons lundi », it said. {FERRY['en']}", "en", id="foreign-quotation"),
    ],
)
def test_language_despite_names_capitals_and_quotations(text: str, tag: str) -> None:
    assert identify_language(None, None, text).tag == tag


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(" \n\n ", id="white-space"),
        pytest.param("12,5 2024-01-02 99", id="digits"),
        pytest.param("— … !?", id="punctuation"),
        pytest.param("🙂🙂🙂", id="emoji"),
        pytest.param("Mara Oduya", id="a-name"),
        pytest.param("Oduya, Penhallick, Thathi, Delahousse, Söderpalm", id="names"),
        pytest.param("Oduya 3 Delahousse 1", id="a-score"),
    ],
)
def test_text_without_a_language(text: str) -> None:
    assert identify_language(None, None, text) == (None, None, None)


def test_headline_and_standfirst_help_a_short_body() -> None:
    text = f"{FERRY['en']}\n\nNo!"
    assert identify_language(None, None, text, text.index("No!")).tag == "en"


@pytest.mark.parametrize(
    ("given", "tag"),
    [
        pytest.param("en", "en", id="plain"),
        pytest.param("EN", "en", id="capitals"),
        pytest.param("en_US", "en-US", id="underscore"),
        pytest.param("en_US.UTF-8", "en-US", id="locale"),
        pytest.param("fr-fr", "fr-FR", id="region-in-lower-case"),
        pytest.param("es-419", "es-419", id="region-in-digits"),
        pytest.param("zh-Hans-CN", "zh-Hans-CN", id="script-and-region"),
        pytest.param("zh_hans_cn", "zh-Hans-CN", id="script-in-lower-case"),
        pytest.param("zh-cmn-Hans-CN", "zh-Hans-CN", id="extended-language"),
        pytest.param("en-UK", "en", id="no-such-region"),
        pytest.param("English", "en", id="name"),
        pytest.param("greek", "el", id="short-name"),
        pytest.param("eng", "en", id="three-letters"),
        pytest.param("fre", "fr", id="librarians-three-letters"),
        pytest.param("iw", "he", id="former-code"),
        pytest.param("de, en", "de", id="first-of-several"),
        pytest.param(" nl ", "nl", id="spaces"),
        pytest.param("gsw", "gsw", id="no-two-letter-code"),
        pytest.param("und", None, id="undetermined"),
        pytest.param("mul", None, id="several"),
        pytest.param("x-default", None, id="private-use"),
        pytest.param("nonsense", None, id="nonsense"),
        pytest.param("C", None, id="one-letter"),
        pytest.param("", None, id="empty"),
        pytest.param("a" * 100_000, None, id="100,000-characters"),
    ],
)
def test_tag(given: str, tag: str | None) -> None:
    assert normalise_tag(given) == tag
    assert tag is None or re.match(LANGUAGE_TAG, tag)


def long_text(tag: str) -> str:
    text = FERRY[tag]
    while len(text.encode()) < CONTRADICTING_BYTES:
        text += f" {FERRY[tag]}"
    return text


@pytest.mark.parametrize(
    ("given", "text", "tag", "source"),
    [
        pytest.param("ru", long_text("ru"), "ru", "html", id="both-agree"),
        pytest.param("de-AT", long_text("de"), "de-AT", "html", id="record-gives-the-region"),
        pytest.param("en", long_text("ru"), "ru", "text", id="template-in-another-language"),
        pytest.param("fr", long_text("en"), "en", "text", id="english-under-a-foreign-template"),
        pytest.param("en", FERRY["de"], "en", "html", id="too-short-to-contradict"),
        pytest.param("nb", long_text("da"), "nb", "html", id="too-close-to-contradict"),
        pytest.param("gsw", long_text("de"), "gsw", "html", id="language-unknown-to-the-identifier"),
        pytest.param("nonsense", long_text("pl"), "pl", "text", id="nonsense-is-ignored"),
        pytest.param("fr", "12,5 99", "fr", "html", id="no-words"),
    ],
)
def test_declared_language(given: str, text: str, tag: str, source: str) -> None:
    found = identify_language(given, "html", text)
    assert (found.tag, found.source) == (tag, source)
    assert (found.confidence is None) == (source == "html")
