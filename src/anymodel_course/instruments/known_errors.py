"""The errors that `explain` knows, one row each: how it is recognised, what it means, and what mends it.

A row is recognised by the exception's class, its HTTP status and its text together, because no one of them is enough:
a wrong key is an AuthenticationError here and a BadRequestError with status 401 there. The first row that fits counts,
so the narrow ones come first. tests/sdk/test_errors_explained.py has the real libraries raise them at each provider.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..providers import Provider


@dataclass(frozen=True)
class Seen:
    """What can be told from an exception."""

    name: str
    status: int | None
    text: str
    at: Provider | None
    of_a_library: bool  # LiteLLM's, OpenAI's client's or the SDK's

    @property
    def label(self) -> str:
        """Its class, and its status where it has one."""
        return self.name + (f" (status {self.status})" if self.status else "")

    def says(self, pattern: str) -> bool:
        """Whether one of the libraries says so, case ignored: in an error of a learner's own the same words are chance.

        "Expecting value" is a learner's own json.loads as well as a provider's answer.
        """
        return self.of_a_library and self.holds(pattern)

    def holds(self, pattern: str) -> bool:
        """Whether the text holds the pattern, case ignored, whoever raised it: for words that only a library has."""
        return re.search(pattern, self.text, re.IGNORECASE) is not None


@dataclass(frozen=True)
class Row:
    """One error. What stands in braces, such as `{model}`, is filled in by `explain`.

    Attributes:
        fits: Whether an exception is this one.
        what: What happened.
        causes: The likely causes, the likeliest first.
        fix: Python; steps outside of it as comments.
        also: One cause more, at one provider.
        usual: Class and status as most providers raise it. Where they differ, the explanation says so.
        trap: What misleads in class or status.
        traps: What misleads at one provider, in place of `trap`.
    """

    fits: Callable[[Seen], bool]
    what: str
    causes: tuple[str, ...]
    fix: str
    also: Mapping[str, str] = field(default_factory=dict)
    usual: str = ""
    trap: str = ""
    traps: Mapping[str, str] = field(default_factory=dict)


def _retry(policy: str, more: str = "") -> str:
    return f"ModelSettings(retry=ModelRetrySettings(max_retries=3, policy=retry_policies.{policy})){more}"


# Windows words its errors in the user's own language; their numbers stay.
REFUSED = r"cannot connect to host|connection attempts failed|connection refused|winerror (10061|1225)\b"
CLOSED = r"server disconnected|connection reset|winerror (10054|64)\b"
# The SDK sees a network error only where httpx raised one underneath; LiteLLM's status catches the others.
BROKEN_OFF = "any(\n    retry_policies.network_error(), retry_policies.http_status([500, 503]))"
NOT_SENT = "Nothing was sent, so no server gave a status: LiteLLM fills one in."
NO_ANSWER = "No server gave this status: there was no answer, and LiteLLM fills one in."
UNSENT_KEY = "{title} got a request without a key: LiteLLM sends it all the same if {variable} is not set."
WITH_TOOLS = "[n for n, p in course.PROVIDERS.items() if course.model_facts(p.model).tools]\n# or, without tools:\n"
INVALID_OUTPUT = "Invalid JSON when parsing"  # of an answer; of a tool's arguments the SDK says "… input for tool"
NO_TOOLS = r"(tools?( use)?|function calling) is not (supported|enabled)|(does not|doesn't) support (tools?\b|function)"
TOO_LONG = (
    r"context (length|window)|too large for model|too many tokens|(prompt|input) is too long|maximum number of tokens"
    r"|tokens.{0,40} must be <="
)
BUSY = r"overloaded|capacity exceeded|high demand|server busy|too many connections|temporarily unable"
NO_JSON = (
    r"expecting value|empty or invalid response|unexpected string response|checksum mismatch|<html|error parsing chunk"
    r"|'str' object has no attribute 'usage'"
)

ROWS = (
    # --- what tools and models said, which stands in the text: first, as a later row may take it for its own words ---
    Row(
        lambda e: e.name == "UserError" and e.says("^error running tool "),
        "The tool {tool} raised {raised}. That is neither the model's error nor a provider's.",
        (
            "The tool's own code has a mistake, or cannot deal with these arguments; nothing turns its error into an "
            "answer for the model, as failure_error_function=None says.",
            "A hook or a guardrail around the tool raised it.",
            "The tool is an agent whose own run failed: hand error.__cause__ to course.explain.",
        ),
        "raise error.__cause__  # what was raised, with its own traceback: mend that\n"
        "# or let the model read the error and go on: decorate the tool with\n"
        "function_tool(failure_error_function=default_tool_error_function)",
    ),
    Row(
        lambda e: e.name == "ModelBehaviorError" and e.says(INVALID_OUTPUT),
        "The answer does not fit the agent's output_type.",
        (
            "The provider never saw the output_type: drop_params takes it away where it is not supported.",
            "The answer was cut off by max_tokens.",
            "The model does not keep to a schema.",
        ),
        "[n for n, p in course.PROVIDERS.items() if course.model_facts(p.model).structured_output]\n"
        "course.wire()  # whether the schema was sent",
    ),
    Row(
        lambda e: e.name == "ModelBehaviorError" and e.says("tool .* not found"),
        "The model called a tool that the agent does not have.",
        ("The model made the name up.", "The history is another agent's, which had that tool."),
        "print([tool.name for tool in agent.tools])",
    ),
    Row(
        lambda e: e.name == "ModelBehaviorError" and e.says("did not produce a final response"),
        "The stream ended without an answer in it.",
        ("The connection was cut.", "What came was not in the provider's format."),
        "course.doctor()  # proxies, and addresses",
    ),
    # --- before anything is sent ---
    Row(
        lambda e: e.name in ("AttributeError", "TypeError") and e.holds(r"^'coroutine' object "),
        "This is a run that nobody waited for: a coroutine, which becomes a result with `await`. Nothing was sent.",
        ("The `await` before Runner.run, or before a function of your own, is missing.",),
        "result = await Runner.run(agent, prompt)",
    ),
    Row(
        lambda e: e.name == "RuntimeError" and e.holds(r"run_sync\(\) cannot be called"),
        "run_sync starts an event loop of its own, and a notebook has one running already.",
        ("You are in Jupyter, where the kernel runs the loop.",),
        "result = await Runner.run(agent, prompt)",
    ),
    Row(
        lambda e: e.name == "UserError" and e.says("unknown prefix"),
        "The SDK read the part before the slash as one of its own routes, and it knows only openai/ and litellm/.",
        ("A LiteLLM id was given as a plain string.",),
        'Agent(model=LitellmModel(model="{model}"))\n# or, as a string:\nAgent(model="litellm/{model}")',
    ),
    Row(
        lambda e: e.says("LLM Provider NOT provided"),
        "LiteLLM could not tell which provider serves this model. Nothing was sent.",
        ("The id has no provider/ in front.", "The prefix is misspelt."),
        'LitellmModel(model="{model}")  # provider/model, always',
        trap=NOT_SENT,
    ),
    Row(
        lambda e: e.says("default credentials were not found"),
        "LiteLLM went to Google's Vertex AI, which takes the credentials of Google Cloud and no API key.",
        ("A Gemini model without gemini/ in front: the bare name leads to Vertex AI.",),
        'LitellmModel(model="gemini/…")',
        trap=NOT_SENT,
    ),
    Row(
        lambda e: e.name == "TypeError" and e.holds(r"LitellmModel\.__init__\(\).*api_base"),
        "LitellmModel has no parameter api_base; LiteLLM's own functions do.",
        ("An older tutorial.",),
        'LitellmModel(model="{model}", base_url="https://…", api_key="…")',
    ),
    # --- a limit of yours ---
    Row(
        lambda e: e.name == "BudgetSpent",
        "The budget stopped the run before its next model call.",
        ("What was allowed is spent: the text says on what.", "The price or the tokens of a call cannot be known."),
        "with course.budget(usd=0.10) as b:\n    result = await Runner.run(agent, prompt, hooks=b)",
    ),
    Row(
        lambda e: e.name == "LiveCap",
        "The session has made as many live calls as start() allowed. This one was not made.",
        ("Many cells were run live.", "A loop calls the model again and again."),
        'course.start(live=["…"], max_calls=100)',
    ),
    Row(
        lambda e: e.name == "MaxTurnsExceeded",
        "The model was called as often as max_turns allows, and still had not finished.",
        ("The model calls the same tool again and again: its result does not help.", "The task needs more turns."),
        "print(course.stand_in().log[-1].ask.results)  # offline: what the tools returned last\n"
        "result = await Runner.run(agent, prompt, max_turns=20)",
    ),
    # --- keys ---
    Row(
        lambda e: e.says("you are offline, and this looks like a real key"),
        "The server on this machine got a key that is not the course's own. The key went nowhere else.",
        ("A key was set in a cell after course.start().",),
        "# Put the key into .env and say that you want to spend money:\n"
        'course.start(live=["{name}"])\n# or go back offline:\ncourse.start()',
    ),
    Row(
        lambda e: e.says("missing credentials|missing .*api key|api_key .*must be set|unable to locate credentials"),
        "There is no key at all. Nothing was sent.",
        ("{variable} is not set.", ".env lies in a folder that is not above this notebook."),
        'print(course.key("{name}"))  # then set {variable} in .env',
        usual="AuthenticationError (status 401)",
        trap=NOT_SENT,
    ),
    Row(
        lambda e: e.says("control character|illegal header value|codec can't encode"),
        "The key cannot stand in an HTTP header. Nothing was sent.",
        ("The key ends in a line end or holds one.", "The key holds curly quotes or other letters that are not ASCII."),
        'print(course.key("{name}"))\ncourse.doctor()  # looks at the keys in .env without showing them',
        trap=NOT_SENT,
    ),
    Row(
        lambda e: e.status == 401 or e.name == "AuthenticationError",
        "The provider refused the key.",
        ("The key is mistyped, revoked, or another provider's.", "The variable holds quotes, spaces or a placeholder."),
        'print(course.key("{name}"))  # where it comes from; then mend that place\ncourse.doctor()',
        also=dict.fromkeys(("mistral", "cohere", "together"), UNSENT_KEY)
        | {
            "azure": "The key belongs to another resource than the one that AZURE_API_BASE names.",
            "bedrock": "The clock of this machine is wrong: each request is signed with the time.",
            "ollama": "The server is not a plain Ollama, which asks for no key, but one behind a login.",
        },
        usual="AuthenticationError (status 401)",
    ),
    # --- what the model cannot do ---
    Row(
        lambda e: e.says(NO_TOOLS) or (e.name == "UnsupportedParamsError" and e.says(r"\['tools'|'tools'\]")),
        "This model cannot call tools.",
        ("The model was not made for it.", "The agent has tools that this task does not need."),
        WITH_TOOLS + "agent.clone(tools=[])",
        also={"ollama": "This version of the model cannot: https://ollama.com/search?c=tools lists those that can."},
    ),
    Row(
        lambda e: e.name == "UnsupportedParamsError" and e.says("response_format"),
        "LiteLLM passes no output_type on to {title}. Nothing was sent.",
        ("The provider has no such setting, or LiteLLM does not know it.",),
        "[n for n, p in course.PROVIDERS.items() if course.model_facts(p.model).structured_output]\n"
        "# or ask for the form in words, and read the text yourself:\nagent.clone(output_type=None)",
        trap="drop_params only hides it: the answer is prose then, and the run ends in a ModelBehaviorError.",
    ),
    Row(
        lambda e: e.name == "UnsupportedParamsError" and e.says("forced tool use"),
        "This model takes no tool_choice that forces a tool. Nothing was sent.",
        ('ModelSettings(tool_choice=…) names a tool, or says "required".',),
        'ModelSettings(tool_choice="auto")  # and say in the instructions when to call the tool',
        trap=NOT_SENT,
    ),
    Row(
        lambda e: e.name == "UnsupportedParamsError",
        "LiteLLM knows that this model takes no {setting}. Nothing was sent.",
        ("ModelSettings holds {setting}, which was meant for another model.",),
        "agent.clone(model_settings=ModelSettings())",
        trap=NOT_SENT,
    ),
    Row(
        lambda e: e.name == "ContextWindowExceededError" or (e.status == 400 and e.says(TOO_LONG)),
        "The conversation is longer than the model's context window.",
        ("A tool returned a long text, which every later turn sends again.", "The history of many runs is handed on."),
        'course.model_facts("{model}").context  # how many tokens fit\n# then shorten it, or take a larger model',
        usual="ContextWindowExceededError (status 400)",
    ),
    # --- the model's name ---
    Row(
        lambda e: e.at is not None and e.at.name == "ollama" and (e.status == 404 or e.says("try pulling")),
        "Ollama runs, and does not have this model.",
        ("It was never pulled.", "The name or its tag is misspelt: `ollama list` shows what is there."),
        "# in a terminal:\n#     ollama pull {asked}\ncourse.ollama()  # what is there now",
    ),
    Row(
        lambda e: e.status == 404 or (e.status == 400 and e.says("invalid model|model identifier is invalid")),
        "{title} serves no model of this name to this key.",
        (
            "The id is retired or misspelt.",
            "The account may not use it.",
            "base_url leads to a path that is not there.",
        ),
        'LitellmModel(model="{model}")  # one that is served\nprint(course.model_facts("{model}"))',
        also={
            "azure": "After azure/ stands the name of your deployment, not the model's.",
            "bedrock": "Most ids want a region group in front, such as us., and the model switched on for the account.",
        },
        usual="NotFoundError (status 404)",
    ),
    # --- between you and the provider ---
    Row(
        lambda e: e.says(NO_JSON),
        "An answer came that is not in the provider's format.",
        (
            "A proxy or gateway in between answered in its place, often with a page of HTML.",
            "base_url leads to something that is no model server.",
        ),
        "print(error)  # the answer's first words often say whose it is\ncourse.doctor()  # proxies, and addresses",
        trap="The status tells nothing: LiteLLM makes 200, 422 or 500 of it. As a stream it often raises nothing at "
        "all, and the answer is empty.",
    ),
    Row(
        lambda e: e.says("payload is not completed|peer closed connection|incomplete chunked"),
        "The connection was closed in the middle of the answer.",
        ("The network or a proxy gave up; a long answer is at risk most.", "The server was restarted."),
        _retry(BROKEN_OFF, "\n# A stream that has begun is not repeated: run it again yourself."),
        trap=NO_ANSWER,
    ),
    Row(
        lambda e: e.says(CLOSED),
        "The connection was closed before an answer came.",
        ("The server or a proxy closed it: restarted, or out of patience.", "A kept connection had gone stale."),
        _retry(BROKEN_OFF),
        trap=NO_ANSWER,
    ),
    Row(
        lambda e: e.says(REFUSED) and e.at is not None and e.at.name == "ollama",
        "Nobody listens where Ollama should be. Nothing was sent.",
        ("Ollama is not running.", "OLLAMA_API_BASE or base_url names another place."),
        "# in a terminal:\n#     ollama serve\ncourse.ollama()",
        trap=NOT_SENT,
    ),
    Row(
        lambda e: e.says(REFUSED),
        "Nobody listens at the address. Nothing was sent.",
        ("base_url or a variable leads to a server that does not run.", "There is no network, or a proxy is needed."),
        "course.start()  # brings the course's own server back, if it is that\n"
        "course.doctor()  # addresses and proxies left over from elsewhere",
        trap=NOT_SENT,
    ),
    Row(
        lambda e: e.says(r"connection error\.?$"),
        "The connection failed, and this text does not tell how.",
        (
            "Nobody listens at the address.",
            "The connection was closed before or in the middle of the answer.",
            "The key holds a line end, so the request could not be made.",
        ),
        "while error:  # the exceptions underneath say more\n"
        "    print(type(error).__name__, error)\n    error = error.__cause__ or error.__context__",
        trap=NO_ANSWER,
    ),
    Row(
        lambda e: e.name in ("Timeout", "APITimeoutError", "TimeoutError") or e.says("request timed out"),
        "No answer came in time.",
        ("The model thinks longer than the time limit.", "The provider is slow just now.", "A proxy swallows answers."),
        'ModelSettings(extra_args={"timeout": 120})  # seconds for one call',
        trap=NO_ANSWER,
    ),
    # --- too much ---
    Row(
        lambda e: e.status in (503, 529) or e.says(BUSY),
        "The provider has no capacity right now.",
        ("Many others ask for the same model.", "It has a disturbance: its status page says so."),
        _retry("http_status(\n    [429, 500, 503])", "\n# or another provider, for this run only:\n")
        + 'RunConfig(model="litellm/{other}")',
        usual="ServiceUnavailableError (status 503)",
        traps={
            "anthropic": "Anthropic's own status for this is 529; LiteLLM makes an InternalServerError with 500 of it.",
            "mistral": 'Class and status say rate limit, for LiteLLM goes by the word "exceeded". It can be either: '
            "the model's capacity, or your tier's share of it.",
        },
    ),
    Row(
        lambda e: e.status == 429 or e.name == "RateLimitError",
        "The provider takes no more requests from this key for now.",
        ("Too many requests or tokens in a minute.", "The account has no credit left: the text says so."),
        "# Wait as long as the provider says, or let the SDK do so:\n" + _retry("http_status([429])"),
        usual="RateLimitError (status 429)",
    ),
    # --- and whatever else a provider refuses ---
    Row(
        lambda e: e.status in (400, 422) and e.name == "BadRequestError",
        "The provider says that the request is not in order.",
        ("A setting, a message or a tool's schema that this model does not take: the text may name it.",),
        "print(error)\ncourse.wire()  # what was sent",
    ),
)
