"""What notebook 08 has to show: the true class of each error, what mends it, and how often who asks again."""

from __future__ import annotations

from anymodel_course.providers import PROVIDERS
from stored import shown


def test_a_missing_key_is_explained_and_mended() -> None:
    (error,) = shown("08", 'os.environ.pop("ANTHROPIC_API_KEY")')
    assert error.startswith("AuthenticationError: litellm.AuthenticationError: Missing Anthropic API Key")
    explained = shown("08", "course.explain(sys.last_value)")
    assert explained[:2] == [
        "AuthenticationError (status 401) at Anthropic",
        "What happened: There is no key at all. Nothing was sent.",
    ]
    assert shown("08", "ANTHROPIC_API_KEY=key") == ["Hello from the script for anthropic."]


def test_a_missing_key_has_five_classes_at_nine_providers() -> None:
    rows = [line.split(maxsplit=3) for line in shown("08", "row.endpoint.keys")]
    assert [(name, sent, error.partition(" ")[0]) for name, _, sent, error in rows] == [
        ("openai", "0", "InternalServerError"),
        ("anthropic", "0", "AuthenticationError"),
        ("gemini", "0", "APIConnectionError"),
        ("mistral", "1", "AuthenticationError"),
        ("cohere", "1", "AuthenticationError"),
        ("bedrock", "0", "AuthenticationError"),
        ("azure", "0", "APIError"),
        ("ollama", "1", "no"),
        ("together", "1", "BadRequestError"),
    ]


def test_a_missing_prefix_is_shown_and_mended() -> None:
    mode, _, error, *_ = shown("08", 'LitellmModel(model="mistral-large-latest")')
    assert mode == "Exception reporting mode: Minimal"
    assert error.startswith("BadRequestError: litellm.BadRequestError: LLM Provider NOT provided")
    assert shown("08", 'LitellmModel(model="mistral/mistral-large-latest")') == ["Hello from the script for mistral."]


def test_a_rate_limit_is_shown_and_survived_with_three_requests() -> None:
    error, *_ = shown("08", 'course.model_says(course.fails("rate_limit"))')
    assert error.startswith("RateLimitError: ")
    assert shown("08", "patient = ModelRetrySettings") == ["Hello at last. Requests: 3"]


def test_openais_client_alone_tries_again_and_multiplies_what_the_sdk_tries() -> None:
    counted = {line.split()[0]: line.split()[1:] for line in shown("08", '"with two retries"')[2:]}
    assert counted == dict.fromkeys(PROVIDERS, ["1", "3"]) | {"openai": ["3", "5"], "azure": ["3", "9"]}


def test_every_other_error_has_its_class_its_cause_and_its_fix() -> None:
    lines = shown("08", "for what, agent in cases.items()")
    raised = dict(line.split(" → ") for line in lines if " → " in line)
    assert raised == {
        "wrong key": "BadRequestError (status 401)",
        "retired or unknown model": "NotFoundError (status 404)",
        "Ollama model not pulled": "NotFoundError (status 404)",
        "Ollama not running": "APIConnectionError (status 500)",
        "tools unsupported": "BadRequestError (status 400)",
        "output_type unsupported": "UnsupportedParamsError (status 400)",
        "setting unsupported": "UnsupportedParamsError (status 400)",
        "overloaded": "InternalServerError (status 500)",
        "no answer in time": "Timeout (status 408)",
        "connection closed": "InternalServerError (status 500)",
        "answer cut off": "APIConnectionError (status 500)",
        "answer is not JSON": "BadRequestError (status 422)",
        "context too long": "BadRequestError (status 400)",
    }
    assert sum(line.startswith("    cause: ") for line in lines) == len(raised)
    assert sum(line.startswith("    fix:   ") for line in lines) == len(raised)
    assert "The course does not know" not in "".join(lines)


def test_a_text_that_says_nothing_has_the_truth_underneath() -> None:
    said, *chain = shown("08", "error.__cause__ or error.__context__")
    assert said == "Connection error."
    assert chain[-1].strip() == "ServerDisconnectedError"


def test_the_serializer_patch_has_nothing_to_silence() -> None:
    assert shown("08", "warnings.catch_warnings") == ["patch on: False · serialization warnings: 0"]
    assert shown("08", "PROGRAM = ") == ["patch on: True · serialization warnings: 0"]


def test_the_doctor_says_in_a_cell_what_its_exit_status_says() -> None:
    assert [line.rpartition(" ")[2] for line in shown("08", "report = course.doctor()")] == ["True", "True"]
