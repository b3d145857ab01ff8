"""`instruments score`: a file of answers to a file of scores, as a researcher runs it."""

from __future__ import annotations

import csv
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from remote_training import cli
from remote_training.instruments import answer_files, load
from remote_training.instruments.errors import WrongAnswers
from tests.instruments.test_scoring import CASES, VECTORS, is_as_printed, rows

HEADER = ",".join(f"gad{n}" for n in range(1, 8))
GOOD = f"who,{HEADER}\nA,1,1,1,1,1,1,1\n"


@pytest.fixture
def score(
    monkeypatch, capsys, tmp_path
) -> Callable[..., tuple[int, list[dict[str, str]] | None, str]]:
    """Run the command: exit status, the rows of the scores (None for no file), the errors."""
    target = tmp_path / "scores.csv"

    def command(code: str, source: Path | str | bytes, *more: str):
        if not isinstance(source, Path):
            content = source.encode() if isinstance(source, str) else source
            source = tmp_path / "answers.csv"
            source.write_bytes(content)
        words = ["score", code, "--in", str(source), "--out", str(target), *more]
        monkeypatch.setattr("sys.argv", ["remote-training", "instruments", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        error = capsys.readouterr().err
        if not target.exists():
            return int(ended.value.code or 0), None, error
        with target.open(encoding="utf-8", newline="") as file:
            return int(ended.value.code or 0), list(csv.DictReader(file)), error

    return command


@pytest.mark.parametrize(
    ("code", "name", "rule", "columns"), CASES, ids=[f"{case[0]} {case[2]}" for case in CASES]
)
def test_the_command_gives_the_worked_vectors(score, code, name, rule, columns):
    status, made, error = score(code, VECTORS / name, *(["--rule", rule.value] if rule else []))

    expected = rows(name)
    assert status == 0
    assert made is not None
    assert [row["case_id"] for row in made] == [row["case_id"] for row in expected]
    wrong = [
        (row["case_id"], code, row[code], wanted[column])
        for row, wanted in zip(made, expected, strict=True)
        for code, column in columns.items()
        if not is_as_printed(_value(row[code]), wanted[column])
    ]
    assert wrong == []
    own = {scale.code for scale in load.instrument(code).scales}
    assert error.count("made room for the score") == len(own & set(expected[0]))


def _value(cell: str) -> float | str | None:
    try:
        return float(cell) if cell else None
    except ValueError:
        return cell


def test_further_columns_are_copied_as_they_are_and_answers_are_not(score):
    text = f'who,{HEADER},note\n"A, B",1,1,1,1,1,1,1,"=1+1 ""x"""\n'

    status, made, _ = score("gad-7", text)

    assert (status, made) == (
        0, [{"who": "A, B", "note": '=1+1 "x"', "GAD7": "7", "GAD7_SEVERITY": "mild"}],
    )  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GOOD.encode(), id="as written by most programs"),
        pytest.param(b"\xef\xbb\xbf" + GOOD.encode(), id="with the mark that Excel writes"),
        pytest.param(GOOD.replace("\n", "\r\n").encode(), id="with the line ends of Windows"),
        pytest.param(GOOD.rstrip().encode(), id="without a last line end"),
        pytest.param((GOOD + "\n\n").encode(), id="with empty lines"),
        pytest.param(GOOD.replace("A,1", "A, 1 ").encode(), id="with spaces around an answer"),
        pytest.param(GOOD.replace("A,1", "A,1.0").encode(), id="with 1.0 for 1"),
    ],
)
def test_a_file_is_read_whatever_wrote_it(score, content):
    status, made, _ = score("gad-7", content)

    assert (status, made) == (0, [{"who": "A", "GAD7": "7", "GAD7_SEVERITY": "mild"}])


def test_a_score_has_every_digit_that_there_is(score):
    _, made, _ = score("gad-7", GOOD.replace("A,1", "A,"), "--rule", "half")
    _, third, _ = score("gad-7", GOOD.replace("A,1,1,1", "A,,3,2"), "--rule", "half")

    assert made is not None
    assert third is not None
    assert made[0]["GAD7"] == "7"
    assert float(third[0]["GAD7"]) == 9 * 7 / 6


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(GOOD + "B,1,1,4,1,1,1,1\n",
                     "answers.csv: line 3, column 'gad3': '4' is no answer; it must be a whole "
                     "number from 0 to 3, or blank for a missing one.", id="too high"),
        pytest.param(GOOD + "B,1,1,1.5,1,1,1,1\n", "column 'gad3': '1.5' is no answer",
                     id="not whole"),
        pytest.param(GOOD + "B,1,1,NA,1,1,1,1\n", "column 'gad3': 'NA' is no answer", id="a word"),
        pytest.param(GOOD + "B,1,1,-1,1,1,1,1\n", "column 'gad3': '-1' is no answer",
                     id="below nothing"),
        pytest.param(GOOD + "B,1,1,\u0663,1,1,1,1\n", "column 'gad3': '\u0663' is no answer",
                     id="a digit of another script"),
        pytest.param(GOOD + 'B,1,1,"9\n",1,1,1,1\n', "line 4, column 'gad3': '9' is no answer",
                     id="after a line end inside a cell"),
        pytest.param(GOOD + "B,1,1\n", "answers.csv: line 3: 3 columns instead of 8.",
                     id="a line that is too short"),
        pytest.param(GOOD.replace("gad3,", ""), "line 1: the column 'gad3' is missing.",
                     id="a column that is missing"),
        pytest.param(GOOD.replace("who", "gad1"), "the column 'gad1' stands twice.",
                     id="a column that stands twice"),
        pytest.param(GOOD.replace(",", ";"), "the columns must be separated by commas.",
                     id="semicolons"),
        pytest.param("", "line 1: the column 'gad1' is missing.", id="an empty file"),
        pytest.param(GOOD.encode("utf-16"), "is not text in UTF-8.", id="another encoding"),
        pytest.param(GOOD + 'B,"1,1,1,1,1,1,1\n', "is no CSV", id="a quotation that never ends"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place_and_no_file_appears(
    score, tmp_path, content, sentence
):
    status, made, error = score("gad-7", content)

    assert (status, made) == (1, None)
    assert sentence in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers.csv"]


def test_a_refusal_leaves_older_scores_as_they_were(score, tmp_path):
    score("gad-7", GOOD)
    before = (tmp_path / "scores.csv").read_bytes()

    status, _, _ = score("gad-7", GOOD + "B,9,1,1,1,1,1,1\n")

    assert status == 1
    assert (tmp_path / "scores.csv").read_bytes() == before


CIPN = ",".join(f"cipn{n}" for n in range(1, 21))


def test_what_a_score_depends_on_must_have_a_column_and_a_known_value(score):
    row = ",".join(["2"] * 20)

    assert score("qlq-cipn20", f"{CIPN}\n{row}\n")[2] == (
        "answers.csv: line 1: the column 'sex' is missing.\n"
        "answers.csv: line 1: the column 'drives' is missing.\n"
    )
    assert score("qlq-cipn20", f"sex,drives,{CIPN}\nw,1,{row}\n")[2] == (
        "answers.csv: line 2, column 'sex': 'w' must be one of F, M, X, or blank.\n"
    )
    status, made, _ = score("qlq-cipn20", f"sex,drives,{CIPN}\nF,0,{row}\n")
    assert status == 0
    assert made is not None
    assert made[0]["sex"] == "F"
    assert float(made[0]["SUM"]) == pytest.approx(100 / 3)


def test_an_instrument_without_scores_copies_its_columns_and_says_so(score):
    status, made, error = score("neuropathy-nrs", "who,numb_feet\nA,3\n")

    assert (status, made) == (0, [{"who": "A", "numb_feet": "3"}])
    assert error == "neuropathy-nrs has no scores: it is reported item by item.\n"


def test_refusals_have_status_1_and_wrong_usage_2(score, tmp_path):
    assert score("phq-8", GOOD)[0] == 1
    assert "there is no instrument 'phq-8'; there are gad-7, " in score("phq-8", GOOD)[2]
    assert score("qlq-fa12", GOOD, "--rule", "complete")[0] == 1
    assert "qlq-fa12 has no rule “complete”" in score("qlq-fa12", GOOD, "--rule", "complete")[2]
    assert score("gad-7", GOOD, "--rule", "most")[0] == 2
    assert score("gad-7", tmp_path / "nowhere.csv")[0] == 2
    assert score("gad-7", GOOD, "--out", str(tmp_path / "nowhere" / "scores.csv"))[0] == 1


def test_the_answers_are_never_overwritten(score, tmp_path):
    status, _, error = score("gad-7", GOOD, "--out", str(tmp_path / "answers.csv"))

    assert status == 1
    assert "is the file with the answers; write to another one." in error
    assert (tmp_path / "answers.csv").read_text() == GOOD


def test_through_a_link_the_scores_are_written_where_it_leads(score, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept.csv").write_text("older")
    (tmp_path / "scores.csv").symlink_to(elsewhere / "kept.csv")

    assert score("gad-7", GOOD)[0] == 0

    assert (tmp_path / "scores.csv").is_symlink()
    assert (elsewhere / "kept.csv").read_text() == "who,GAD7,GAD7_SEVERITY\nA,7,mild\n"


def test_a_link_that_leads_back_to_itself_is_refused(tmp_path):
    (tmp_path / "answers.csv").write_text(GOOD)
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")

    with pytest.raises(WrongAnswers, match="is a link that leads back to itself"):
        answer_files.score_file(
            load.instrument("gad-7"), tmp_path / "answers.csv", tmp_path / "loop.csv"
        )


def test_a_pipe_is_written_into_and_stays_a_pipe(score, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    held = os.open(pipe, os.O_RDWR)  # neither end waits for the other, whatever becomes of it
    try:
        status, _, error = score("gad-7", GOOD, "--out", str(pipe))
        refusal, _, _ = score("gad-7", GOOD + "B,9,1,1,1,1,1,1\n", "--out", str(pipe))
        os.write(held, b"end")
        content = os.read(held, 1000)
    finally:
        os.close(held)

    assert (status, refusal) == (0, 1)
    assert pipe.is_fifo()
    assert content == b"who,GAD7,GAD7_SEVERITY\nA,7,mild\nend"
    assert error == "1 rows\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers.csv", "pipe"]


def test_a_folder_that_is_not_there_is_named_whole(score, tmp_path):
    nowhere = tmp_path / "no" / "where"

    status, _, error = score("gad-7", GOOD, "--out", str(nowhere / "scores.csv"))

    assert (status, error) == (1, f"scores.csv: the folder {nowhere} is not there.\n")


def test_somebody_without_any_answer_has_a_row_without_scores(score):
    status, made, _ = score("gad-7", f"{GOOD},,,,,,,\n\n")

    blank = {"who": "", "GAD7": "", "GAD7_SEVERITY": ""}
    assert (status, made) == (0, [{"who": "A", "GAD7": "7", "GAD7_SEVERITY": "mild"}, blank])


def test_a_long_file_needs_no_more_memory_than_a_short_one(tmp_path):
    peaks = []
    for count in (100, 5_000):
        source = tmp_path / f"{count}.csv"
        with source.open("w") as file:
            file.write(f"who,{HEADER}\n")
            file.writelines(f"{'x' * 2000},1,1,1,1,1,1,1\n" for _ in range(count))
        tracemalloc.start()
        answer_files.score_file(load.instrument("gad-7"), source, tmp_path / "out.csv")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert source.stat().st_size > 10_000_000
    assert peaks[1] < peaks[0] + 200_000
