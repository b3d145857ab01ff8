"""Taking in a study's licensed wording. All words here are of our own, made up as the test runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest

from remote_training import cli
from remote_training.core.db import db
from remote_training.instruments import load, wordings
from remote_training.instruments.errors import WrongWording
from tests.conftest import NO_WORDING, new_app
from tests.test_repository import ROOT, files

MARKER = "-".join(["test", "wording", str(os.getpid())])
PERMISSION = """
[permission]
granted_by = "The owner"
granted_to = "A university"
study = "A trial"
granted_on = 2026-01-05
reference = "R-1234"
"""


def fa12(*languages: str, version: str = "1", name: str = "t1", **changes: str) -> str:
    """A file with words for the QLQ-FA12, made up; `changes` are other words for some items."""
    told = languages or ("en", "nl")

    def words(text: str) -> str:
        return "{ " + ", ".join(f'{one} = "{MARKER} {text} {one}"' for one in told) + " }"

    translations = "\n".join(f'{one} = "{name}-{one}"' for one in told)
    items = "\n".join(f"fa{n} = {words(changes.get(f'fa{n}', f'item {n}'))}" for n in range(1, 13))
    answers = "\n".join(f"{n} = {words(f'answer {n}')}" for n in range(1, 5))
    return f"""
instrument = "qlq-fa12"
version = "1.0"
wording_version = "{version}"
title = {words("title")}
{PERMISSION}
[translations]
{translations}
[stems]
week = {words("stem")}
[answers.four]
{answers}
[items]
{items}
"""


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """Write a wording file, and say where."""

    def write(text: str) -> Path:
        path = tmp_path / "wording.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of what was taken in; it is not there yet."""
    return tmp_path / "kept"


@pytest.fixture
def take_in(written, folder) -> Callable[[str], wordings.WordingFile]:
    """Take in a file with this text."""
    return lambda text: wordings.take_in(written(text), folder, load.shipped())


@pytest.fixture
def run(monkeypatch, capsys, folder) -> Callable[..., tuple[int, str, str]]:
    """Run one command as a person does: exit status, output, errors."""
    monkeypatch.setenv("WORDING_DIR", str(folder))

    def command(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["remote-training", "instruments", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return command


@pytest.fixture
def looks_there(folder) -> Iterator[None]:
    """The running app looks for wording in the folder."""
    load.look_for_wording_in(folder)
    yield
    load.look_for_wording_in(NO_WORDING)


@pytest.fixture
def looks_nowhere() -> Iterator[None]:
    """The running app has no wording, before and after."""
    load.look_for_wording_in(NO_WORDING)
    yield
    load.look_for_wording_in(NO_WORDING)


def test_an_import_completes_a_structure_and_the_running_app_sees_it(run, written, looks_there):
    assert load.instrument("qlq-fa12").languages == ()

    status, told, _ = run("import", str(written(fa12())))

    form = load.instrument("qlq-fa12")
    dutch = load.wording(form, "nl")
    assert (status, form.languages, form.cannot_be_shown_because) == (0, ("en", "nl"), None)
    assert dutch.translation == "t1-nl"
    assert dutch.title == f"{MARKER} title nl"
    assert [item.text for item in dutch.items] == [f"{MARKER} item {n} nl" for n in range(1, 13)]
    assert dutch.items[0].stem == f"{MARKER} stem nl"
    assert dutch.items[0].choices[3] == (4, f"{MARKER} answer 4 nl")
    assert form.item("fa1").text == {"en": f"{MARKER} item 1 en", "nl": f"{MARKER} item 1 nl"}
    assert "granted by The owner to A university for A trial on 2026-01-05" in told


def test_the_list_shows_who_granted_what(run, written):
    before = run("list")[1]
    run("import", str(written(fa12("nl"))))
    after = run("list")[1]

    line = (
        "    nl: t1-nl, wording version 1; granted by The owner to A university "
        "for A trial on 2026-01-05, reference R-1234"
    )
    assert line not in before
    assert line in after.splitlines()
    assert "qlq-fa12 1.0 | 12 items | wording to be imported" in before
    assert "qlq-fa12 1.0 | 12 items | nl | validated" in after


def test_imported_words_stand_in_the_folder_and_nowhere_in_the_repository(run, written, folder):
    run("import", str(written(fa12())))

    kept = list(folder.iterdir())
    assert [path.name for path in kept] == ["qlq-fa12__1.0__1.toml"]
    assert MARKER in kept[0].read_text(encoding="utf-8")
    assert [path for path in files() if MARKER.encode() in path.read_bytes()] == []


def test_nobody_else_on_the_machine_can_read_the_folder(take_in, folder):
    take_in(fa12())

    modes = [folder.stat().st_mode & 0o077, *(p.stat().st_mode & 0o077 for p in folder.iterdir())]
    assert modes == [0, 0]


@pytest.mark.parametrize(
    "inside",
    [
        load.SHIPPED / "wording",
        pytest.param(
            ROOT / "wording",
            marks=pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no repository here"),
        ),
    ],
    ids=["in the package", "in the repository"],
)
def test_a_folder_inside_the_code_is_refused(written, inside):
    with pytest.raises(WrongWording, match=r"WORDING_DIR\) must not be inside the code"):
        wordings.take_in(written(fa12()), inside, load.shipped())

    assert not inside.exists()


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        pytest.param(PERMISSION, "", "permission is missing.", id="no permission"),
        pytest.param('granted_by = "The owner"\n', "", "permission, granted_by is missing.",
                     id="nobody who granted it"),
        pytest.param("granted_on = 2026-01-05\n", "", "permission, granted_on is missing.",
                     id="no date"),
        pytest.param('reference = "R-1234"\n', "", "permission, reference is missing.",
                     id="no reference number"),
        pytest.param('study = "A trial"\n', "", "permission, study is missing.", id="no study"),
        pytest.param(f'fa3 = {{ en = "{MARKER} item 3 en", nl = "{MARKER} item 3 nl" }}',
                     f'fa3 = {{ en = "{MARKER} item 3 en" }}',
                     "item fa3 has no words in 'nl'.", id="a language with a gap"),
        pytest.param("\nfa3 = ", "\nfa13 = ", "item fa3 has no words in 'en'.",
                     id="an item that is left out"),
        pytest.param("\nfa3 = ", "\nfa13 = ", "item fa13 is not known in qlq-fa12 1.0.",
                     id="an item that is not known"),
        pytest.param("\n3 = ", "\n5 = ", "answers four, choice 3 has no words in 'nl'.",
                     id="an answer that is left out"),
        pytest.param("\n3 = ", "\n5 = ", "answers four, choice 5 is not known in qlq-fa12 1.0.",
                     id="an answer that is not known"),
        pytest.param("[stems]\nweek = ", "[stems]\nday = ", "stem week has no words in 'en'.",
                     id="a stem that is left out"),
        pytest.param('nl = "t1-nl"\n', "", "item fa1 has words in 'nl', a language that "
                     "translations does not have.", id="a language without the name of "
                     "its translation"),
        pytest.param('version = "1.0"', 'version = "7.0"', "there is no instrument qlq-fa12 7.0.",
                     id="a version without a structure"),
        pytest.param('instrument = "qlq-fa12"', 'instrument = "qlq-fa13"',
                     "there is no instrument qlq-fa13 1.0.", id="an unknown instrument"),
        pytest.param('en = "t1-en"', 'en = ""', "translations, en has no signs, ",
                     id="a translation without a name"),
        pytest.param("[stems]\nweek = { ", '[stems]\nweek = { fy = "\\u202e", ',
                     "stem week has a sign in 'fy' that nobody can see (U+202E).",
                     id="a sign that turns the text round"),
        pytest.param('reference = "R-1234"', 'reference = " "',
                     "permission, reference has no signs, ", id="a reference number that is blank"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_a_sentence_and_nothing_is_kept(
    run, written, folder, was, becomes, sentence
):
    assert was in fa12()

    status, _, error = run("import", str(written(fa12().replace(was, becomes, 1))))

    assert status == 1
    assert any(line.startswith("wording.toml: ") and sentence in line for line in error.split("\n"))
    assert not folder.exists()


def test_the_same_file_again_changes_nothing(take_in, folder):
    take_in(fa12())
    before = [(path.name, path.stat().st_mtime_ns) for path in folder.iterdir()]

    take_in(fa12())

    assert [(path.name, path.stat().st_mtime_ns) for path in folder.iterdir()] == before


def test_another_content_under_the_same_version_is_refused(take_in, folder):
    take_in(fa12())
    before = next(folder.iterdir()).read_bytes()

    with pytest.raises(WrongWording, match="version 1 is here already, with another content"):
        take_in(fa12(fa3="in other words"))

    assert [path.read_bytes() for path in folder.iterdir()] == [before]


def test_a_changed_text_needs_another_name_for_its_translation(take_in):
    take_in(fa12())

    with pytest.raises(WrongWording, match="'t1-en' is here already in wording version 1"):
        take_in(fa12(version="2", fa3="in other words"))

    take_in(fa12(version="2", name="t2", fa3="in other words"))


def test_an_older_wording_version_is_refused_once_a_newer_one_is_here(take_in):
    take_in(fa12(version="10"))

    with pytest.raises(WrongWording, match="version 9 is older than 10, which is here already"):
        take_in(fa12(version="9"))


def test_answers_given_under_older_words_can_still_be_read(take_in, folder, looks_there):
    take_in(fa12())
    take_in(fa12(version="2", name="t2", fa3="in other words"))

    form = load.instrument("qlq-fa12")
    newest, older = load.wording(form, "nl"), load.wording(form, "nl", "t1-nl")

    assert (newest.translation, older.translation) == ("t2-nl", "t1-nl")
    assert newest.items[2].text == f"{MARKER} in other words nl"
    assert older.items[2].text == f"{MARKER} item 3 nl"
    assert form.translation("nl", "t1-nl").wording_version == "1"


def test_a_newer_file_with_one_language_leaves_the_others_as_they_are(take_in, looks_there):
    take_in(fa12())
    take_in(fa12("nl", version="2", name="t2", fa3="in other words"))

    form = load.instrument("qlq-fa12")

    assert set(form.languages) == {"en", "nl"}
    assert load.wording(form, "en").translation == "t1-en"
    assert load.wording(form, "nl").translation == "t2-nl"


def test_without_english_the_first_language_is_shown_and_said_to_be_another(take_in, looks_there):
    take_in(fa12("de", "nl"))

    shown = load.wording(load.instrument("qlq-fa12"), "sv")

    assert (shown.language, shown.is_another_language) == ("de", True)


def cipn20(*languages: str) -> str:
    """The same for the QLQ-CIPN20, whose item 19 has one more answer."""
    text = fa12(*languages).replace("qlq-fa12", "qlq-cipn20")
    lines = [line for line in text.split("\n") if not line.startswith("fa")]
    item = next(line for line in text.split("\n") if line.startswith("fa1 ="))
    return "\n".join(lines) + "\n".join(item.replace("fa1", f"cipn{n}") for n in range(1, 21))


def test_the_answer_for_what_does_not_apply_has_words_of_ours_until_others_come(
    take_in, looks_there
):
    take_in(cipn20("nl"))

    items = load.wording(load.instrument("qlq-cipn20"), "nl").items

    assert items[18].not_applicable == "Dit is niet op mij van toepassing"
    assert {item.not_applicable for item in items if item.code != "cipn19"} == {""}


def test_a_language_in_which_we_have_no_words_for_that_answer_must_bring_them(take_in):
    with pytest.raises(WrongWording, match="item cipn19, not_applicable has no words in 'de'"):
        take_in(cipn20("de"))

    theirs = '\n[not_applicable]\ncipn19 = { de = "made up" }\n'
    assert take_in(cipn20("de") + theirs).not_applicable == {"cipn19": {"de": "made up"}}


def test_a_language_that_is_shipped_is_not_replaced_but_another_may_be_added(take_in, looks_there):
    def gad7(language: str) -> str:
        text = fa12(language).replace("qlq-fa12", "gad-7").replace("week =", "bothered =")
        for n in range(8, 13):
            text = "\n".join(line for line in text.split("\n") if not line.startswith(f"fa{n} ="))
        text = text.replace("\nfa", "\ngad").replace("[answers.four]", "[answers.frequency]")
        for n in range(1, 5):
            text = text.replace(f"\n{n} =", f"\n{n - 1} =")
        return text

    with pytest.raises(WrongWording, match="'en' is shipped with the platform, and stays as it is"):
        take_in(gad7("en"))
    take_in(gad7("nl"))

    form = load.instrument("gad-7")
    assert form.languages == ("en", "nl")
    assert load.wording(form, "en").items[3].text == "Trouble relaxing"
    assert load.wording(form, "nl").items[3].text == f"{MARKER} item 4 nl"
    assert load.wording(form, "nl").credit.startswith("Developed by Drs. Robert L. Spitzer")


def plainly(folder: Path, name: str, content: bytes) -> None:
    """The same without the guard: whoever is last wins, and nobody is told."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)


@pytest.mark.parametrize(
    ("write", "refusals"),
    [
        pytest.param(wordings._write, 1, id="one of them is refused"),
        pytest.param(plainly, 0, id="without the guard both believe that theirs was kept"),
    ],
)
def test_two_imports_of_one_version_at_once_do_not_overwrite_each_other(folder, write, refusals):
    refused: list[str] = []
    together = Barrier(2)
    contents = [b"one" * 10_000, b"two" * 10_000]

    def taking_in(content: bytes) -> None:
        together.wait()
        try:
            write(folder, "same.toml", content)
        except WrongWording as error:
            refused.append(str(error))

    threads = [Thread(target=taking_in, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == refusals
    assert [path.name for path in folder.iterdir()] == ["same.toml"]
    if refusals:
        assert (folder / "same.toml").read_bytes() in contents


def test_the_folder_is_read_again_only_when_something_came(take_in, folder, written):
    known = load.Catalogue(folder)
    first = known.versions()
    assert known.versions() is first

    take_in(fa12())

    second = known.versions()
    assert second is not first
    assert second["qlq-fa12", "1.0"].has_wording
    assert known.versions() is second


def test_what_does_not_fit_is_refused_at_the_start_but_does_not_end_the_answering(
    folder, take_in, run, tmp_path
):
    take_in(fa12())
    known = load.Catalogue(folder)
    assert known.newest()["qlq-fa12"].has_wording

    (folder / "stray.toml").write_text("instrument = 3", encoding="utf-8")

    assert known.newest()["qlq-fa12"].has_wording
    with pytest.raises(WrongWording, match=r"stray.toml: instrument must be text"):
        new_app(f"sqlite:///{tmp_path}/test.db", wording_dir=folder)
    assert run("list")[0] == 1


def test_the_app_looks_in_the_folder_of_its_settings(folder, take_in, tmp_path, looks_nowhere):
    take_in(fa12())
    assert not load.instrument("qlq-fa12").has_wording

    app = new_app(f"sqlite:///{tmp_path}/test.db", wording_dir=folder)

    assert load.instrument("qlq-fa12").has_wording
    with app.app_context():
        db.engine.dispose()
