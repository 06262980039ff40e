"""What each stored notebook has to show, written by hand: nbval would hold nonsense against the same nonsense.

A cell is found by a piece of its code. From 05 on, each notebook has a file of its own beside this one.
"""

from __future__ import annotations

import re

import pytest

from anymodel_course.providers import PROVIDERS
from anymodel_course.upkeep.refresh import NOTEBOOKS
from stored import shown

BANNER = "OFFLINE: 9 providers are scripted by a server on this machine. No key, no network, no bill."
PARIS = "The capital of France is Paris."


@pytest.mark.parametrize("number", [path.name[:2] for path in sorted(NOTEBOOKS.glob("*.ipynb"))])
def test_every_notebook_starts_offline_and_says_so(number: str) -> None:
    assert shown(number, "course.start()")[-1] == BANNER


# --- 00 start here -----------------------------------------------------------------------------------------------


def test_00_two_providers_give_the_first_answer() -> None:
    assert shown("00", 'make_agent("anthropic"') == [PARIS]
    assert shown("00", 'make_agent("gemini"') == [PARIS]


def test_00_nine_addresses_are_all_on_this_machine() -> None:
    *rows, all_here = shown("00", "course.environment()")
    assert [row.split()[1] for row in rows] == [f"{name}:" for name in PROVIDERS]
    assert all(row.endswith("requests go to the server on this machine") for row in rows)
    assert all_here == "All on this machine: True"


def test_00_a_prompt_without_a_script_gets_a_mirror() -> None:
    (mirror,) = shown("00", "Why is the sky blue?")
    assert mirror.startswith("[scripted] No script for this. I received: instructions (5 words), 1 message")
    assert mirror.endswith("Decide my answer with course.model_says(…).")


def test_00_the_learner_plays_the_model_and_the_loop_calls_it_twice() -> None:
    assert shown("00", 'model_says("Because')[-1] == "Because short wavelengths are scattered most."
    ran, answer, calls, happened = shown("00", "model_says(course.call(")
    assert ran == "  [your function runs: get_temperature('Oslo')]"
    assert answer == "It is 4 °C in Oslo."
    assert calls == "model calls: 2"
    assert happened == "what happened: ['ToolCallItem', 'ToolCallOutputItem', 'MessageOutputItem']"


def test_00_a_failure_on_demand_is_the_real_class_in_the_providers_words() -> None:
    first, said = shown("00", 'fails("rate_limit")')
    assert first == "RateLimitError 429"
    assert said.startswith("litellm.RateLimitError: AnthropicException")
    assert "rate_limit_error" in said


def test_00_an_agent_forgets_and_a_conversation_is_handed_on() -> None:
    counts = [line.rstrip(".").rpartition(" ")[2] for line in shown("00", "How many messages")]
    assert counts == ["1", "1", "3"]


def test_00_two_agents_run_at_once() -> None:
    assert shown("00", "asyncio.gather") == [
        f"openai/gpt-4.1-mini → {PARIS}",
        f"ollama_chat/llama3.1 → {PARIS}",
    ]


# --- 01 setting up -----------------------------------------------------------------------------------------------


def test_01_the_versions_are_stack_a() -> None:
    versions = [line.split() for line in shown("01", 'for package in ("openai-agents", "litellm", "openai")')]
    assert [name for name, _ in versions] == ["openai-agents", "litellm", "openai"]
    for (_, version), wanted in zip(versions, (r"0\.20\.", r"1\.106\.", r"2\.54\."), strict=True):
        assert re.match(wanted, version)


def test_01_the_trap_is_two_requirements_that_no_version_meets() -> None:
    assert shown("01", 'requires("openai-agents")')[0].startswith(
        "litellm>=1.83.0;"
    )  # open above: the resolver's way out
    sdk, litellm = shown("01", "wants {wanted}")
    assert "openai<3" in sdk
    assert "openai>=2" in litellm
    assert "<3" in litellm
    _, *rows = (line.split() for line in shown("01", "openai_for_sdk_021"))
    assert len(rows) == 2
    assert all(sorted(row[1:]) == ["False", "True"] for row in rows), "each version suits one of them, none suits both"


def test_01_a_key_pasted_into_a_cell_goes_nowhere_and_is_explained() -> None:
    assert shown("01", "failure = error") == ["AuthenticationError 401"]
    explained = "\n".join(shown("01", "course.explain(failure)"))
    assert explained.startswith("AuthenticationError (status 401) at Anthropic")
    assert "The key went nowhere else." in explained
    assert 'course.start(live=["anthropic"])' in explained
    assert "pasted" not in explained
    assert shown("01", 'Runner.run(agent, "Say hello.")', 1)[-1] == "Hello from the script for anthropic."


def test_01_five_lines_of_a_dotenv_have_five_problems() -> None:
    problems = shown("01", "parse_dotenv(odd.encode())")
    assert [line.partition(":")[0] for line in problems] == [f"line {n}" for n in range(1, 6)]
    for problem, told in zip(problems, ("`export`", "placeholder", ": where a =", "quotes", "Windows"), strict=True):
        assert told in problem
    assert "an-example" not in "".join(problems)


def test_01_a_mistyped_provider_gets_the_nearest() -> None:
    (error,) = shown("01", "antropic")
    assert error.startswith("ValueError: No provider is called 'antropic'")
    assert "Did you mean 'anthropic'?" in error


# --- 02 using LitellmModel ---------------------------------------------------------------------------------------


def test_02_one_agent_runs_on_four_providers() -> None:
    rows = [line.split(maxsplit=1) for line in shown("02", "def create_agent")]
    assert rows == [
        [PROVIDERS[name].model, f"Hello from the script for {name}."]
        for name in ("openai", "anthropic", "gemini", "ollama")
    ]


def test_02_the_model_of_a_run_wins_over_the_agents() -> None:
    assert shown("02", 'Agent(name="By string", model="litellm/gemini/') == ["Hello from the script for gemini."]
    assert shown("02", "RunConfig(model=") == [
        "Hello from the script for anthropic.",
        "Hello from the script for ollama.",
    ]
    assert shown("02", "LitellmProvider()") == ["Hello from the script for anthropic."]


def test_02_a_bare_id_is_refused_and_no_model_at_all_takes_another_road() -> None:
    assert shown("02", 'Agent(name="Trap"') == ["UserError: Unknown prefix: anthropic"]
    _, native, through_litellm = shown("02", 'Agent(name="No model at all")')
    assert native.startswith("openai /v1/responses ")
    assert through_litellm == "openai /v1/chat/completions gpt-4.1-mini"


def test_02_the_pieces_of_a_stream_are_the_answer_and_its_tokens_are_counted() -> None:
    (pieces,) = shown("02", "streamed.stream_events()")
    answer, *usage = shown("02", "streamed.final_output")
    assert pieces.count("|") > 3
    assert pieces.replace("|", "") == answer == PARIS
    _, _, tokens_in, tokens_out, _ = next(line for line in usage if line.startswith("1 ")).split()
    assert int(tokens_in) > 0
    assert int(tokens_out) > 0


def test_02_run_sync_fails_here_and_works_in_a_program() -> None:
    (error,) = shown("02", "Runner.run_sync(claude")
    assert error.startswith("RuntimeError: AgentRunner.run_sync() cannot be called when an event loop")
    assert shown("02", "subprocess.run([sys.executable") == [PARIS]


# --- 03 supported providers --------------------------------------------------------------------------------------


def test_03_nine_rows_with_their_prices_and_nine_answers() -> None:
    rows = shown("03", "facts.input_price")[2:]
    assert len(rows) == 9
    assert all(row.model in line for row, line in zip(PROVIDERS.values(), rows, strict=True))
    assert [float(price) for line in rows for price in line.split()[-2:]].count(0) == 2, "Ollama's, and nobody else's"
    answers = shown("03", "for name in course.PROVIDERS:\n    agent")
    assert [line.split(maxsplit=1)[1] for line in answers] == [f"Hello from the script for {n}." for n in PROVIDERS]


def test_03_cohere_alone_refuses_an_output_type() -> None:
    abilities = shown("03", "facts.structured_output")[2:]
    assert [line.split()[0] for line in abilities if "False" in line] == ["Cohere"]


def test_03_a_bare_id_is_a_guess() -> None:
    routes = dict(line.split(" → ") for line in shown("03", "get_llm_provider(name)"))
    assert [route.partition(":")[0] for route in routes.values()] == ["anthropic", "vertex_ai", "error", "error"]


def test_03_most_ids_of_old_tutorials_are_gone_and_a_price_of_nothing_is_no_sign_of_life() -> None:
    states = [line.split(maxsplit=1)[1] for line in shown("03", "tutorial = [")]
    assert states.count("not listed") == 5
    assert shown("03", "litellm.cost_per_token") == [
        "cohere/command-r-plus ModelNotMappedError",
        "anthropic/claude-sonnet-4-20250514 (0.0, 0.0)",
    ]


def test_03_the_wire_shows_three_formats_and_no_key() -> None:
    one = "\n".join(shown("03", "course.wire()"))
    assert "POST /v1/messages" in one
    assert "x-api-key: [redacted]" in one
    three = "\n".join(shown("03", "course.wire(compare="))
    for path in ("/v1/chat/completions", "/v1/messages", ":generateContent"):
        assert f"{path}\n" in three


# --- 04 provider configuration -----------------------------------------------------------------------------------


def test_04_a_gateway_answers_at_its_own_address_and_only_with_its_key() -> None:
    assert shown("04", 'address = f"{gateway.base}') == ["Hello from the gateway."]
    (error,) = shown("04", "api_base=address")
    assert error.startswith("TypeError: ")
    assert "'api_base'" in error
    assert shown("04", "for api_key in (TEAM_KEY, None)") == [
        "with api_key:    Hello from the gateway.",
        "without api_key: AuthenticationError 401",
    ]


def test_04_nine_redirects_are_those_of_the_registry() -> None:
    rows = [line.split() for line in shown("04", "from scripted_providers import ENDPOINTS")[2:]]
    assert rows == [[n, p.endpoint.redirect, f"http://host{p.endpoint.path}"] for n, p in PROVIDERS.items()]


def test_04_ollama_has_two_routes_and_one_of_them_pastes_tools_into_the_prompt() -> None:
    chat, generate = shown("04", '("ollama_chat/llama3.1", "ollama/llama3.1")')
    assert re.search(r"/api/chat +tools: True", chat)
    assert re.search(r"/api/generate +tools: False, forced: json", generate)
