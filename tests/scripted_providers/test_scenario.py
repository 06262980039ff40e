"""The scenario format: what a rule can say, when it applies, and how a mistake is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scripted_providers import read
from scripted_providers.replies import Ask, Call, Failure, Message, Pace, Reply, Tool, Usage
from scripted_providers.scenario import Scenario, ScenarioError, parse


def scenario(text: str) -> Scenario:
    return Scenario(parse(text, "some.yaml"))


def ask(user: str = "Hello.", **more: Any) -> Ask:
    return Ask(**{"provider": "openai", "model": "gpt-4.1-mini", "messages": (Message("user", user),)} | more)


def after(*results: Message, user: str = "Hello.") -> Ask:
    calls = tuple(Call(result.tool or "") for result in results)
    return ask(messages=(Message("user", user), Message("assistant", calls=calls), *results))


def reply(rules: Scenario, asked: Ask) -> Reply | None:
    found = rules.find(asked)
    return found[1] if found else None


def said(rules: Scenario, asked: Ask) -> str | None:
    found = reply(rules, asked)
    return found.text if found else None


# --- when a rule applies -----------------------------------------------------------------------------------------


def test_user_is_searched_anywhere_in_the_last_user_message_whatever_the_case() -> None:
    rules = scenario("- {when: {user: 'weather in \\w+'}, text: Rain.}")
    assert said(rules, ask("And the WEATHER in Oslo?")) == "Rain."
    assert said(rules, ask("The weather?")) is None
    older = (Message("user", "The weather in Oslo?"), Message("assistant", "Rain."), Message("user", "Thanks."))
    assert said(rules, ask(messages=older)) is None


def test_named_groups_and_what_is_known_of_the_request_fill_the_braces() -> None:
    rules = scenario(
        "- when: {user: 'weather in (?P<city>\\w+)( on (?P<day>\\w+))?'}\n"
        "  text: 'In {city} on {day}: {provider} {model} {messages} {0} {unknown} {}'\n"
    )
    assert said(rules, ask("weather in Oslo")) == "In Oslo on {day}: openai gpt-4.1-mini 1 {0} {unknown} {}"
    assert said(rules, ask("weather in Bergen on Monday")) == (
        "In Bergen on Monday: openai gpt-4.1-mini 1 {0} {unknown} {}"
    )


def test_a_fill_is_not_filled_again() -> None:
    rules = scenario("- {when: {user: 'say (?P<what>.+)'}, text: '{what}'}")
    assert said(rules, ask("say {model}")) == "{model}"


def test_braces_are_filled_at_any_depth_of_json_and_of_arguments() -> None:
    rules = scenario(
        "- when: {user: 'weather in (?P<city>\\w+)', turn: 1}\n"
        "  calls: [{get_weather: {where: {city: '{city}', tags: ['{city}!', 3, null]}}}]\n"
        "- when: {user: 'json (?P<city>\\w+)'}\n"
        "  json: [{city: '{city}', '{city}': 1}, '{city}']\n"
    )
    first = reply(rules, ask("weather in Oslo"))
    assert first is not None
    assert first.calls == (Call("get_weather", {"where": {"city": "Oslo", "tags": ["Oslo!", 3, None]}}),)
    second = reply(rules, ask("json Rome"))
    assert second is not None
    assert second.json == [{"city": "Rome", "{city}": 1}, "Rome"]


def test_provider_is_one_and_model_is_a_pattern_whatever_the_case() -> None:
    rules = scenario(
        "- {when: {provider: anthropic}, text: Claude.}\n"
        "- {when: {model: 'GPT-4.1*'}, text: Four.}\n"
        "- {when: {model: '*[0-9]o'}, text: Omni.}\n"
    )
    assert said(rules, ask(provider="anthropic", model="gpt-4.1")) == "Claude."
    assert said(rules, ask(model="gpt-4.1-nano")) == "Four."
    assert said(rules, ask(model="gpt-4o")) == "Omni."
    assert said(rules, ask(model="my-gpt-4.1")) is None


def test_a_rule_answers_a_tool_result_only_where_it_says_so() -> None:
    rules = scenario(
        "- {when: {after_tool: get_time}, text: 'Time {result}.'}\n"
        "- {when: {after_tool: true}, text: 'Any {result} of {results}.'}\n"
        "- {when: {user: Hello}, text: Hi.}\n"
    )
    assert said(rules, ask()) == "Hi."
    assert said(rules, after(Message("tool", "rain", tool="get_weather"))) == "Any rain of rain."
    both = after(Message("tool", "12:00", tool="get_time"), Message("tool", "rain", tool="get_weather"))
    assert said(rules, both) == "Time rain."
    assert said(scenario("- {when: {user: Hello}, text: Hi.}"), both) is None
    assert said(scenario("- {text: Hi.}"), both) is None
    three = after(*(Message("tool", word, tool="other") for word in ("a", "b", "c")))
    assert said(rules, three) == "Any c of a, b, c."


def test_tools_have_to_be_offered_all_of_them() -> None:
    rules = scenario("- {when: {tools: [one, two]}, text: Both.}")
    one, two, three = Tool("one"), Tool("two"), Tool("three")
    assert said(rules, ask(tools=(three, two, one))) == "Both."
    assert said(rules, ask(tools=(one,))) is None


def test_turn_counts_the_answers_since_the_user_spoke() -> None:
    rules = scenario("- {when: {turn: 1}, text: First.}\n- {when: {turn: 2, after_tool: true}, text: Second.}")
    assert said(rules, ask()) == "First."
    assert said(rules, after(Message("tool", "x", tool="t"))) == "Second."
    again = (Message("user", "a"), Message("assistant", "b"), Message("user", "c"))
    assert said(rules, ask(messages=again)) == "First."


def test_all_conditions_have_to_hold() -> None:
    rules = scenario("- {when: {user: hello, provider: openai, model: 'gpt*', turn: 1}, text: Yes.}")
    assert said(rules, ask()) == "Yes."
    for other in [{"user": "Bye."}, {"provider": "mistral"}, {"model": "claude"}]:
        assert said(rules, ask(**other)) is None


def test_the_first_rule_that_matches_wins_and_one_without_when_matches_always() -> None:
    rules = scenario("- {when: {user: hello}, text: One.}\n- {text: Else.}\n- {when: {user: bye}, text: Never.}")
    assert [said(rules, ask(user)) for user in ("hello", "bye")] == ["One.", "Else."]


# --- what it replies ---------------------------------------------------------------------------------------------


def test_text_calls_json_error_usage_pace_and_source_become_the_reply() -> None:
    rules = scenario(
        "- when: {user: calls}\n"
        "  text: I will look.\n"
        "  calls:\n"
        "    - get_weather: {city: Oslo}\n"
        "    - ping: {}\n"
        "  usage: {input: 40, output: 9, cached: 30, reasoning: 4}\n"
        "  pace: {first: 0.2, total: 1}\n"
        "  source: claude-sonnet-5-5, 2026-11-22\n"
        "- {when: {user: json}, json: {city: Paris, people: 2}}\n"
        "- {when: {user: falsy}, json: false}\n"
        "- {when: {user: empty}, text: ''}\n"
        "- {when: {user: error}, error: rate_limit, retry_after: 0.05}\n"
        "- {when: {user: fault}, error: cut_stream}\n"
    )
    assert reply(rules, ask("calls")) == Reply(
        text="I will look.",
        calls=(Call("get_weather", {"city": "Oslo"}), Call("ping", {})),
        usage=Usage(input=40, output=9, cached=30, reasoning=4),
        pace=Pace(first=0.2, total=1.0),
        source="claude-sonnet-5-5, 2026-11-22",
    )
    assert reply(rules, ask("json")) == Reply(json={"city": "Paris", "people": 2})
    assert reply(rules, ask("falsy")) == Reply(json=False)
    assert reply(rules, ask("empty")) == Reply(text="")
    assert reply(rules, ask("error")) == Reply(failure=Failure("rate_limit", 0.05))
    assert reply(rules, ask("fault")) == Reply(failure=Failure("cut_stream"))


def test_replies_are_given_one_a_call_the_last_again_and_reset_starts_over() -> None:
    rules = scenario(
        "- when: {user: flaky}\n  replies: [{error: overloaded}, {text: Two.}, {text: Three.}]\n"
        "- {when: {user: other}, text: Other.}\n"
    )
    failed = reply(rules, ask("flaky"))
    assert failed is not None
    assert failed.failure == Failure("overloaded")
    assert said(rules, ask("other")) == "Other."  # counts for its own rule only
    assert [said(rules, ask("flaky")) for _ in range(3)] == ["Two.", "Three.", "Three."]
    rules.reset()
    failed = reply(rules, ask("flaky"))
    assert failed is not None
    assert failed.failure is not None


def test_anchors_and_merges_are_read_and_a_merged_key_may_be_overridden() -> None:
    rules = scenario(
        "- when: &who {user: hello, provider: openai}\n"
        "  text: Hi.\n"
        "  usage: &usage {input: 1, output: 2}\n"
        "- when: {<<: *who, provider: mistral}\n"
        "  text: Bonjour.\n"
        "  usage: *usage\n"
    )
    french = reply(rules, ask(provider="mistral"))
    assert french is not None
    assert (french.text, french.usage) == ("Bonjour.", Usage(1, 2))
    assert said(rules, ask()) == "Hi."


def test_a_date_stays_the_text_that_it_is_in_json() -> None:
    assert reply(scenario("- json: {day: 2026-11-22, at: 2026-11-22T10:00:00Z}"), ask()) == Reply(
        json={"day": "2026-11-22", "at": "2026-11-22T10:00:00Z"}
    )


@pytest.mark.parametrize("text", ["", "\n# nothing yet\n", "[]"])
def test_a_file_without_rules_has_none(text: str) -> None:
    assert parse(text, "some.yaml") == []


# --- files -------------------------------------------------------------------------------------------------------


def test_files_are_read_as_given_and_a_folders_in_name_order(tmp_path: Path) -> None:
    for name in ("20_b.yaml", "10_a.yaml", "3_c.yaml", "notes.txt", ".hidden.yml"):
        (tmp_path / name).write_text(f"# {name}\n- {{text: '{name}'}}\n", encoding="utf-8")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "00.yaml").write_text("- {text: inner}", encoding="utf-8")
    assert [rule.where for rule in read(tmp_path).rules] == ["10_a.yaml:2", "20_b.yaml:2", "3_c.yaml:2"]
    both = read(tmp_path / "3_c.yaml", str(tmp_path / "inner"))
    assert [rule.where for rule in both.rules] == ["3_c.yaml:2", "00.yaml:1"]
    assert read().rules == ()


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    file = tmp_path / "windows.yaml"
    file.write_bytes(b"\xef\xbb\xbf- when:\r\n    user: gr\xc3\xbc\xc3\x9fe\r\n  text: Hallo.\r\n- {text: Else.}\r\n")
    rules = read(file)
    assert said(rules, ask("Grüße!")) == "Hallo."
    assert [rule.where for rule in rules.rules] == ["windows.yaml:1", "windows.yaml:4"]


def test_what_is_no_name_of_a_file_is_refused() -> None:
    with pytest.raises(TypeError, match="3: give the name of a scenario file"):
        read(3)  # type: ignore[arg-type]


def test_a_missing_file_a_wrong_encoding_and_an_empty_folder_are_told(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("- {text: Größe}".encode("latin-1"))
    for path, expected in [
        (tmp_path / "none.yaml", "expected a scenario file in UTF-8"),
        (latin, "expected a scenario file in UTF-8"),
        (tmp_path / "folder", "expected scenario files in this folder"),
    ]:
        (tmp_path / "folder").mkdir(exist_ok=True)
        with pytest.raises(ScenarioError, match=expected) as caught:
            read(path)
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)


# --- mistakes ----------------------------------------------------------------------------------------------------

KEYS = "text, json, calls, error, retry_after, usage, pace, source"
CONDITIONS = "user, provider, model, after_tool, tools, turn"
PROVIDERS = "openai, anthropic, gemini, mistral, cohere, bedrock, azure, ollama, together"
FAILURES = (
    "wrong_key, unknown_model, rate_limit, overloaded, tools_unsupported, bad_request, context_too_long, timeout, "
    "disconnect, cut_stream, not_json"
)
A_CALL = "a list of `- tool_name: {argument: value}`"
ONE_ANSWER = "expected one of text (perhaps with calls), json, calls or error"

MISTAKES = {
    # not YAML, or not a list
    "- when: [": "1: expected YAML: expected the node content, but found '<stream end>'",
    "- text: a\n  json: {b\n- text: c\n": "3: expected YAML: expected ',' or '}', but got ':'",
    "- text: a: b\n": "1: expected YAML: mapping values are not allowed here",
    "- text: \x00": "1: expected YAML: unacceptable character #x0000: special characters are not allowed",
    "- text: !!python/name:os.system x": (
        "1: expected YAML: could not determine a constructor for the tag 'tag:yaml.org,2002:python/name:os.system'"
    ),
    "- text: !!int x": "1: expected YAML: invalid literal for int() with base 10: 'x'",
    "- text: a\n---\n- text: b\n": "2: expected YAML: but found another document",
    "- text: *nobody": "1: expected YAML: found undefined alias 'nobody'",
    "- text: a\n- when:\n    user: a\n    turn: 1\n    user: b\n": "5: expected YAML: the key 'user' stands here twice",
    "text: Hi.": "1: expected a list of rules, each starting with '- when:'",
    "Hi.": "1: expected a list of rules, each starting with '- when:'",
    # rules
    "- text: a\n- Hi.\n": "2: this rule: expected a rule such as {when: {user: hello}, text: Hi.}, not 'Hi.'",
    "- text: a\n-\n": "2: this rule: expected a rule such as {when: {user: hello}, text: Hi.}, not nothing",
    "- when: {user: a}\n": f"1: this rule: {ONE_ANSWER}",
    "- {}": f"1: this rule: {ONE_ANSWER}",
    "- {text: a, json: {}}": f"1: this rule: {ONE_ANSWER}",
    "- {error: timeout, calls: [{ping: {}}]}": f"1: this rule: {ONE_ANSWER}",
    "- text: a\n  txt: b\n": f"2: txt: not known here; expected one of {KEYS}, when, replies",
    "- text: a\n  where: b\n": f"2: where: not known here; expected one of {KEYS}, when, replies",
    "- text: a\n  1: b\n": "2: 1: expected a key that is text, not 1",
    # conditions
    "- when:\n    turn: 1\n    usr: a\n  text: b\n": f"3: when.usr: not known here; expected one of {CONDITIONS}",
    "- when:\n  text: a\n": "1: when: expected conditions as {user: hello, provider: openai}, not nothing",
    "- when: hello\n  text: a\n": "1: when: expected conditions as {user: hello, provider: openai}, not 'hello'",
    "- {when: {user: }, text: a}": "1: when.user: expected a regular expression, as text in quotes, not nothing",
    "- {when: {user: 2026}, text: a}": "1: when.user: expected a regular expression, as text in quotes, not 2026",
    "- {when: {user: 'a('}, text: a}": (
        "1: when.user: expected a regular expression: missing ), unterminated subpattern at position 1"
    ),
    "- {when: {provider: antropic}, text: a}": (
        f"1: when.provider: no provider is called 'antropic'; expected one of {PROVIDERS}"
    ),
    "- {when: {provider: [openai]}, text: a}": f"1: when.provider: expected one of {PROVIDERS}, not ['openai']",
    "- {when: {model: 4}, text: a}": "1: when.model: expected a pattern for model names, such as claude-*, not 4",
    "- {when: {after_tool: [a]}, text: a}": "1: when.after_tool: expected a tool's name, or true, not ['a']",
    "- {when: {tools: a}, text: a}": ("1: when.tools: expected a list of tools' names, such as [get_weather], not 'a'"),
    "- when:\n    tools:\n      - a\n      - 3\n  text: a": (
        "4: when.tools.1: expected a list of tools' names, such as [get_weather], not 3"
    ),
    "- {when: {turn: 0}, text: a}": "1: when.turn: expected a whole number from 1, not 0",
    "- {when: {turn: first}, text: a}": "1: when.turn: expected a whole number from 1, not 'first'",
    # answers
    "- text: 42": "1: text: expected text; numbers, dates and the like in quotes, not 42",
    "- text:\n": "1: text: expected text; numbers, dates and the like in quotes, not nothing",
    "- json: .nan": "1: this rule: expected what JSON can say: Out of range float values are not JSON compliant",
    "- json: !!binary aGk=": (
        "1: this rule: expected what JSON can say: Object of type bytes is not JSON serializable"
    ),
    "- json: &a [*a]": "1: this rule: expected what JSON can say: Circular reference detected",
    "- calls: {ping: {}}": f"1: calls: expected {A_CALL}, not {{'ping': {{}}}}",
    "- calls: [ping]": f"1: calls.0: expected {A_CALL}, not 'ping'",
    "- calls:\n    - ping: {}\n    - ping:\n": f"3: calls.1.ping: expected {A_CALL}, not nothing",
    "- calls:\n    - when: a\n": f"2: calls.0.when: expected {A_CALL}, not 'a'",
    "- calls: [{a: {}, b: {}}]": "1: this rule: expected each call as one `- tool_name: {argument: value}`",
    "- error: rate_limits": f"1: this rule: no failure is called 'rate_limits'; expected one of {FAILURES}",
    "- error: [timeout]": f"1: error: expected one of {FAILURES}, not ['timeout']",
    "- {error: rate_limit, retry_after: soon}": "1: retry_after: expected seconds, from 0 to 600, not 'soon'",
    "- {error: rate_limit, retry_after: -1}": "1: retry_after: expected seconds, from 0 to 600, not -1",
    "- text: a\n  usage: 40\n": "2: usage: expected tokens as {input: 40, output: 9}, not 40",
    "- text: a\n  usage:\n    input: 40\n": "2: usage: output is missing; expected a number of tokens",
    "- text: a\n  usage:\n    input: 40\n    output: -1\n": "4: usage.output: expected a number of tokens, not -1",
    "- text: a\n  usage: {input: 4, output: 1, total: 5}\n": (
        "2: usage.total: not known here; expected one of input, output, cached, reasoning"
    ),
    "- text: a\n  usage: {input: 4, output: 1, cached: 5}\n": (
        "2: usage: expected cached as a part of input, and reasoning as a part of output"
    ),
    "- text: a\n  pace: 2\n": "2: pace: expected seconds as {first: 0.2, total: 1.0}, not 2",
    "- text: a\n  pace: {first: 601}\n": "2: pace.first: expected seconds, from 0 to 600, not 601",
    "- text: a\n  source: 2026\n": "2: source: expected scripted, or a recording's model and date, not 2026",
    # replies
    "- replies: {text: a}": "1: replies: expected a list of answers, not {'text': 'a'}",
    "- replies: []": f"1: this rule: {ONE_ANSWER}",
    "- replies:\n    - text: a\n    - Hi.\n": "3: replies.1: expected a list of answers, not 'Hi.'",
    "- replies:\n    - text: a\n    - when: {turn: 1}\n      text: b\n": (
        f"3: replies.1.when: not known here; expected one of {KEYS}"
    ),
    "- replies:\n    - text: a\n    - source: b\n": f"3: replies.1: {ONE_ANSWER}",
    "- replies:\n    - text: a\n  text: b\n": "1: this rule: expected either `replies` or one answer, not both",
    "- when: {turn: 1}\n  replies: [{text: a}]\n  usage: {input: 1, output: 1}\n": (
        "1: this rule: expected either `replies` or one answer, not both"
    ),
}


@pytest.mark.parametrize(("text", "told"), MISTAKES.items())
def test_a_mistake_names_file_line_and_what_was_expected(text: str, told: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse(text, "some.yaml")
    # Newer Pythons say which value JSON could not take.
    assert str(caught.value).startswith(f"some.yaml:{told}")


def test_a_mistake_under_a_merged_key_is_told_where_it_stands() -> None:
    text = "- when: &who\n    user: a\n    model: b\n  text: Hi.\n- when:\n    <<: *who\n    model: 4\n  text: Ho.\n"
    with pytest.raises(ScenarioError, match=r"some\.yaml:7: when\.model: "):
        parse(text, "some.yaml")


def test_a_long_value_is_shortened_in_the_message() -> None:
    with pytest.raises(ScenarioError) as caught:
        parse(f"- calls: {'x' * 5000}", "some.yaml")
    assert len(str(caught.value)) < 200
