"""Who is named behind a closing mark in other languages than English: what punctuation and the verb decide together.

Nothing else of an attribution is read in them: not "a-t-il dit", not names before the verb, not descriptions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from pipeline.language.organisations import ORG_WORDS
from pipeline.language.places import countries, is_place

VERBS: Mapping[str, str] = {
    "fr": "a dit|a déclaré|a expliqué|a ajouté|a affirmé|a précisé|déclare|explique|affirme|ajoute",
    "de": "sagte|sagt|erklärte|meinte|betonte|ergänzte",
    "es": "dijo|afirmó|declaró|explicó|añadió|señaló",
}
# First words of bodies, and of what people are called by; what follows them is no name of a person by itself.
NO_FIRST_NAMES = frozenset(
    """Air Amnesty Amnistía Action Alianza Alliance Ayuntamiento Banco Banque Caisse Casa Cercle Club Comité Comisión Conseil
    Consejo Crédit Croix Cruz Cáritas Defensa Deutsche Ecologistas Electricité Europa Europe Familles Federación Fondation
    France Frente Fundación Gobierno Greenpeace Groupe Grupo Human Junta Junts La Le Les Los Las El Ligue Mairie Médecins
    Movimiento Naciones Notre Nueva Partido Parti Podemos Policía Presidencia Radio Real Rectorat Reporters Rote Roter
    Santé Save Secours Secrétariat Sindicato Société Syndicat Terre The Unidas Unión Ville Weißer World
    Doctor Don Doña Docteur Dra Fray Frère General Graf Herr Frau Doktor Prof Professor Lady Lord Madame Maître Me Mlle Mme
    Monseigneur Monsieur Papa Pape Papst Père Presidente Prinz Rey Reina San Santo Señor Señora Sir Soeur Sor Sœur
    Arzt Anwalt Bischof Chef Coach Gast Imam Kardinal Kapitän Koch König Königin Landrat Notar Oberst Onkel Opa Oma Pilot
    Profi Stadtrat Star Tante Torwart Vikar Vorstand Zeuge Zeugin Kollege Kollegin Biologe Biologin Geologe Historikerin""".split()
)
LAST_WORDS_OF_BODIES = frozenset(
    "International Internacional Deutschland España Österreich Schweiz Europa Français Française Nationale".split()
)
# German titles and callings stand right before a name and look like one: "sagte Deichgräfin Oltmanns". These endings
# tell them, but for the names that share an ending.
GERMAN_CALLING = re.compile(
    r"(?:er|in|mann|frau|ist|ent|ant|or|eur|oge|wart|wirt|rat|chef|arzt|anwalt|vorstand|ende|agte|nete|räte|meister|kraft|leute)$"
)
NAMES_LIKE_CALLINGS = frozenset(
    """Alexander Alwin Armin Augustin Balthasar Benjamin Caspar Catrin Christin Christopher Colin Corin Darwin Dieter Edwin
    Erwin Esther Fabrizio Florentin Gregor Günter Günther Gunter Gunther Hannelor Hector Heiner Hermann Holger Igor Jasmin
    Jasper Jennifer Justin Karin Kaspar Katharin Kathrin Katrin Kerstin Kevin Konstantin Kristin Kirstin Laurent Lothar
    Marlin Martin Marvin Melvin Merlin Nasrin Oliver Peter Quentin Rainer Reiner Robin Roger Rüdiger Severin Theodor Torsten
    Valentin Victor Viktor Vincent Volker Walter Werner Wolfer Xaver Yasemin Yasmin Elinor Eleanor Leonor Doreen Kirsten""".split()
)
_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w’'-]*[a-zß-öø-ÿ]"
_PARTICLE = r"(?:de|du|des|del|la|von|van|der|den|zu|y|di|da|al|el|ben)"


class SaidBy(NamedTuple):
    """A person named as the speaker of the quotation that closes right before the verb; offsets are into the text."""

    cue_start: int
    cue_end: int
    start: int
    end: int


def find_said_by(text: str, language: str) -> tuple[SaidBy, ...]:
    """Every `»`, verb, name in this order, as in `« … », a dit Solange Mercadier`; a doubtful name is left out."""
    if language not in VERBS:
        return ()
    return tuple(
        SaidBy(*found.span("cue"), *found.span("name"))
        for found in _pattern(language).finditer(text)
        if _is_person(found["name"].split(), language)
    )


@cache
def _pattern(language: str) -> re.Pattern[str]:
    return re.compile(
        rf"[»«“”\"‹›],?\s+(?P<cue>{VERBS[language]})\s+"
        rf"(?P<name>{_CAPITAL}(?:\s(?:{_PARTICLE}\s){{0,2}}{_CAPITAL}){{1,2}})(?=[,.;:!?]|\s+[a-zà-öø-ÿ(„“«\"]|\s*$|\n)"
    )


def _is_person(words: list[str], language: str) -> bool:
    """Whether a run of capitals is a person's first name and surname, and no body, place or title."""
    first, last = words[0], words[-1]
    if first in NO_FIRST_NAMES or last in LAST_WORDS_OF_BODIES or is_place(last) or is_place(" ".join(words)):
        return False
    if any(word in ORG_WORDS or word in countries() for word in words):
        return False
    if language != "de":
        return True
    capitals = [word for word in words if word[0].isupper()]
    is_calling = GERMAN_CALLING.search(first) is not None and first not in NAMES_LIKE_CALLINGS
    return len(capitals) == 2 and not is_calling
