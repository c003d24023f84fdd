"""Who is named behind a closing mark in other languages than English: what punctuation and the verb decide together.

Nothing else of an attribution is read in them: not "a-t-il dit", not names before the verb, not descriptions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from pipeline.lexicon.gazetteer import countries
from pipeline.lexicon.organisations import ORG_WORDS

VERBS: Mapping[str, str] = {
    "fr": "a dit|a déclaré|a expliqué|a ajouté|a affirmé|a précisé|déclare|explique|affirme|ajoute",
    "de": "sagte|sagt|erklärte|meinte|betonte|ergänzte",
    "es": "dijo|afirmó|declaró|explicó|añadió|señaló",
}
# Common given names where French, German or Spanish is spoken. A run of capitals that does not begin with one of them may
# be a title and a surname (Deichgraf Oltmanns, Mgr Delahousse) or a body (Cruz Roja, Guardia Civil): these are far too
# many to be listed, and a name that is missing here costs a null only.
GIVEN_NAMES: frozenset[str] = frozenset(
    """Adrián Adriana Agnès Agustín Aitor Alain Alba Albert Alberto Alejandra Alejandro Alexander Alexandra Alexandre
    Alexis Alfonso Alfred Alfredo Alice Alicia Alois Álvaro Amandine Amélie Amparo Ana André Andrea Andreas Andrés
    Ángel Angela Ángela Ángeles Anja Anke Anna Annalena Anne Anneliese Annette Annie Antje Antoine Antonia Antonin
    Antonio Armin Arnaud Arne Arthur Arturo Astrid Asunción August Aurélie Aurélien Axel Baptiste Barbara Bärbel
    Bastian Bastien Beate Beatriz Begoña Benito Benjamin Benoît Bernadette Bernard Bernd Bernhard Bertrand Bettina
    Birgit Björn Blanca Blandine Bodo Boris Brigitte Britta Bruno Burkhard Camille Carine Carl Carla Carlos Carmen
    Carolina Caroline Carsten Catalina Catherine Cécile Céline César Chantal Charlotte Chloé Christa Christelle
    Christian Christiane Christina Christine Christoph Christophe Claire Clara Claude Claudia Claudio Clémence Clemens
    Clément Clémentine Concepción Consuelo Corinne Cornelia Cristina Cristóbal Cyril Dagmar Damien Daniel Daniela
    Danielle David Delphine Denis Detlef Diana Didier Diego Dieter Dietmar Dietrich Dirk Dolores Domingo Dominique
    Doris Dorothea Eberhard Eckart Édouard Eduardo Elena Elfriede Elisabeth Élisabeth Élise Elke Ella Élodie Éloïse
    Elvira Emil Emilia Emilio Emma Emmanuel Emmanuelle Encarnación Enrique Erhard Éric Erich Erik Erika Ernesto Ernst
    Erwin Esperanza Esteban Estelle Étienne Eugenia Eugénie Eugenio Eva Ewald Fabian Fabián Fabien Fabienne Fabrice
    Federico Felipe Felix Félix Fernanda Fernando Finn Firmin Florence Florian Francisca Francisco Franck François
    Françoise Frank Franz Franziska Frédéric Frieda Friedrich Fritz Gabriel Gabriela Gaël Gaëlle Gaspar Geneviève
    Geoffroy Georg Georges Gérald Gérard Gerardo Gerd Gerhard Gerlinde Germain Gertrud Ghislaine Gilles Gisela Gloria
    Gonzalo Graciela Grégoire Gregorio Grégory Greta Guadalupe Gudrun Guillaume Guillermo Günter Günther Gustav
    Gustavo Guy Hanna Hannah Hannelore Hannes Hans Harald Hartmut Héctor Heidi Heike Heiko Heiner Heinrich Heinz
    Hélène Helga Helmut Hendrik Henning Henri Herbert Hermann Hervé Hilde Hinnerk Holger Horst Hubert Hubertus Hugo
    Hugues Huguette Ignacio Iker Ilona Ilse Ines Inès Inés Inge Ingeborg Ingo Ingrid Irene Irmgard Isabel Isabelle
    Isidro Ismael Iván Jacqueline Jacques Jaime Jan Jana Javier Jean Jeanne Jeannine Jens Jérémy Jérôme Jesús Jimena
    Joachim Joaquín Jochen Joël Joëlle Johann Johanna Johannes Jonas Jordi Jörg Jorge José Josef Josefa Josefina
    Joseph Josiane Juan Juana Julia Julian Julián Julie Julien Juliette Julio Jürgen Justine Jutta Kai Karin Karine
    Karl Karla Karsten Katharina Kathrin Katja Katrin Kerstin Kevin Klara Klaus Konrad Konstantin Kristina Kurt
    Laetitia Lars Laura Laure Laurence Laurent Léa Lena Léo Leon Léon Leonie Leonor Leticia Lionel Loïc Lorena Lorenzo
    Lothar Lotte Louis Louise Lourdes Luc Lucas Lucía Lucie Lucien Ludger Ludovic Ludwig Luis Luisa Lukas Lutz Luz
    Lydie Madeleine Magdalena Maike Malte Manfred Manon Manuel Manuela Marc Marcel Marcela Marcelo Marco Marcos
    Margarete Margarita Margot Margret Marguerite Maria María Mariana Marianne Mariano Marie Marina Marine Mario
    Marion Marius Markus Marlene Marlène Marlies Marta Martin Martín Martina Martine Mateo Mathieu Mathilde Matías
    Matthias Matthieu Maurice Mauricio Max Maxime Maximilian Meike Melanie Mélanie Mercedes Michael Michaela Michel
    Michèle Micheline Miguel Milagros Mireille Miriam Mirko Mónica Monique Montserrat Moritz Muriel Nadine Nadja
    Natalia Nathalie Nicolas Nicolás Nicole Nieves Niklas Nils Nina Noelia Noémie Norbert Nuria Odette Odile Olaf Ole
    Olga Oliver Olivier Óscar Oskar Otto Pablo Paloma Pascal Pascale Patrice Patricia Patricio Patrick Paul Paula
    Pauline Pedro Peter Petra Philipp Philippe Pierre Pilar Quentin Rafael Rainer Ralf Ramón Raphaël Raquel Raúl
    Raymond Regina Reiner Reinhard Remedios Rémi Renate Renaud René Ricardo Richard Rita Robert Roberto Robin Rocío
    Rodolfo Rodrigo Rogelio Roland Rolf Romain Roman Román Rosa Rosario Roselyne Rosemarie Rubén Rüdiger Rudolf Ruth
    Sabine Sabrina Salvador Samuel Sandra Sandrine Sara Sarah Sascha Sebastian Sébastien Serge Sergio Séverine
    Siegfried Sigrid Silke Silvia Simon Simone Sofía Solange Soledad Sonia Sonja Sophie Stefan Stefanie Steffen
    Stephan Stéphane Stéphanie Susana Susanne Suzanne Sven Svenja Sylvain Sylvie Tanja Teodoro Teresa Théo Theodor
    Theresa Thérèse Thibault Thierry Thilo Thomas Thorsten Tim Timo Tobias Tomás Torben Torsten Trinidad Udo Ulf
    Ulrich Ulrike Ursula Ute Uwe Valentina Valérie Vanessa Vera Verena Véronique Vicente Victor Víctor Viktor Viktoria
    Vincent Virginie Viviane Volker Walter Waltraud Werner Wiebke Wilfried Wilhelm Willi Winfried Wolf Wolfgang Xavier
    Ximena Yann Yannick Yolanda Yves Yvette Yvonne""".split()
)
_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w’'-]*[a-zß-öø-ÿ]"
_SPACE = r"[ \u00a0\u202f]"
_PARTICLE = r"(?:de|du|des|del|la|von|van|der|den|zu|y|di|da|al|el|ben)"


class ForeignAttribution(NamedTuple):
    """A person named as the speaker of the quotation that closes right before the verb; offsets are into the text."""

    cue_start: int
    cue_end: int
    start: int
    end: int


def find_foreign_attributions(text: str, language: str) -> tuple[ForeignAttribution, ...]:
    """Every `»`, verb, name in this order, as in `« … », a dit Solange Mercadier`; a doubtful name is left out."""
    if language not in VERBS:
        return ()
    return tuple(
        ForeignAttribution(*found.span("cue"), *found.span("name"))
        for found in _pattern(language).finditer(text)
        if _is_person(found["name"].split())
    )


@cache
def _pattern(language: str) -> re.Pattern[str]:
    return re.compile(
        rf"[»«“”\"‹›],?\s+(?P<cue>{VERBS[language]})\s+"
        rf"(?P<name>{_CAPITAL}(?:{_SPACE}(?:{_PARTICLE}{_SPACE}){{0,2}}{_CAPITAL}){{1,2}})(?=[,.;:!?]|\s+[a-zà-öø-ÿ(„“«»\"]|\s*$|\n)"
    )


def _is_person(words: list[str]) -> bool:
    """Whether a run of capitals begins with a given name and holds no word of bodies or places."""
    given = re.split("[-’']", words[0])[0]
    return given in GIVEN_NAMES and not any(word in ORG_WORDS or word in countries() for word in words[1:])
