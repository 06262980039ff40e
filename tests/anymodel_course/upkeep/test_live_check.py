"""`live-check` against a vendor on this machine: no test here meets a real provider, and no record may say so."""

import json
import os
import re
import subprocess
import symtable
import sys
from datetime import date
from pathlib import Path
from typing import Any

import litellm
import nbformat
import pytest

from anymodel_course import session
from anymodel_course.providers import PROVIDERS
from anymodel_course.upkeep import live_check, live_meter
from exercises import solved
from scripted_providers.environment import ENDPOINTS
from scripted_providers.replies import Reply, Usage
from scripted_providers.server import Server

ROOT = Path(__file__).parents[3]
START = "import anymodel_course as course\n\ncourse.start()"
ASK = """from agents import Agent, Runner
from agents.extensions.models.litellm_model import LitellmModel
agent = course.make_agent({name!r})
print((await Runner.run(agent, "A private question.")).final_output)"""
ASK_BY_ID = """by_id = Agent(name="By id", model=LitellmModel(model={model!r}))
print((await Runner.run(by_id, "A private question.")).final_output)"""
OTHER = """print((await Runner.run(course.make_agent("mistral"), "Say hello.")).final_output)"""


@pytest.fixture
def notebooks(learner: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of notebooks in the place of the course's, and a record that is not the course's."""
    folder = learner / "notebooks"
    folder.mkdir()
    monkeypatch.setattr(live_check, "NOTEBOOKS", folder)
    monkeypatch.setattr(live_check, "RECORD", learner / "live-checks.md")
    return folder


def write(folder: Path, *cells: str, name: str = "00_small", **special: str) -> None:
    """Write a notebook as the course stores them. `raises_X=` is a cell that stores the error X."""
    code = [nbformat.v4.new_code_cell(source) for source in (START, *cells)]
    for how, source in special.items():
        kind, _, error = how.partition("_")
        cell = nbformat.v4.new_code_cell(source)
        if kind == "raises":
            cell.outputs = [nbformat.v4.new_output("error", ename=error, evalue="", traceback=[])]
        else:
            cell.metadata.tags = ["offline-only"]
        code.append(cell)
    for number, cell in enumerate(code, 1):
        cell.execution_count = number
    nbformat.write(nbformat.v4.new_notebook(cells=code), folder / f"{name}.ipynb")


def last_row(out: str) -> dict[str, str]:
    lines = [line for line in out.splitlines() if line.startswith("|")]
    return dict(zip(live_check.HEADINGS, (cell.strip() for cell in lines[-1].strip("|").split("|")), strict=True))


@pytest.mark.parametrize("name", ["anthropic", "openai", "ollama"])
def test_cells_that_can_go_live_do_with_the_cheapest_id_and_the_rest_runs_as_ever(notebooks, vendor, capfd, name):
    row = PROVIDERS[name]
    os.environ.update(vendor.own(name))
    write(
        notebooks,
        ASK.format(name=name),
        ASK_BY_ID.format(model=row.model),
        OTHER,
        raises_ValueError="raise ValueError",
        offline="raise RuntimeError('only offline')",
    )
    vendor.server.says("A private answer.", times=2)
    assert live_check.main([name]) == 0
    assert [entry.ask.model for entry in vendor.server.log if entry.ask] == [row.cheap.partition("/")[2]] * 2
    out, _ = capfd.readouterr()
    told = last_row(out)
    assert (told["Model"], told["Reached"], told["Date"]) == (
        row.cheap,
        row.endpoint.redirect,
        date.today().isoformat(),
    )
    counted = ("Notebooks", "Cells run", "of these live", "left out", "Failed", "Calls")
    assert [told[h] for h in counted] == ["1", "5", "2", "1", "none", "2"]
    assert re.fullmatch(r"\$0(\.\d+)?", told["List price"])
    assert f"{row.endpoint.redirect} leads to a stand-in, and no provider was called" in out
    assert not live_check.RECORD.exists()


def test_a_check_of_a_host_that_is_no_stand_in_adds_a_row_without_anything_private(
    notebooks, vendor, dotenv, capfd, monkeypatch
):
    monkeypatch.setattr(live_check, "_is_stand_in", lambda address: False)
    own = vendor.own("anthropic")
    dotenv("\n".join(f"{name}={value}" for name, value in own.items()))  # the kernel stands elsewhere and finds it
    live_check.RECORD.write_text("# As it was\n")
    write(notebooks, ASK.format(name="anthropic"), "assert False, 'A private reason.'", "print('never run')")
    vendor.server.says("A private answer.")
    assert live_check.main(["anthropic"]) == 1
    text = live_check.RECORD.read_text()
    assert text.startswith("# As it was\n| ")
    assert last_row(text)["Failed"] == "00_small [3] AssertionError"
    said = text + "".join(capfd.readouterr())
    assert "rivate" not in said
    assert own["ANTHROPIC_API_KEY"] not in said
    assert vendor.server.base not in text


def test_the_check_ends_before_the_call_that_would_pass_the_cap(notebooks, vendor, capfd):
    os.environ.update(vendor.own("anthropic"))
    again = "\ntry:\n    await Runner.run(agent, 'again')\nexcept Exception: pass"
    write(notebooks, ASK.format(name="anthropic") + again)
    write(notebooks, ASK.format(name="anthropic"), name="01_next")
    vendor.server.says(Reply(text="Long.", usage=Usage(input=100_000, output=0)))  # $0.01 with the cheapest id
    assert live_check.main(["anthropic", "--cap", "0.005"]) == 1
    assert [entry.status for entry in vendor.server.log if entry.ask] == [200]
    told = last_row(capfd.readouterr().out)
    assert (told["Failed"], told["Calls"], told["List price"]) == ("ended at the cap", "1", "$0.01")


async def test_the_calls_of_a_kernel_are_capped_too_and_only_those_to_the_provider_count(learner, vendor, capsys):
    from agents import Agent, Runner
    from agents.extensions.models.litellm_model import LitellmModel

    os.environ.update(vendor.own("anthropic"))
    session.start(live="anthropic")
    plain = Agent(name="Plain", model=LitellmModel(model=PROVIDERS["anthropic"].cheap))
    elsewhere = Agent(
        name="Elsewhere", model=LitellmModel(PROVIDERS["anthropic"].cheap, base_url=vendor.server.base + "/anthropic")
    )
    scripted = Agent(name="Scripted", model=LitellmModel(model=PROVIDERS["mistral"].model))
    before = list(litellm.callbacks)
    try:
        await live_meter.report("anthropic", 1, 1.0)
        for agent in (elsewhere, scripted, plain, scripted):
            await Runner.run(agent, "Say hello.")
        with pytest.raises(live_meter.CapReached, match="1 live calls, .* This one was not made"):
            await Runner.run(plain, "Say hello.")
        litellm.callbacks.clear()  # as a cell may do
        await live_meter.report("anthropic", 1, 1.0)
        with pytest.raises(live_meter.CapReached):
            await Runner.run(plain, "Say hello.")
    finally:
        litellm.callbacks[:] = before  # the meter's and the recorder's among them: other tests need those
        live_meter._meter = None
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{"))
    assert first == {"calls": 0, "refused": 0, "unpriced": 0, "dollars": 0.0}
    assert (second["calls"], second["refused"]) == (1, 1)
    assert 0 < second["dollars"] < 0.001


def test_a_key_that_is_refused_fails_the_check_and_is_not_shown(notebooks, capfd):
    with Server(judge=lambda key: "not this one") as server:
        os.environ["ANTHROPIC_API_BASE"] = f"{server.base}/anthropic"
        os.environ["ANTHROPIC_API_KEY"] = "own-refused-key-0123456789"
        write(notebooks, ASK.format(name="anthropic"), OTHER)
        assert live_check.main(["anthropic"]) == 1
    said = "".join(capfd.readouterr())
    assert last_row(said)["Failed"] == "00_small [2] AuthenticationError"
    assert "own-refused-key" not in said


def test_a_server_that_is_not_there_fails_the_check(notebooks, vendor, capfd):
    os.environ.update(vendor.own("openai"))
    vendor.server.stop()
    write(notebooks, ASK.format(name="openai"))
    assert live_check.main(["openai"]) == 1
    told = last_row(capfd.readouterr().out)
    assert (told["Failed"], told["Calls"]) == ("00_small [2] InternalServerError", "1")


def test_an_error_that_should_have_come_and_did_not_is_a_failure(notebooks, vendor, capfd):
    os.environ.update(vendor.own("ollama"))
    write(notebooks, ASK.format(name="ollama"), raises_UserError="print('nothing wrong')")
    assert live_check.main(["ollama"]) == 1
    assert last_row(capfd.readouterr().out)["Failed"] == "00_small [3] no UserError"


@pytest.mark.usefixtures("notebooks")
def test_a_check_that_called_nothing_proves_nothing_and_is_not_recorded(capfd, monkeypatch):
    monkeypatch.setattr(live_check, "run", lambda row, model, cap, reached: live_check.Check(model, reached, cells=9))
    assert live_check.main(["ollama"]) == 1
    assert "Not recorded: no cell called it." in capfd.readouterr().out
    assert not live_check.RECORD.exists()


def test_a_price_that_is_unknown_is_recorded_as_unknown():
    check = live_check.Check("azure/mine", "AZURE_API_BASE", calls=2, dollars=0.1, unpriced=1)
    assert last_row(check.row())["List price"] == "unknown"
    assert check.passed


# --- before anything runs ---


@pytest.mark.usefixtures("notebooks")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["antropic"], "Did you mean 'anthropic'?"),
        (["mistral"], "mistral cannot go live: no key: set MISTRAL_API_KEY in .env"),
        (["azure/mine"], "azure cannot go live: no key: set AZURE_API_KEY and AZURE_API_BASE in .env"),
        (["anthropic/"], "names no model"),
    ],
)
def test_what_cannot_begin_says_why_in_one_line(given: list[str], said: str, capfd) -> None:
    assert live_check.main(given) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("cap", ["0", "-1", "lots", "nan", ""])
def test_a_cap_is_an_amount_of_dollars(cap: str, capsys) -> None:
    with pytest.raises(SystemExit, match="2"):
        live_check.main(["anthropic", "--cap", cap])
    assert f"--cap: {cap!r} is no amount of dollars above 0, such as 0.10." in capsys.readouterr().err


def test_a_full_id_takes_the_place_of_the_cheapest() -> None:
    assert live_check._model(PROVIDERS["azure"], "azure/my-deployment") == "azure/my-deployment"
    assert live_check._model(PROVIDERS["azure"], "azure") == PROVIDERS["azure"].cheap


# --- the ids, the tags, the record ---


@pytest.mark.usefixtures("started")  # LiteLLM is to be imported quietly
@pytest.mark.parametrize(
    "row", [p for p in PROVIDERS.values() if p.name not in ("azure", "ollama")], ids=lambda row: row.name
)
def test_the_cheap_id_is_listed_calls_functions_and_costs_no_more_than_the_usual_one(row) -> None:
    def entry(model: str) -> dict[str, Any]:
        return next(litellm.model_cost[m] for m in (model, model.partition("/")[2]) if m in litellm.model_cost)

    def price(model: str) -> float:
        return entry(model)["input_cost_per_token"] + entry(model)["output_cost_per_token"]

    assert entry(row.cheap)["supports_function_calling"]
    assert price(row.cheap) <= price(row.model)


def test_the_id_of_a_check_takes_the_place_of_the_usual_one_and_of_no_other() -> None:
    code = "import json, anymodel_course as c; print(json.dumps({n: p.model for n, p in c.PROVIDERS.items()}))"
    env = os.environ | {"ANYMODEL_MODEL": "together_ai/some/model"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {n: p.model for n, p in PROVIDERS.items()} | {
        "together": "together_ai/some/model"
    }


def without_texts(code: str) -> str:
    """Return code without its texts in three quotes: programs that a cell writes, not what it runs."""
    return re.sub(r'"""(?s:.*?)"""|\'\'\'(?s:.*?)\'\'\'', "...", code)


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_cells_that_make_sense_offline_only_are_tagged_so(path: Path) -> None:
    variables = "|".join(name for endpoint in ENDPOINTS.values() for name in endpoint.variables)
    only_offline = re.compile(rf"course\.(model_says|stand_in)\(|^os\.environ\[.({variables}).\] = ", re.MULTILINE)
    untagged = [
        f"cell {number}: {cell.source.splitlines()[0]}"
        for number, cell in enumerate(nbformat.read(path, as_version=4).cells)
        if cell.cell_type == "code"
        and only_offline.search(without_texts(cell.source))
        and "offline-only" not in cell.metadata.get("tags", [])
    ]
    assert untagged == []


def names_of(code: str) -> tuple[set[str], set[str]]:
    """Return the names that a cell makes, and those that it needs, in its functions too."""
    top = symtable.symtable(code, "cell", "exec")
    made = {n.get_name() for n in top.get_symbols() if n.is_assigned() or n.is_imported()}
    needed, tables = {n.get_name() for n in top.get_symbols() if n.is_referenced()}, top.get_children()
    while tables:
        table = tables.pop()
        needed |= {n.get_name() for n in table.get_symbols() if n.is_global() and n.is_referenced()}
        tables += table.get_children()
    return made, needed - made


@pytest.mark.parametrize("filled", [lambda notebook: notebook, solved], ids=["stored", "solved"])
@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_no_cell_that_runs_live_needs_a_name_from_one_that_does_not(path: Path, filled: Any) -> None:
    there: set[str] = set()
    missing: set[str] = set()
    wanting = []
    for number, cell in enumerate(filled(nbformat.read(path, as_version=4)).cells):
        if cell.cell_type != "code":
            continue
        made, needed = names_of(cell.source)
        if "offline-only" in cell.metadata.get("tags", []):
            missing |= made - there
            continue
        wanting += [f"cell {number}: {name}" for name in sorted(needed & missing)]
        there |= made
        missing -= made
    assert wanting == []


@pytest.mark.all
@pytest.mark.parametrize("name", ["anthropic", "openai", "ollama"])
def test_the_courses_notebooks_pass_with_a_vendor_on_this_machine(learner, vendor, capfd, name) -> None:
    from scripted_providers.scenario import read

    vendor.server.scenario = read(session.SCENARIOS)
    os.environ.update(vendor.own(name))
    assert live_check.main([name]) == 0, capfd.readouterr().out


def test_the_record_is_in_step_and_the_readme_leads_to_it() -> None:
    lines = (ROOT / "live-checks.md").read_text(encoding="utf-8").splitlines()
    head = f"| {' | '.join(live_check.HEADINGS)} |"
    assert head in lines
    for row in lines[lines.index(head) + 2 :]:
        assert re.match(r"\| 20\d\d-\d\d-\d\d \| ", row)
        assert row.count("|") == head.count("|")
    assert "](live-checks.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
