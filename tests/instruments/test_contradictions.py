"""What a definition must not say against itself: one row for each sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from remote_training.instruments import load
from remote_training.instruments.errors import WrongInstrument


def shipped(code: str) -> str:
    """The text of a file that is shipped."""
    return (load.SHIPPED / f"{code}.toml").read_text(encoding="utf-8")


def refused(folder: Path, text: str) -> list[str]:
    """The sentences about a file; none where it agrees with itself."""
    path = folder / "form.toml"
    path.write_text(text, encoding="utf-8")
    try:
        load.read(path)
    except WrongInstrument as error:
        return error.faults
    return []


@pytest.mark.parametrize("code", [file.code for file in load.shipped()])
def test_what_is_shipped_agrees_with_itself(tmp_path, code):
    assert refused(tmp_path, shipped(code)) == []


OWN, PHQ, GAD, ADS = "neuropathy-nrs", "phq-9", "gad-7", "phq-ads"
C30, CIPN = "qlq-c30", "qlq-cipn20"
FIRST = 'items = ["phq1", "phq2"'


@pytest.mark.parametrize(
    ("code", "was", "becomes", "sentence"),
    [
        pytest.param(OWN, 'code = "numb_feet"', 'code = "numb_hands"',
                     "the item numb_hands stands twice.", id="a code that stands twice"),
        pytest.param(OWN, ', nl = "geen pijn" }', " }",
                     "answers pain, low_word has no words in 'nl'.", id="a language with a gap"),
        pytest.param(OWN, 'en = "no pain",', 'en = "no pain", sv = "ingen", ',
                     "answers pain, low_word has words in 'sv', a language that the title does "
                     "not have.", id="a language that nobody declared"),
        pytest.param(OWN, 'en = "no pain",', 'en = " ",',
                     "answers pain, low_word has no words in 'en'.", id="words that are blank"),
        pytest.param(OWN, 'nl = "Uw handen en voeten"', 'dutch = "Uw handen en voeten"',
                     "title: 'dutch' is no language; write its two letters.", id="no language"),
        pytest.param(OWN, "low = 0", "low = 10",
                     "answers numbness: low (10) is not below high (10).", id="no range"),
        pytest.param(OWN, 'answers = "trouble"', 'answers = "troubles"',
                     "item daily_life asks for the answers 'troubles', which are not described.",
                     id="answers that are not described"),
        pytest.param(OWN, 'answers = "trouble"', 'answers = "pain"',
                     "no item asks for the answers 'trouble'.", id="answers that nobody needs"),
        pytest.param(OWN, 'licence = "Apache-2.0, the same as the code"', "",
                     "licence is missing.", id="no licence"),
        pytest.param(OWN, 'permission = "Anybody may use', 'allowed = "Anybody may use',
                     "permission is missing.", id="no permission"),
        pytest.param(OWN, 'code = "numb_feet"', 'code = "numb feet"',
                     "items 2 (numb feet), code has no signs, signs that may not stand here, or "
                     "too many of them.", id="a code that is none"),
        pytest.param(GAD, 'items = ["gad1", "gad2", "gad3", "gad4", "gad5", "gad6", "gad7"]',
                     "items = []", "scales 1 (GAD7), sum, items must not be empty.",
                     id="a score of nothing"),
        pytest.param(OWN, "minutes = 2", "minutes = 2\nlength = 3",
                     "length is not known here; is it spelled as in the other files?",
                     id="a field that nobody knows"),
        pytest.param(OWN, "high = 10", 'high = "ten"',
                     "answers, numbness, scale, high must be a whole number.",
                     id="a word for a number"),
        pytest.param(OWN, "[title]", "[title", "is not TOML as it should be", id="no TOML"),
        pytest.param(OWN, 'wording = "shipped"', 'wording = "to be imported"',
                     "about has words, although the wording is to be imported.",
                     id="words where there should be none"),
        pytest.param(OWN, 'recall = "past_week"', 'recall = "past_week"\nmissing = ["half"]',
                     "missing: where there are scales there must be a rule, and only there.",
                     id="a rule without scores"),
        pytest.param(PHQ, "value = 3, text = { en = \"Nearly", "value = 2, text = { en = \"Nearly",
                     "answers frequency: the value 2 stands twice.", id="points that stand twice"),
        pytest.param(PHQ, 'stem = "bothered"', 'stem = "botherd"',
                     "item phq1 begins with the stem 'botherd', which is not there.",
                     id="a stem that is not there"),
        pytest.param(PHQ, "[stems.bothered]", '[stems.spare]\nen = "Spare"\n[stems.bothered]',
                     "no item asks for the stem 'spare'.", id="a stem that nobody needs"),
        pytest.param(PHQ, "alert = { at_least = 1 }", "alert = { at_least = 0 }",
                     "item phq9, alert: 0 must be above the lowest answer (0) and not above the "
                     "highest (3).", id="an alert at the lowest answer"),
        pytest.param(PHQ, "alert = { at_least = 1 }", "alert = { at_least = 4 }",
                     "item phq9, alert: 4 must be above the lowest answer (0) and not above the "
                     "highest (3).", id="an alert that nothing reaches"),
        pytest.param(PHQ, FIRST, 'items = ["phq11", "phq2"',
                     "scale PHQ9: there is no item 'phq11'.", id="a scale of an unknown item"),
        pytest.param(PHQ, FIRST, 'items = ["phq2", "phq2"',
                     "scale PHQ9: the item 'phq2' stands twice.", id="an item counted twice"),
        pytest.param(GAD, 'items = ["gad1", "gad2"', 'items = ["gad2"',
                     "item gad1 is in no scale: is it optional_unscored?", id="an item forgotten"),
        pytest.param(PHQ, FIRST, 'items = ["phq10", "phq1", "phq2"',
                     "item phq10 is optional_unscored, but a scale counts it.",
                     id="an unscored item that is counted"),
        pytest.param(PHQ, "high = 27", "high = 30",
                     "scale PHQ9: its items add up to 0 to 27, not 0 to 30.", id="a wrong range"),
        pytest.param(PHQ, "low = 0\nhigh = 27", "low = 27\nhigh = 27",
                     "scale PHQ9: low (27) is not below high (27).", id="a score without a range"),
        pytest.param(PHQ, "{ at = 20,", "{ at = 28,",
                     "scale PHQ9: the cut-off 28 is outside 0 to 27.", id="a cut-off outside"),
        pytest.param(PHQ, 'at = 20, label = "severe"', 'at = 20, label = "mild"',
                     "scale PHQ9: two cut-offs are called 'mild'.", id="a label that stands twice"),
        pytest.param(PHQ, "{ at = 20,", "{ at = 15,",
                     "scale PHQ9: two cut-offs stand at 'at_least 15'.", id="a cut-off twice"),
        pytest.param(PHQ, "important_difference = { low = 5,", "important_difference = { low = 6,",
                     "scale PHQ9: important_difference: low and high must be above 0, in this "
                     "order, and in the range.", id="a difference the wrong way round"),
        pytest.param(PHQ, 'lowest = "minimal"', 'lowest = "mild"',
                     "scale PHQ9_SEVERITY: lowest: 'mild' is the label of a cut-off already.",
                     id="a lowest label that a cut-off has"),
        pytest.param(PHQ, 'scale = "PHQ9"', 'scale = "GAD7"',
                     "scale PHQ9_SEVERITY: there is no scale 'GAD7' with a number above it.",
                     id="the severity of nothing"),
        pytest.param(PHQ, 'at = 20, label = "severe"', 'at = 20, when = "above", label = "severe"',
                     "scale PHQ9_SEVERITY: the scale 'PHQ9' needs cut-offs, all of them "
                     "'at_least'.", id="a severity by other cut-offs"),
        pytest.param(PHQ, 'missing = ["complete",', "missing = [",
                     "scale PHQ9_SEVERITY: there is a severity under the rule 'complete' only, "
                     "which is not offered.", id="a severity without its rule"),
        pytest.param(PHQ, 'missing = ["complete",', 'missing = ["half",',
                     "missing: the rule 'half' stands twice.", id="a rule that stands twice"),
        pytest.param(PHQ, 'item = "phq9"', 'item = "phq99"',
                     "scale PHQ9_ITEM9_FLAG: there is no item 'phq99'.", id="a flag of nothing"),
        pytest.param(PHQ, "\nat_least = 1", "\nat_least = 0",
                     "scale PHQ9_ITEM9_FLAG: at_least: 0 must be above the lowest answer (0) and "
                     "not above the highest (3).", id="a flag at the lowest answer"),
        pytest.param(PHQ, "\nat_least = 1", "\nat_least = 4",
                     "scale PHQ9_ITEM9_FLAG: at_least: 4 must be above the lowest answer (0) and "
                     "not above the highest (3).", id="a flag that nothing reaches"),
        pytest.param(PHQ, '"Several days"', '"Not at all "',
                     "answers frequency: two answers have the words 'Not at all' in 'en'.",
                     id="two answers in the same words"),
        pytest.param(PHQ, "value = 1,", "value = true,", "value must be a whole number.",
                     id="true for a whole number"),
        pytest.param(PHQ, "{ at = 5,", "{ at = true,", "at must be a number.",
                     id="true for a number"),
        pytest.param(PHQ, "{ at = 5,", "{ at = 12,",
                     "scale PHQ9_SEVERITY: the cut-offs of 'PHQ9' must stand from the lowest to "
                     "the highest.", id="cut-offs out of order"),
        pytest.param(PHQ, '"Several days"', '"Several \\u0007days"',
                     "answers frequency, choice 1 has a sign in 'en' that nobody can see (U+0007).",
                     id="a sign that controls a terminal"),
        pytest.param(PHQ, '"Several days"', '"Several \\u202edays"',
                     "answers frequency, choice 1 has a sign in 'en' that nobody can see (U+202E).",
                     id="a sign that turns the text round"),
        pytest.param(CIPN, 'sex = ["F", "M", "X"]', 'sex = ["F", "M", "F"]',
                     "facts: the value 'F' of 'sex' stands twice.", id="a fact's value twice"),
        pytest.param(PHQ, 'core = ["phq1", "phq2"]', 'core = ["phq1", "gad1"]',
                     "scale PHQ9_MAJOR_DEP_SYNDROME: core: 'gad1' is not among its symptoms.",
                     id="a core symptom that is none"),
        pytest.param(PHQ, "least = 5", "least = 10",
                     "scale PHQ9_MAJOR_DEP_SYNDROME: least, most: they must be in this order, and "
                     "not above 9.", id="a syndrome of too many symptoms"),
        pytest.param(PHQ, "symptoms = { phq1 = 2", "symptoms = { phq1 = 4",
                     "scale PHQ9_MAJOR_DEP_SYNDROME: symptoms: 4 of 'phq1' is not above its lowest "
                     "answer, or too high.", id="a symptom that nobody can have"),
        pytest.param(PHQ, "phq9 = 1 }", "phq99 = 1 }",
                     "scale PHQ9_MAJOR_DEP_SYNDROME: there is no item 'phq99'.",
                     id="a symptom of nothing"),
        pytest.param(PHQ, 'code = "PHQ9_ITEM9_FLAG"', 'code = "PHQ9"',
                     "scale PHQ9 stands twice.", id="a score that stands twice"),
        pytest.param(PHQ, 'loinc = "44250-9"', 'loinc = "44250-8"',
                     "item phq1: '44250-8' is no LOINC code; is a digit wrong?",
                     id="a wrong digit in a LOINC code"),
        pytest.param(PHQ, 'cdisc = "PHQ0102"', 'cdisc = "PHQ0101"',
                     "the CDISC code PHQ0101 stands twice.", id="a CDISC code that stands twice"),
        pytest.param(PHQ, '[codes]\nloinc = "44249-1"\n', '[scrap]\nloinc = "44249-1"\n',
                     "scrap is not known here", id="a table that nobody knows"),
        pytest.param(PHQ, "[credit]", '[translations]\nnl = "phq-nl"\n\n[credit]',
                     "translations: there is no wording in 'nl'.",
                     id="a translation without words"),
        pytest.param(ADS, '{ code = "gad-7", version = "1.0" }',
                     '{ code = "gad-7", version = "9.0" }',
                     "parts: there is no instrument gad-7 9.0.", id="a part that is not there"),
        pytest.param(ADS, '{ code = "gad-7", version = "1.0" }',
                     '{ code = "phq-9", version = "1.0" }',
                     "parts: phq-9 stands twice.", id="a part that stands twice"),
        pytest.param(ADS, '"GAD7"]', '"GAD8"]',
                     "scale PHQADS: no part has a score 'GAD8'.", id="a score no part has"),
        pytest.param(ADS, "high = 48", "high = 49",
                     "scale PHQADS: its scores add up to 0 to 48, not 0 to 49.",
                     id="parts that add up to something else"),
        pytest.param(ADS, 'parts = [', 'missing_parts = [', "missing_parts is not known here",
                     id="parts by another name"),
        pytest.param(ADS, 'parts = [{ code = "phq-9", version = "1.0" }, '
                     '{ code = "gad-7", version = "1.0" }]', "",
                     "it has neither items nor parts: there is nothing to ask and nothing to "
                     "calculate.", id="neither items nor parts"),
        pytest.param(C30, 'items = ["q29", "q30"]', 'items = ["q28", "q30"]',
                     "scale QL: its items do not all have the same lowest and highest answer.",
                     id="answers of two kinds in one scale"),
        pytest.param(C30, "high = 100", "high = 99",
                     "scale QL: it goes from 0 to 100, not 0 to 99.", id="a linear score to 99"),
        pytest.param(C30, 'scales = ["PF",', 'scales = ["PG",',
                     "scale C30SUMMARY: there is no scale 'PG' with a number above it.",
                     id="the mean of a score that is not there"),
        pytest.param(C30, 'scales = ["PF",', 'scales = ["RF",',
                     "scale C30SUMMARY: the scale 'RF' stands twice.", id="a mean of one twice"),
        pytest.param(C30, 'reversed = ["FA",', 'reversed = ["QL",',
                     "scale C30SUMMARY: reversed: 'QL' is not among its scales.",
                     id="turned round, but not counted"),
        pytest.param(C30, '[[items]]\ncode = "q1"\n',
                     '[[items]]\ncode = "q1"\ntext = { en = "test" }\n',
                     "item q1 has words, although the wording is to be imported.",
                     id="an item with words that must not be shipped"),
        pytest.param(CIPN, 'shown_if = { sex = "M" }', 'shown_if = { sex = "male" }',
                     "item cipn20, shown_if: sex = 'male' is not among the facts.",
                     id="a condition that nothing fulfils"),
        pytest.param(CIPN, 'shown_if = { sex = "M" }', "",
                     "facts: no item depends on 'sex'.", id="a fact that nobody needs"),
        pytest.param(CIPN, "not_applicable = {", "#",
                     "item cipn19 may not apply, but has no answer not_applicable to say so.",
                     id="nothing to press where it does not apply"),
    ],
)  # fmt: skip
def test_a_contradiction_is_one_sentence_that_names_its_place(
    tmp_path, code, was, becomes, sentence
):
    text = shipped(code)
    assert was in text

    faults = refused(tmp_path, text.replace(was, becomes, 1))

    assert any(sentence in fault for fault in faults), faults
    assert all(fault.startswith("form.toml: ") for fault in faults)


def test_codes_without_a_source_are_refused(tmp_path):
    text = shipped(PHQ)
    begins, ends = text.index("[codes]"), text.index("[stems.bothered]")

    faults = refused(tmp_path, text[:begins] + text[ends:])

    assert faults == [
        "form.toml: codes: there are codes of items, scales or answers, "
        "but nothing says their source."
    ]


def test_a_calculated_instrument_asks_nothing_itself_and_knows_its_parts(tmp_path):
    parts = 'parts = [{ code = "gad-7", version = "1.0" }]\n'
    asks = refused(tmp_path, shipped(OWN).replace("minutes = 2\n", f"minutes = 2\n{parts}"))
    alone = shipped(ADS).replace("parts = [{", "#").replace("[title]", '[title]\nnl = "PHQ-ADS"')

    assert asks == [
        "form.toml: it has parts and items: what is calculated from other instruments asks nothing."
    ]
    assert (
        "form.toml: scale PHQADS: it adds up scores of parts, but there are no parts."
        in refused(tmp_path, alone)
    )


def test_a_rule_that_a_part_does_not_offer_is_refused(tmp_path):
    text = shipped(ADS).replace('{ code = "gad-7"', '{ code = "qlq-fa12"')

    assert "form.toml: missing: qlq-fa12 does not offer the rule 'complete'." in refused(
        tmp_path, text
    )


def test_a_mean_takes_scores_from_0_to_100_only(tmp_path):
    mean = """
[[scales]]
code = "MEAN"
label = "A mean"
method = "mean_of_scales"
scales = ["PHQ9"]
low = 0
high = 100
direction = "high_is_worse"
source = "a test"
mark = "read in the source"
"""
    assert refused(tmp_path, shipped(PHQ) + mean) == [
        "form.toml: scale MEAN: the scale 'PHQ9' does not go from 0 to 100."
    ]


def test_a_file_as_editors_on_windows_write_it_is_read(tmp_path):
    path = tmp_path / "form.toml"
    path.write_text(shipped(GAD).replace("\n", "\r\n"), encoding="utf-8-sig", newline="")

    assert load.read(path).code == GAD


def test_a_file_in_another_encoding_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "form.toml"
    path.write_bytes(shipped(OWN).replace("geen pijn", "één").encode("latin-1", "replace"))

    with pytest.raises(WrongInstrument) as refusal:
        load.read(path)

    assert refusal.value.faults == ["form.toml: is not text in UTF-8."]


@pytest.mark.parametrize(
    "deep", ["x = " + "[" * 5_000 + "]" * 5_000, "x = " + "{a = " * 5_000 + "1" + "}" * 5_000]
)
def test_a_file_nested_too_deep_is_refused_in_a_sentence(tmp_path, deep):
    assert refused(tmp_path, deep) == ["form.toml: has lists or tables too deep inside each other."]
