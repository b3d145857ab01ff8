"""Scores: the worked vectors, a second way of counting, and what must hold for any answers."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from remote_training.instruments import load
from remote_training.instruments.errors import NoSuchRule
from remote_training.instruments.model import Instrument
from remote_training.instruments.scales import LinearScale, MeanOfScales, Number, Rule, SumScale
from remote_training.instruments.scoring import Score, is_enough, scores

VECTORS = Path(__file__).parents[1] / "data" / "scoring"
PHQ = "phq9_gad7_phqads_vectors.csv"
TOLERANCE = 1e-6
Answers = dict[str, int | None]


def rows(name: str) -> list[dict[str, str]]:
    """The worked cases of one file."""
    with (VECTORS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def answers_of(row: Mapping[str, str], instrument: Instrument) -> Answers:
    """The answers of a case; blank is missing."""
    codes = [item.code for item in instrument.counted()]
    return {code: int(row[code]) if row[code] else None for code in codes}


def is_as_printed(value: Any, printed: str) -> bool:
    """Whether a score is what the file says: blank, a word, or a number to 1e-6."""
    if value is None or not printed:
        return value is None and not printed
    return value == printed if isinstance(value, str) else abs(value - float(printed)) <= TOLERANCE


def same(codes: str) -> dict[str, str]:
    """Columns that are called like their scores."""
    return {code: code for code in codes.split()}


PHQ_ANY = same("PHQ9_ITEM9_FLAG PHQ9_MAJOR_DEP_SYNDROME PHQ9_OTHER_DEP_SYNDROME")
CIPN = "qlq_cipn20_vectors.csv"
OTHERWISE_ASKED = {  # the same answers where something else is known of each person
    "nobody knows: every item applies": (
        {"sex": "", "drives": ""}, same("SENSORY MOTOR AUTONOMIC") | {"SUM": "SUM_ALL20"}),
    "a woman who does not drive: 18 items": (
        {"sex": "F", "drives": "0"}, same("SENSORY") | {"SUM": "SUM_18"}),
}  # fmt: skip
CASES = [
    ("qlq-c30", "qlq_c30_vectors.csv", None,
     same("QL PF RF EF CF SF FA NV PA DY SL AP CO DI FI C30SUMMARY")),
    ("qlq-fa12", "qlq_fa12_vectors.csv", None, same("PHYS EMOT COGN INTERF SOCIAL")),
    ("qlq-cipn20", CIPN, None,
     {code: f"{code}_ELIG" for code in ("SENSORY", "MOTOR", "AUTONOMIC", "SUM")}),
    ("phq-9", PHQ, None, {"PHQ9": "PHQ9_COMPLETE"} | same("PHQ9_SEVERITY") | PHQ_ANY),
    ("phq-9", PHQ, Rule.PRORATE2, {"PHQ9": "PHQ9_PRORATE_MAX2"} | PHQ_ANY),
    ("phq-9", PHQ, Rule.HALF, {"PHQ9": "PHQ9_HALF"} | PHQ_ANY),
    ("gad-7", PHQ, None, {"GAD7": "GAD7_COMPLETE"} | same("GAD7_SEVERITY")),
    ("gad-7", PHQ, Rule.PRORATE2, {"GAD7": "GAD7_PRORATE_MAX2"}),
    ("gad-7", PHQ, Rule.HALF, {"GAD7": "GAD7_HALF"}),
    ("phq-ads", PHQ, None, {"PHQADS": "PHQADS_COMPLETE"}),
    ("phq-ads", PHQ, Rule.PRORATE2, {"PHQADS": "PHQADS_PRORATE_MAX2"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "name", "rule", "columns"), CASES, ids=[f"{case[0]} {case[2]}" for case in CASES]
)
def test_every_worked_vector_is_met_to_a_millionth(code, name, rule, columns):
    instrument, cases = load.instrument(code), rows(name)

    wrong = []
    for row in cases:
        facts = {fact: row[fact] for fact in instrument.facts}
        made = scores(instrument, answers_of(row, instrument), rule=rule, facts=facts)
        wrong += [
            (row["case_id"], code, made[code].value, row[column])
            for code, column in columns.items()
            if not is_as_printed(made[code].value, row[column])
        ]

    assert wrong == []
    assert len(cases) == 80
    for column in columns.values():
        assert any(row[column] for row in cases), f"{column}: nothing was compared"


@pytest.mark.parametrize(("facts", "columns"), OTHERWISE_ASKED.values(), ids=OTHERWISE_ASKED)
def test_the_worked_vectors_are_met_whatever_is_known_of_her(facts, columns):
    instrument = load.instrument("qlq-cipn20")
    known = {fact: value or None for fact, value in facts.items()}
    for row in rows(CIPN):
        made = scores(instrument, answers_of(row, instrument), facts=known)
        for code, column in columns.items():
            assert is_as_printed(made[code].value, row[column]), (row["case_id"], column)


def test_no_column_of_the_worked_vectors_is_left_out():
    told = {"case_id", "sex", "drives", "PHQ9_NMISS", "GAD7_NMISS"}  # of the case itself
    compared = {(name, column) for _, name, _, columns in CASES for column in columns.values()}
    compared |= {
        (CIPN, column) for _, columns in OTHERWISE_ASKED.values() for column in columns.values()
    }
    for code, name, _, _ in CASES:
        told |= {item.code for item in load.instrument(code).counted()}
        compared |= {(name, code) for code in told}

    for path in VECTORS.glob("*.csv"):
        for column in rows(path.name)[0]:
            assert (path.name, column) in compared, f"{path.name}: {column} is compared nowhere"


def second_way(instrument: Instrument, answers: Answers, rule: Rule, applying: set[str]) -> Any:
    """The same scores from the manuals once more: in fractions, over the raw mean."""
    found: dict[str, Fraction | None] = {}
    for scale in instrument.scales:
        if isinstance(scale, LinearScale | SumScale):
            asked = [code for code in scale.items if code in applying]
            given_ = [Fraction(answers[c]) for c in asked if answers.get(c) is not None]
            missing = len(asked) - len(given_)
            allowed = {Rule.COMPLETE: 0, Rule.PRORATE2: 2, Rule.HALF: len(asked) // 2}[rule]
            if not given_ or missing > allowed:
                found[scale.code] = None
                continue
            raw = sum(given_) / len(given_)
            if isinstance(scale, SumScale):
                found[scale.code] = raw * len(asked)
                continue
            item = instrument.item(scale.items[0])
            share = (raw - item.low) / (item.high - item.low)
            found[scale.code] = (1 - share) * 100 if scale.reverse else share * 100
        elif isinstance(scale, MeanOfScales):
            parts = [found[code] for code in scale.scales]
            turned = [
                100 - part if code in scale.reversed else part
                for code, part in zip(scale.scales, parts, strict=True)
                if part is not None
            ]
            whole = len(turned) == len(parts)
            found[scale.code] = sum(turned) / len(turned) if whole else None
    return found


often = hypothesis_settings(
    deadline=None,
    max_examples=1000 if os.environ.get("SOAK") else 40,
    suppress_health_check=[HealthCheck.too_slow],
)
SCORED = ["qlq-c30", "qlq-cipn20", "qlq-fa12", "phq-9", "gad-7"]


@st.composite
def filled(draw: st.DrawFn, code: str, *, complete: bool = False) -> Answers:
    """Answers to an instrument, some of them missing."""
    found: Answers = {}
    instrument = load.instrument(code)
    for item in [*instrument.items, *(item for part in instrument.parts for item in part.items)]:
        values = st.sampled_from(list(item.answers.values()))
        found[item.code] = draw(values if complete else st.none() | values | values)
    return found


def rules(code: str) -> st.SearchStrategy[Rule]:
    """One of the rules that an instrument offers."""
    return st.sampled_from(load.instrument(code).rules)


def numbers(made: Mapping[str, Score]) -> dict[str, Any]:
    """The values of the scores."""
    return {code: score.value for code, score in made.items()}


@pytest.mark.parametrize("code", SCORED)
@pytest.mark.random
@often
@given(data=st.data())
def test_a_second_way_of_counting_gives_the_same_scores(code, data):
    instrument = load.instrument(code)
    answers, rule = data.draw(filled(code)), data.draw(rules(code))
    out = data.draw(st.sets(st.sampled_from([item.code for item in instrument.items])))

    made = scores(instrument, answers, rule=rule, not_applicable=out)
    expected = second_way(instrument, answers, rule, {item.code for item in instrument.items} - out)

    for scale, value in expected.items():
        found = made[scale].value
        assert (found is None) == (value is None)
        assert value is None or abs(Fraction(found) - value) < Fraction(1, 10**9)


@pytest.mark.parametrize("code", [*SCORED, "phq-ads"])
@pytest.mark.random
@often
@given(data=st.data())
def test_a_score_never_leaves_its_range(code, data):
    instrument, answers = load.instrument(code), data.draw(filled(code))

    for rule in instrument.rules:
        made = scores(instrument, answers, rule=rule)
        for scale in instrument.scales:
            value = made[scale.code].value
            if isinstance(scale, Number) and value is not None:
                assert scale.low <= value <= scale.high


@pytest.mark.parametrize("code", SCORED)
def test_both_ends_of_every_range_are_reached(code):
    instrument = load.instrument(code)
    ends = [
        numbers(scores(instrument, {item.code: end(item) for item in instrument.items}))
        for end in (lambda item: item.low, lambda item: item.high)
    ]

    for scale in instrument.scales:
        if isinstance(scale, LinearScale | SumScale):
            assert {made[scale.code] for made in ends} == {scale.low, scale.high}


@pytest.mark.parametrize("code", [*SCORED, "phq-ads"])
@pytest.mark.random
@often
@given(data=st.data())
def test_a_higher_answer_moves_every_score_of_it_one_way_only(code, data):
    instrument = load.instrument(code)
    answers = data.draw(filled(code))
    movable = [
        item
        for item in instrument.counted()
        if answers[item.code] is not None and answers[item.code] != item.high
    ]
    if not movable:
        return
    item = data.draw(st.sampled_from(movable))
    rule = data.draw(rules(code))

    before = scores(instrument, answers, rule=rule)
    after = scores(instrument, answers | {item.code: answers[item.code] + 1}, rule=rule)  # type: ignore[operator]

    for scale in instrument.scales:
        one, two = before[scale.code].value, after[scale.code].value
        if not isinstance(scale, Number):
            continue
        assert (one is None) == (two is None)
        if one is None:
            continue
        if isinstance(scale, LinearScale | SumScale) and item.code not in scale.items:
            assert one == two
        elif isinstance(scale, MeanOfScales) or getattr(scale, "reverse", False):
            assert two <= one
        else:
            assert two >= one
        if isinstance(scale, LinearScale | SumScale) and item.code in scale.items:
            assert two != one


@pytest.mark.parametrize("code", SCORED)
@pytest.mark.random
@often
@given(data=st.data())
def test_half_of_the_items_that_apply_are_enough_and_one_less_is_not(code, data):
    instrument = replace(load.instrument(code), rules=(Rule.HALF,))
    answers = data.draw(filled(code, complete=True))
    out = data.draw(st.sets(st.sampled_from([item.code for item in instrument.items])))

    for scale in instrument.scales:
        if not isinstance(scale, LinearScale | SumScale):
            continue
        asked = [item for item in data.draw(st.permutations(scale.items)) if item not in out]
        needed = -(-len(asked) // 2)

        def value(count: int, scale: Any = scale, asked: Sequence[str] = asked) -> Any:
            kept = {item: answers[item] for item in asked[:count]}
            instrument_ = replace(
                instrument, scales=tuple(s for s in instrument.scales if s.code == scale.code)
            )
            return scores(instrument_, kept, not_applicable=out)[scale.code].value

        if asked:
            assert value(needed) is not None
            assert value(needed - 1) is None
        else:
            assert value(0) is None


@pytest.mark.parametrize("code", [*SCORED, "phq-ads"])
@pytest.mark.random
@often
@given(data=st.data())
def test_the_order_of_items_and_answers_makes_no_difference_at_all(code, data):
    instrument = load.instrument(code)
    answers, rule = data.draw(filled(code)), data.draw(rules(code))
    shuffled = replace(
        instrument,
        scales=tuple(
            scale.model_copy(update={"items": tuple(data.draw(st.permutations(scale.items)))})
            if isinstance(scale, LinearScale | SumScale)
            else scale
            for scale in instrument.scales
        ),
    )
    mixed = dict(data.draw(st.permutations(list(answers.items()))))

    assert numbers(scores(shuffled, mixed, rule=rule)) == numbers(
        scores(instrument, answers, rule=rule)
    )


@pytest.mark.random
@often
@given(data=st.data())
def test_a_sum_of_two_instruments_is_there_exactly_where_both_are(data):
    instrument, answers = load.instrument("phq-ads"), data.draw(filled("phq-ads"))
    rule = data.draw(rules("phq-ads"))

    made = scores(instrument, answers, rule=rule)["PHQADS"].value
    parts = [
        scores(part, answers, rule=rule)[code].value
        for part, code in zip(instrument.parts, ("PHQ9", "GAD7"), strict=True)
    ]

    assert made == (None if None in parts else sum(parts))


@pytest.mark.parametrize(
    ("points", "syndromes"),
    [
        pytest.param([2, 0, 2, 2, 2, 2, 0, 0, 0], (1, 0), id="five, one of them core"),
        pytest.param([2, 0, 2, 2, 2, 0, 0, 0, 1], (1, 0), id="question 9 counts from 1"),
        pytest.param([2, 0, 2, 2, 2, 0, 0, 1, 0], (0, 1), id="four are the other one"),
        pytest.param([0, 2, 2, 0, 0, 0, 0, 0, 0], (0, 1), id="two, one of them core"),
        pytest.param([0, 2, 1, 1, 1, 1, 1, 1, 0], (0, 0), id="one is too few"),
        pytest.param([1, 1, 3, 3, 3, 3, 3, 3, 3], (0, 0), id="without a core symptom neither"),
        pytest.param([3, 3, 3, 3, 3, 3, None, 3, 3], (None, None), id="one answer is missing"),
        pytest.param([1, 0, 3, None, None, None, None, None, None], (0, 0),
                     id="no core symptom, whatever the others are"),
        pytest.param([1, None, 0, 0, 0, 0, 0, 0, 0], (None, None), id="a core one is missing"),
    ],
)  # fmt: skip
def test_a_syndrome_needs_a_core_symptom_and_enough_of_them(points, syndromes):
    made = scores(load.instrument("phq-9"), phq9(*points))

    assert tuple(made[f"PHQ9_{one}_DEP_SYNDROME"].value for one in ("MAJOR", "OTHER")) == syndromes


@pytest.mark.parametrize(
    ("rule", "given_", "eligible", "enough"),
    [
        pytest.param(Rule.HALF, 3, 5, True, id="two of five may be missing"),
        pytest.param(Rule.HALF, 2, 5, False, id="three of five may not"),
        pytest.param(Rule.HALF, 1, 2, True, id="one of two is half"),
        pytest.param(Rule.HALF, 2, 3, True, id="one of three may be missing"),
        pytest.param(Rule.HALF, 1, 3, False, id="two of three may not"),
        pytest.param(Rule.HALF, 0, 0, False, id="nothing that applies gives nothing"),
        pytest.param(Rule.COMPLETE, 9, 9, True, id="complete"),
        pytest.param(Rule.COMPLETE, 8, 9, False, id="not complete"),
        pytest.param(Rule.PRORATE2, 7, 9, True, id="two missing"),
        pytest.param(Rule.PRORATE2, 6, 9, False, id="three missing"),
        pytest.param(Rule.PRORATE2, 0, 2, False, id="two missing of two"),
    ],
)
def test_when_the_answers_are_enough(rule, given_, eligible, enough):
    assert is_enough(rule, given_, eligible) is enough


def phq9(*points: int | None) -> Answers:
    """Answers to the PHQ-9, in order."""
    return {f"phq{n}": value for n, value in enumerate(points, start=1)}


@pytest.mark.parametrize(
    ("total", "label"),
    [(0, "minimal"), (4, "minimal"), (5, "mild"), (9, "mild"), (10, "moderate"),
     (14, "moderate"), (15, "moderately_severe"), (19, "moderately_severe"), (20, "severe"),
     (27, "severe")],
)  # fmt: skip
def test_the_severity_of_a_total_changes_exactly_at_its_cut_offs(total, label):
    points = [3] * (total // 3) + [total % 3] * (total % 3 > 0)
    made = scores(load.instrument("phq-9"), phq9(*points, *[0] * (9 - len(points))))

    assert (made["PHQ9"].value, made["PHQ9_SEVERITY"].value) == (total, label)


@pytest.mark.parametrize(
    ("total", "label"),
    [(9, "minimal"), (10, "mild"), (19, "mild"), (20, "moderate"), (29, "moderate"),
     (30, "severe"), (48, "severe")],
)  # fmt: skip
def test_both_together_have_a_severity_of_their_own(total, label):
    points = [3] * (total // 3) + [total % 3] * (total % 3 > 0) + [0] * 16
    answers = phq9(*points[:9]) | {f"gad{n}": points[8 + n] for n in range(1, 8)}

    made = scores(load.instrument("phq-ads"), answers)

    assert (made["PHQADS"].value, made["PHQADS_SEVERITY"].value) == (total, label)


def test_there_is_a_severity_under_the_strict_rule_only():
    instrument, whole = load.instrument("phq-9"), phq9(*[1] * 9)

    by_rule = {rule: scores(instrument, whole, rule=rule) for rule in instrument.rules}

    assert {made["PHQ9"].value for made in by_rule.values()} == {9}
    assert {rule: made["PHQ9_SEVERITY"].value for rule, made in by_rule.items()} == {
        Rule.COMPLETE: "mild", Rule.PRORATE2: None, Rule.HALF: None,
    }  # fmt: skip


def test_the_flag_of_question_9_does_not_wait_for_the_other_questions():
    instrument = load.instrument("phq-9")

    flags = [
        scores(instrument, {"phq9": value})["PHQ9_ITEM9_FLAG"].value for value in (None, 0, 1, 3)
    ]

    assert flags == [None, 0, 1, 1]
    assert scores(instrument, {"phq9": 3})["PHQ9"].value is None


def test_a_score_keeps_its_rule_its_version_and_the_items_it_was_made_from():
    made = scores(load.instrument("gad-7"), {f"gad{n}": 2 for n in range(1, 6)}, rule=Rule.PRORATE2)

    score = made["GAD7"]
    assert score.value == 14
    assert (score.rule, score.rules_version) == (Rule.PRORATE2, "1")
    assert score.items_used == ("gad1", "gad2", "gad3", "gad4", "gad5")
    assert (score.n_used, score.n_eligible) == (5, 7)
    none = scores(load.instrument("gad-7"), {"gad1": 2})["GAD7"]
    assert (none.value, none.items_used, none.n_eligible) == (None, (), 7)


def test_nothing_is_rounded():
    made = scores(load.instrument("qlq-c30"), {"q10": 2, "q12": 2, "q18": 3, "q8": 2})

    assert made["FA"].value == 400 / 9
    assert made["DY"].value == 100 / 3


def test_a_threshold_is_compared_with_the_unrounded_score():
    fatigue = load.instrument("qlq-c30").scale("FA")
    physical = load.instrument("qlq-c30").scale("PF")
    assert isinstance(fatigue, Number)
    assert isinstance(physical, Number)

    assert [fatigue.cutoffs[0].holds(value) for value in (33.4, 39.0, 39.0001)] == [
        False, False, True,
    ]  # fmt: skip
    assert [physical.cutoffs[0].holds(value) for value in (86.7, 83.0, 82.9999)] == [
        False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "not_applicable", "eligible", "value"),
    [
        pytest.param({"sex": "M", "drives": "1"}, (), 8, 100 / 6, id="she drives"),
        pytest.param({"sex": "M", "drives": "0"}, (), 7, 100 / 3, id="by the column"),
        pytest.param({"sex": "M"}, ("cipn19",), 7, 100 / 3, id="by her own answer"),
        pytest.param({}, (), 8, 100 / 6, id="nobody knows: the item counts"),
    ],
)
def test_what_does_not_apply_is_not_missing_and_an_answer_to_it_does_not_count(
    facts, not_applicable, eligible, value
):
    motor = ("cipn7", "cipn8", "cipn11")
    answers = dict.fromkeys(motor, 2) | {"cipn19": 1}
    made = scores(
        load.instrument("qlq-cipn20"), answers, facts=facts, not_applicable=not_applicable
    )

    assert made["MOTOR"].n_eligible == eligible
    if eligible == 8:  # four of eight are half
        assert made["MOTOR"].value == 25.0
        assert "cipn19" in made["MOTOR"].items_used
    else:  # three of seven are not
        assert made["MOTOR"].value is None
        more = scores(
            load.instrument("qlq-cipn20"),
            answers | {"cipn12": 2},
            facts=facts,
            not_applicable=not_applicable,
        )
        assert more["MOTOR"].value == value
        assert "cipn19" not in more["MOTOR"].items_used


def test_the_sum_of_two_instruments_needs_both():
    ads = load.instrument("phq-ads")
    anxiety = {f"gad{n}": 1 for n in range(1, 8)}

    assert scores(ads, phq9(*[2] * 9) | anxiety)["PHQADS"].value == 25
    assert scores(ads, anxiety)["PHQADS"].value is None
    assert scores(ads, phq9(*[2] * 9) | anxiety)["PHQADS"].n_used == 16


def test_a_rule_that_is_not_offered_is_refused():
    with pytest.raises(NoSuchRule, match="qlq-c30 has no rule “complete” for missing answers"):
        scores(load.instrument("qlq-c30"), {}, rule=Rule.COMPLETE)


@pytest.mark.parametrize("value", [-1, 4, True, 2.0, "2"])
def test_an_answer_that_cannot_be_given_makes_no_score(value):
    with pytest.raises(ValueError, match=r"phq3: .* is no answer to it"):
        scores(load.instrument("phq-9"), {"phq3": value})


def test_what_is_reported_item_by_item_has_no_scores():
    assert scores(load.instrument("neuropathy-nrs"), {"numb_feet": 3}) == {}
