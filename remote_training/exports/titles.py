"""What the researcher's page calls scores and tables, in her language.

The files of the data set have them in English whoever takes it: the words below are theirs,
and a test finds one that is missing here.
"""

from __future__ import annotations

from remote_training.core.words import say, translated
from remote_training.instruments.scales import Rule

SCORES = (
    say("Symptoms of anxiety"),
    say("Depressive symptoms"),
    say("Anxiety and depression"),
    say("Global health status"),
    say("Physical functioning"),
    say("Role functioning"),
    say("Emotional functioning"),
    say("Cognitive functioning"),
    say("Social functioning"),
    say("Fatigue"),
    say("Nausea and vomiting"),
    say("Pain"),
    say("Dyspnoea"),
    say("Insomnia"),
    say("Appetite loss"),
    say("Constipation"),
    say("Diarrhoea"),
    say("Financial difficulties"),
    say("Summary score"),
    say("Sensory"),
    say("Motor"),
    say("Autonomic"),
    say("All items that apply"),
    say("Physical fatigue"),
    say("Emotional fatigue"),
    say("Cognitive fatigue"),
    say("Interference with daily life"),
    say("Social sequelae"),
)
TABLES = (
    say("One row for each participant who gave consent, by study number"),
    say("One row for each time-point of each participant"),
    say(
        "One row for each question of each questionnaire that is asked of a participant, "
        "answered or not; replaced answers are left out"
    ),
    say(
        "One row for each time-point of each participant, a column for each question of "
        "the questionnaires in the study file; answers to others are in answers_long"
    ),
    say(
        "One row for each score of each time-point of each participant, under each rule "
        "for missing answers that the questionnaire offers; the flag of question 9 of "
        "the PHQ-9 is a safety record and is not in it"
    ),
    say("One row for each class hour of the sites"),
    say("One row for each booking of a class by a participant, cancelled ones too"),
    say("One row for each time that a participant put herself on the waiting list of a class"),
    say("One row for each week of each programme: planned, offered, booked, attended, missed"),
    say("One row for each programme: what it comes to, as trials report it"),
    say(
        "One row for each participant and class whose training was entered: effort, "
        "complaints, dose"
    ),
    say("One row for each exercise of each participant in each class whose training was entered"),
    say("One row for each adverse event; those entered by mistake are left out"),
)
RULES = {
    Rule.COMPLETE: say("a score only where all questions are answered (complete)"),
    Rule.HALF: say("a score where at least half of the questions are answered (half)"),
    Rule.PRORATE2: say("a score where at most two answers are missing (prorate2)"),
}


def title(label: str) -> str:
    """The label of a score or a table as the reader says it; a study's own as it is."""
    return translated(label) if label in SCORES or label in TABLES else label


def rule(asked: Rule) -> str:
    """When there is a score although answers are missing."""
    return translated(RULES[asked])
