"""Keys: found wherever learners put them, told of when odd, shown never."""

import copy
import dataclasses
import json
import logging
import os
import pickle
import random
import string
from collections.abc import Callable
from pathlib import Path

import pytest

from anymodel_course import keys
from anymodel_course.keys import Secret, parse_dotenv, read_dotenv
from anymodel_course.providers import PROVIDERS
from scripted_providers import DUMMY_KEY, ENDPOINTS

pytestmark = pytest.mark.usefixtures("learner")

KEY = "sk-ant-0123456789abcd4f2a"
BASE = "http://127.0.0.1:1"
Write = Callable[[str | bytes], Path]


# --- a secret ---


def test_a_secret_shows_its_last_four_at_most() -> None:
    secret = Secret(KEY)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!s}", f"{secret!r}", f"{[secret]} { ({'k': secret}) }"]
    shown += ["%s %r" % (secret, secret), "{}".format(secret)]  # noqa: UP031, UP032
    assert all("ends in 4f2a" in text and KEY[:-4] not in text and "0123" not in text for text in shown)
    assert repr(Secret("short")) == "too short to show any of it"
    assert secret.reveal() == KEY


def test_a_secret_does_not_get_out_as_a_part_of_something_else(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(KEY)
    for leak in (
        lambda: json.dumps({"key": secret}),
        lambda: pickle.dumps(secret),
        lambda: copy.deepcopy({"key": secret}),
        lambda: "Bearer " + secret,  # type: ignore[operator]
        lambda: "".join([secret]),  # type: ignore[list-item]
        lambda: f"{secret:>40}",
        lambda: vars(secret),
        lambda: list(secret),  # type: ignore[call-overload]
    ):
        with pytest.raises(TypeError) as caught:
            leak()
        assert "0123" not in str(caught.value)
    logging.getLogger("anybody").warning("%s %r", secret, {"key": secret})
    assert "4f2a" in caplog.text
    assert "0123" not in caplog.text


def test_secrets_are_equal_by_value_and_never_to_a_string() -> None:
    assert Secret(KEY) == Secret(KEY)
    assert len({Secret(KEY), Secret(KEY)}) == 1
    assert Secret(KEY) != KEY


def test_what_is_said_of_keys_holds_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    found, read = keys.key("anthropic"), parse_dotenv(f"ANTHROPIC_API_KEY={KEY}".encode())
    said = [repr(found), str(found), json.dumps(dataclasses.asdict(found)), repr(pickle.dumps(found)), repr(read)]
    said += [repr(read.values), repr(keys.own_values()), repr(keys.values_of(PROVIDERS["anthropic"]))]
    assert [text for text in said if "0123" in text] == []
    assert str(found) == "set, from the environment, ends in 4f2a"


# --- .env files as learners write them ---


@pytest.mark.parametrize(
    "written",
    [
        f"ANTHROPIC_API_KEY={KEY}\n",
        f"ANTHROPIC_API_KEY={KEY}",
        f"export ANTHROPIC_API_KEY={KEY}\n",
        f"ANTHROPIC_API_KEY = {KEY} \n",
        f'ANTHROPIC_API_KEY="{KEY}"\n',
        f"ANTHROPIC_API_KEY=' {KEY} '\n",
        f"ANTHROPIC_API_KEY=“{KEY}”\n",
        f"ANTHROPIC_API_KEY=‘{KEY}’\n",
        f"ANTHROPIC_API_KEY=`{KEY}`\n",
        f"ANTHROPIC_API_KEY=\"' „{KEY}“ '\"\n",
        f'ANTHROPIC_API_KEY={KEY}"\n',
        f"ANTHROPIC_API_KEY={KEY} # mine\n",
        f"\n\n# mine\n  ANTHROPIC_API_KEY={KEY}\n",
        f"ANTHROPIC_API_KEY={KEY}\r\nOPENAI_API_KEY=\r\n",
        f"ANTHROPIC_API_KEY=old-old-old-old-old-old\nANTHROPIC_API_KEY={KEY}\n",
        f"ANTHROPIC_API_KEY={KEY}\nANTHROPIC_API_KEY=sk-ant-...\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_key_is_read_however_it_is_written(written: str, encoding: str) -> None:
    assert parse_dotenv(written.encode(encoding)).values["ANTHROPIC_API_KEY"].reveal() == KEY


@pytest.mark.parametrize(
    ("written", "line", "word", "harmless"),
    [
        (f"\ufeffANTHROPIC_API_KEY={KEY}", None, "byte order mark", True),
        (f"ANTHROPIC_API_KEY={KEY}\r\n", None, "CRLF", True),
        (f"export ANTHROPIC_API_KEY={KEY}", 1, "`export`", True),
        (f"export\tANTHROPIC_API_KEY={KEY}", 1, "`export`", True),
        (f"A=1\n \n\nANTHROPIC_API_KEY=“{KEY}”", 4, "quotes around", True),
        (f"A=1\nANTHROPIC_API_KEY=`{KEY}`", 2, "quotes around", True),
        (f"A_KEY={KEY}\nB=2\nA_KEY={KEY}", 3, "twice", True),
        ("OPENAI_API_KEY=sk-...", 1, "placeholder", False),
        ("OPENAI_API_KEY=<your key>", 1, "placeholder", False),
        ("OPENAI_API_KEY=your-key-here", 1, "placeholder", False),
        ("OPENAI_API_KEY=sk-xxxxxxxxxxxx", 1, "placeholder", False),
        ("OPENAI_API_KEY=sk-proj-****************Ab3d", 1, "placeholder", False),
        ("OPENAI_API_KEY=${MY_KEY}", 1, "refers to another variable", False),
        (f"OPENAI_API_KEY={DUMMY_KEY}", 1, "placeholder", False),
        ("AZURE_API_BASE=https://<your-resource>.openai.azure.com", 1, "placeholder", False),
        ("AZURE_API_BASE=https://your-resource.openai.azure.com", 1, "placeholder", False),
        (f"OPENAI_API_KEY={KEY[:9]} {KEY[9:]}", 1, "a space, a line break", False),
        (f"OPENAI_API_KEY={KEY[:9]}\u200b{KEY[9:]}", 1, "another character", False),
        (f'A=1\nOPENAI_API_KEY="{KEY}\nB=2', 2, "a quote is not closed", False),
        (f'OPENAI_API_KEY="{KEY}\nOTHER_KEY="{KEY}"', 1, "a quote is not closed", False),
        (f"OPENAI_API_KEY='{KEY}' mine", 1, "something follows it", False),
        (f"OPENAI_API_KEY: {KEY}", 1, ": where a =", False),
        (f"OPENAI_API_KEY {KEY}", 1, "no =", False),
        (KEY, 1, "no =", False),
        (f"{KEY}==", 1, "no variable's name", False),
        ("ABSKQmVkcm9ja0FQSUtleS0123==\nABSKQmVkcm9ja0FQSUtleS0123==", 1, "no variable's name", False),
        (f"export\tA_KEY = '{KEY}", 1, "a quote is not closed", False),
        (f"set OPENAI_API_KEY={KEY}", 1, "Windows command", False),
        (f"SETX OPENAI_API_KEY {KEY}", 1, "Windows command", False),
        (f'$env:OPENAI_API_KEY="{KEY}"', 1, "Windows command", False),
    ],
)  # fmt: skip
def test_what_is_odd_is_told_with_its_line_and_without_the_key(
    written: str, line: int | None, word: str, harmless: bool
) -> None:
    found = parse_dotenv(written.encode())
    told = next(p for p in found.problems if word in p.what)
    assert (told.line, told.harmless) == (line, harmless)
    assert told.fix
    assert not any("0123" in str(p) or "0123" in repr(p) for p in found.problems)
    assert not any("0123" in name for name in found.values)


@pytest.mark.parametrize(
    ("written", "often", "line"),
    [
        ("A_KEY=first-000000000001\nA_KEY=second-00000000002", "twice", 2),
        ("A_KEY=first-000000000001\nA_KEY=sk-...", "twice", 1),
        ("A_KEY=first-000000000001\nA_KEY=", "twice", 1),
        ("A_KEY=first-000000000001\nA_KEY=“”", "twice", 1),
        ("A_KEY=first-000000000001\nA_KEY=${OTHER}", "twice", 1),
        ("A_KEY=<key>\nA_KEY=second-00000000002\nA_KEY=''", "3 times", 2),
    ],
)
def test_of_a_variable_that_stands_there_more_than_once_the_one_counts_that_is_said(
    written: str, often: str, line: int
) -> None:
    found = parse_dotenv(written.encode())
    (told,) = [problem for problem in found.problems if "stands here" in problem.what]
    assert told.what == f"A_KEY stands here {often}."
    assert told.fix == f"Of these, the one in line {line} counts."
    assert found.values["A_KEY"].reveal() == written.splitlines()[line - 1].partition("=")[2]
    assert [p.line for p in found.problems] == sorted(p.line or 0 for p in found.problems)


def test_what_stands_there_twice_and_never_with_a_value_is_not_told_as_one_that_counts() -> None:
    assert parse_dotenv(b"A_KEY=\nA_KEY=").problems == ()
    assert {p.what for p in parse_dotenv(b"A_KEY=sk-...\nA_KEY=sk-...").problems} == {
        "A_KEY still holds a placeholder."
    }


PLACEHOLDERS = {
    "OPENAI_API_KEY": (
        *("sk-...", "sk-…", "sk-", "sk-xxx", "sk-xxxx", "sk-XXXX-XXXX", "sk-proj-", "sk-proj-xxxx", "sk-ant-api03-xxx"),
        *("xxx", "placeholder", "sk-placeholder", "replace_me", "replace-me", "REPLACEME", "changeme", "change_me"),
        *("None", "null", "todo", "[your key]", "[YOUR_API_KEY]", "<your key>", "your-key-here", "YOUR_API_KEY"),
        *("{your-api-key}", "sk-****", "${MY_KEY}", DUMMY_KEY),
    ),
    "AZURE_API_BASE": (
        *("https://your-resource.openai.azure.com", "https://YOUR-RESOURCE-NAME.openai.azure.com/", "your_endpoint"),
        *("https://<resource>.openai.azure.com", "https://[resource].openai.azure.com", "https://your-domain/v1"),
        *("https://your-azure-openai-resource.openai.azure.com", "https://{your-account}.openai.azure.com", "None"),
        *("https://placeholder.openai.azure.com", "https://xxxx.openai.azure.com/...", "<endpoint>"),
    ),
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in PLACEHOLDERS.items() for value in values]
)
def test_what_stands_in_the_place_of_a_key_or_an_address_is_no_value(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = parse_dotenv(f"{name}={value}".encode())
    assert found.values == {}
    assert len([problem for problem in found.problems if not problem.harmless]) == 1
    monkeypatch.setenv(name, value)
    assert name not in keys.own_values()


WORD = string.ascii_letters + string.digits
URL_SAFE = WORD + "-_"
REAL_KEYS = {
    "OPENAI_API_KEY": (("sk-", WORD, 48), ("sk-proj-", URL_SAFE, 156), ("sk-svcacct-", URL_SAFE, 156)),
    "ANTHROPIC_API_KEY": (("sk-ant-api03-", URL_SAFE, 95),),
    "GOOGLE_API_KEY": (("AIzaSy", URL_SAFE, 33), ("AQ.", URL_SAFE, 50)),
    "MISTRAL_API_KEY": (("", WORD, 32),),
    "COHERE_API_KEY": (("", WORD, 40),),
    "AWS_ACCESS_KEY_ID": (("AKIA", string.ascii_uppercase + "234567", 16),),
    "AWS_SECRET_ACCESS_KEY": (("", WORD + "+/", 40),),
    "AWS_BEARER_TOKEN_BEDROCK": (("ABSK", WORD + "+/", 130),),
    "AZURE_API_KEY": (("", "0123456789abcdef", 32), ("", WORD, 84)),
    "OLLAMA_API_KEY": (("", "0123456789abcdef", 32),),
    "TOGETHERAI_API_KEY": (("", "0123456789abcdef", 64), ("tgp_v1_", URL_SAFE, 43)),
}


@pytest.mark.parametrize("name", REAL_KEYS)
def test_a_real_key_is_no_placeholder_whatever_letters_it_has(name: str) -> None:
    chance = random.Random(name)
    for begin, letters, length in REAL_KEYS[name]:
        for end in ("", "xx", "xxxAB", "None", "todo", "=="):
            for _ in range(100):
                value = begin + "".join(chance.choices(letters, k=length)) + end
                assert parse_dotenv(f"{name}={value}".encode()) == keys.DotEnv(None, {name: Secret(value)})


@pytest.mark.parametrize(
    "value",
    [
        "https://yourcompany.openai.azure.com",
        "https://your-company.openai.azure.com",
        "https://your-companys-resource.openai.azure.com/",
        "https://ask-your-name.example",
        "https://your-namesake.example/v1",
        "https://my-resource.openai.azure.com",
        "https://exchange-me.example/none/todo",
        "https://xxl.example/sk-",
        "http://[::1]:8080",
        "[::]",
    ],
)
def test_a_real_address_is_no_placeholder(value: str) -> None:
    assert parse_dotenv(f"AZURE_API_BASE={value}".encode()).values == {"AZURE_API_BASE": Secret(value)}


@pytest.mark.parametrize(
    "raw",
    [b"", b"\n\n", b"# only a comment\n", b"OPENAI_API_KEY=\n", b"OPENAI_API_KEY=''\n", b"AWS_PROFILE=my-profile\n"],
)
def test_what_is_nothing_odd_is_not_told_of(raw: bytes) -> None:
    assert parse_dotenv(raw).problems == ()
    assert set(parse_dotenv(raw).values) <= {"AWS_PROFILE"}


@pytest.mark.parametrize(
    "raw",
    [
        b"\xffA\xfe",
        b"A=\xe4\xf6\xfc",
        f"A={KEY}".encode("utf-16-le"),
        f"A={KEY}".encode("utf-32"),
        b"\xff\xfeA",
        b"A=\0b",
    ],
)
def test_what_is_no_utf8_text_is_told_of_and_not_guessed_at(raw: bytes) -> None:
    found = parse_dotenv(raw)
    assert found.values == {}
    assert [p.what for p in found.problems if not p.harmless] == ["The file is not UTF-8 text."]


def test_the_file_is_searched_upward_where_no_variable_names_one(
    learner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANYMODEL_DOTENV")
    (learner / ".env").write_text(f"OPENAI_API_KEY={KEY}")
    (learner / "my" / "notes").mkdir(parents=True)
    (learner / "my" / ".env").mkdir()  # a virtual environment, say
    monkeypatch.chdir(learner / "my" / "notes")
    assert read_dotenv().path == learner / ".env"


def test_no_file_is_no_problem(learner: Path) -> None:
    assert read_dotenv() == keys.DotEnv()
    assert read_dotenv(learner / "nowhere" / ".env") == keys.DotEnv()


def test_a_path_may_have_a_space_where_a_key_may_not() -> None:
    found = parse_dotenv(b"AWS_WEB_IDENTITY_TOKEN_FILE=/home/me/my tokens/web\nCO_API_KEY=0123 456789\n")
    assert [problem.what.split()[0] for problem in found.problems] == ["CO_API_KEY"]


def test_a_file_that_an_editor_named_txt_is_told_of(learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANYMODEL_DOTENV")
    (learner / ".env.txt").write_text(f"OPENAI_API_KEY={KEY}")
    (learner / "my").mkdir()
    monkeypatch.chdir(learner / "my")
    assert [problem.what for problem in read_dotenv().problems] == ["The file here is called .env.txt."]
    assert str(keys.key("openai")) == "no key: set OPENAI_API_KEY in .env (The file here is called .env.txt)"
    (learner / ".env").write_text(f"OPENAI_API_KEY={KEY}")
    assert read_dotenv().problems == ()
    assert keys.key("openai")


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege there")
def test_a_folder_or_a_loop_in_its_place_is_told_of(learner: Path) -> None:
    folder, loop = learner / "folder", learner / "loop"
    folder.mkdir()
    loop.symlink_to(loop)
    for path in (folder, loop):
        (problem,) = read_dotenv(path).problems
        assert "cannot be read" in problem.what
        assert not problem.harmless


def test_a_file_that_nobody_may_read_is_told_of(dotenv: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = dotenv(f"OPENAI_API_KEY={KEY}")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))  # chmod stops nobody who is root

    monkeypatch.setattr(Path, "read_bytes", refuse)
    (problem,) = read_dotenv().problems
    assert problem.what == f"{path.name} cannot be read (Permission denied)."
    assert not keys.key("openai")


# --- where a key comes from ---


def test_asked_goes_before_the_environment_and_that_before_the_file(
    dotenv: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert str(keys.key("anthropic")) == "no key: set ANTHROPIC_API_KEY in .env"
    assert not keys.key("anthropic")
    dotenv("ANTHROPIC_API_KEY=from-the-file-00000001")
    assert str(keys.key("anthropic")) == "set, from .env, ends in 0001"
    monkeypatch.setenv("ANTHROPIC_API_KEY", "from-the-environment-0002")
    assert str(keys.key("anthropic")) == "set, from the environment, ends in 0002"
    monkeypatch.setattr(keys, "getpass", lambda prompt: f"  {KEY}\n")
    assert str(keys.ask_key("anthropic")) == "set, from ask_key, ends in 4f2a"
    assert KEY not in os.environ.values()
    assert "0123" not in "".join(capsys.readouterr())


def test_asking_prompts_for_each_variable_of_the_usual_set(monkeypatch: pytest.MonkeyPatch) -> None:
    prompts: list[str] = []
    answers = iter(["AKIA0123456789abcdef", "", "eu-north-1"])
    monkeypatch.setattr(keys, "getpass", lambda prompt: prompts.append(prompt) or next(answers))
    assert str(keys.ask_key("bedrock")) == "no key: set AWS_SECRET_ACCESS_KEY in .env"
    assert [p.split()[0] for p in prompts] == list(PROVIDERS["bedrock"].key_sets[0])


@pytest.mark.parametrize(
    ("typed", "told"), [("sk-...", "only stands in a key's place"), (f"{KEY[:9]} {KEY[9:]}", "Copy the key again")]
)
def test_what_can_be_no_key_is_not_kept(typed: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "getpass", lambda prompt: typed)
    with pytest.raises(ValueError, match=told) as raised:
        keys.ask_key("anthropic")
    assert KEY[9:] not in str(raised.value)
    assert not keys.key("anthropic")
    monkeypatch.setattr(keys, "getpass", lambda prompt: f"‘{KEY}’ ")
    assert keys.ask_key("anthropic").shown == "ends in 4f2a"


def test_nobody_is_asked_for_a_key_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="Ollama runs on your own machine"):
        keys.ask_key("ollama")
    with pytest.raises(ValueError, match="Did you mean 'mistral'"):
        keys.ask_key("mistrall")
    assert str(keys.key("ollama")) == "needs no key"
    assert keys.key("ollama")


def test_what_was_asked_for_is_what_is_used_though_litellm_would_take_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTRAL_AZURE_API_KEY", "somebody-elses-0123456789")
    monkeypatch.setattr(keys, "getpass", lambda prompt: KEY)
    assert keys.ask_key("mistral").variable == "MISTRAL_API_KEY"
    assert keys.values_of(PROVIDERS["mistral"]) == {"MISTRAL_API_KEY": Secret(KEY)}


def test_a_typed_key_is_not_mixed_with_other_ways_of_signing_in(monkeypatch: pytest.MonkeyPatch, dotenv: Write) -> None:
    dotenv("AWS_PROFILE=at-work\nAWS_BEDROCK_RUNTIME_ENDPOINT=https://vpce.example")
    names = (*ENDPOINTS["bedrock"].aliases, "AWS_DEFAULT_REGION")
    left = {n: f"left-{n.lower()}-0123456789" for n in names if "URL" not in n}
    stay = {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_STS_ENDPOINT"}
    for name, value in left.items():
        monkeypatch.setenv(name, value)
    typed = {"AWS_ACCESS_KEY_ID": "typed-id-0123456789", "AWS_SECRET_ACCESS_KEY": "typed/secret-0123456789"}
    answers = iter([*typed.values(), "eu-north-1"])
    monkeypatch.setattr(keys, "getpass", lambda prompt: next(answers))
    keys.ask_key("bedrock")
    keys.set_aside(os.environ, BASE)
    keys.set_aside(os.environ, BASE, frozenset({"bedrock"}))
    live = {n: os.environ[n] for n in ENDPOINTS["bedrock"].variables if n in os.environ}
    assert live == typed | {n: left[n] for n in stay} | {
        "AWS_REGION_NAME": "eu-north-1",
        "AWS_BEDROCK_RUNTIME_ENDPOINT": "https://vpce.example",
    }


def test_a_typed_region_takes_no_key_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", KEY)
    answers = iter(["", "", "eu-north-1"])
    monkeypatch.setattr(keys, "getpass", lambda prompt: next(answers))
    assert keys.ask_key("bedrock").variable == "AWS_BEARER_TOKEN_BEDROCK"


@pytest.mark.parametrize("value", ["sk-...", "your-key-here", DUMMY_KEY, "", "   "])
def test_a_placeholder_in_the_environment_hides_no_real_key(
    value: str, dotenv: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    dotenv(f"OPENAI_API_KEY={KEY}")
    monkeypatch.setenv("OPENAI_API_KEY", value)
    assert keys.key("openai").source == ".env"
    keys.set_aside(os.environ, BASE)
    assert keys.key("openai").source == ".env"


@pytest.mark.parametrize(
    "value", [f'"{KEY}"', f"'{KEY}'", f"`{KEY}`", f"“{KEY}”", f" {KEY} ", f"{KEY}\r", f"{KEY}\u00a0", f"\"' {KEY}'\""]
)
def test_quotes_and_spaces_around_a_value_in_the_environment_are_left_off_and_told_of(value: str) -> None:
    os.environ["ANTHROPIC_API_KEY"] = value
    for live in ((), ("anthropic",), ("anthropic",), ()):
        assert str(keys.key("anthropic")) == "set, from the environment, ends in 4f2a"
        assert keys.values_of(PROVIDERS["anthropic"]) == {"ANTHROPIC_API_KEY": Secret(KEY)}
        (told,) = keys.read_environment().problems
        assert told.what == "ANTHROPIC_API_KEY in the environment has spaces or quotes around its value."
        assert (told.line, told.harmless, "0123" in repr(told)) == (None, True, False)
        keys.set_aside(os.environ, BASE, frozenset(live))
        assert os.environ["ANTHROPIC_API_KEY"] == (KEY if live else DUMMY_KEY)


def test_quotes_around_nothing_in_the_environment_are_nothing(dotenv: Write) -> None:
    os.environ["ANTHROPIC_API_KEY"] = '""'
    assert str(keys.key("anthropic")) == "no key: set ANTHROPIC_API_KEY in .env"
    assert keys.read_environment() == keys.DotEnv()
    dotenv(f"ANTHROPIC_API_KEY={KEY}")
    assert keys.key("anthropic").source == ".env"


def test_an_address_and_a_region_in_quotes_in_the_environment_are_used_without_them() -> None:
    os.environ |= {"AWS_REGION_NAME": '"eu-north-1"', "AWS_BEARER_TOKEN_BEDROCK": f'"{KEY}"'}
    os.environ["AWS_BEDROCK_RUNTIME_ENDPOINT"] = "'https://vpce.example'"
    keys.set_aside(os.environ, BASE, frozenset({"bedrock"}))
    assert os.environ["AWS_REGION_NAME"] == "eu-north-1"
    assert os.environ["AWS_BEDROCK_RUNTIME_ENDPOINT"] == "https://vpce.example"


@pytest.mark.parametrize("value", ["sk-...", '"sk-..."', "your-key-here", " sk-xxxx "])
def test_a_placeholder_in_the_environment_is_no_key_and_named_as_the_reason(value: str) -> None:
    os.environ["ANTHROPIC_API_KEY"] = value
    for _ in range(2):
        assert str(keys.key("anthropic")) == (
            "no key: set ANTHROPIC_API_KEY in .env (ANTHROPIC_API_KEY in the environment still holds a placeholder)"
        )
        assert str(keys.key("openai")) == "no key: set OPENAI_API_KEY in .env"
        keys.set_aside(os.environ, BASE)


def test_what_the_stand_in_has_placed_is_no_oddity_of_the_learners() -> None:
    keys.set_aside(os.environ, BASE)
    assert keys.read_environment() == keys.DotEnv()


UNCLOSED = "This line cannot be read: a quote is not closed, or something follows it"
REFERS = "refers to another variable, and those are not filled in here"


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (f"A=1\nANTHROPIC_API_KEY: {KEY}", "line 2: There is a : where a = belongs"),
        (f"ANTHROPIC_API_KEY {KEY}", "line 1: There is no = in this line"),
        (f'ANTHROPIC_API_KEY="{KEY}', f"line 1: {UNCLOSED}"),
        (f'OPENAI_API_KEY="{KEY}\nANTHROPIC_API_KEY="{KEY}"', f"line 1: {UNCLOSED}"),
        (f'MY_KEY="{KEY}\nANTHROPIC_API_KEY={KEY}\nB="', f"line 1: MY_KEY {keys.GARBLED}"),
        (f"set ANTHROPIC_API_KEY={KEY}", "line 1: This is a Windows command, not a line of a .env file"),
        (f'$env:ANTHROPIC_API_KEY="{KEY}"', "line 1: This is a Windows command, not a line of a .env file"),
        ("export ANTHROPIC_API_KEY=sk-...", "line 1: ANTHROPIC_API_KEY still holds a placeholder"),
        ("ANTHROPIC_AUTH_TOKEN=<token>", "line 1: ANTHROPIC_AUTH_TOKEN still holds a placeholder"),
        ("ANTHROPIC_API_KEY=${K}", f"line 1: ANTHROPIC_API_KEY {REFERS}"),
        (KEY, "line 1: There is no = in this line"),
        (f"{KEY}\nANTHROPIC_API_KEY: {KEY}", "line 2: There is a : where a = belongs; course.doctor() tells more"),
        (b"# caf\xe9\nANTHROPIC_API_KEY=" + KEY.encode(), "The file is not UTF-8 text"),
    ],
)  # fmt: skip
def test_a_missing_key_is_told_with_what_is_wrong_where_it_should_stand(
    written: str | bytes, reason: str, dotenv: Write
) -> None:
    dotenv(written)
    found = keys.key("anthropic")
    assert not found
    assert str(found) == f"no key: set ANTHROPIC_API_KEY in .env ({reason})"
    assert "0123" not in repr(found) + repr(read_dotenv().problems)


@pytest.mark.parametrize(
    "written",
    [f"MISTRAL_API_KEY: {KEY}", "OPENAI_API_KEY=${ANTHROPIC_API_KEY}", "MY_KEY=sk-...", f"export A={KEY}\r\n"],
)
def test_what_is_wrong_with_another_variable_is_no_reason(written: str, dotenv: Write) -> None:
    dotenv(written)
    assert str(keys.key("anthropic")) == "no key: set ANTHROPIC_API_KEY in .env"


@pytest.mark.parametrize("value", [f"{KEY[:9]}\n{KEY[9:]}", f"{KEY[:9]}\u00a0{KEY[9:]}", f"Bearer {KEY}"])
def test_a_key_that_no_header_can_carry_is_no_key(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", value)
    found = keys.key("openai")
    assert not found
    assert str(found).startswith("OPENAI_API_KEY, from the environment, has a space")
    assert "4f2a" not in str(found)


def test_a_set_is_complete_or_it_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_API_KEY", KEY)
    assert str(keys.key("azure")) == "no key: set AZURE_API_BASE in .env"
    monkeypatch.setenv("AZURE_API_BASE", "https://mine.openai.azure.com")
    assert keys.key("azure").variable == "AZURE_API_KEY"


# --- aside and back ---

EVERY = {name: f"own {name} 0123456789" for endpoint in ENDPOINTS.values() for name in endpoint.variables}


def test_offline_no_value_of_the_learners_own_is_left_in_any_variable() -> None:
    environ = dict(EVERY) | {"PATH": "/bin"}
    keys.set_aside(environ, BASE)
    assert [value for value in environ.values() if "0123456789" in value] == []
    assert environ["PATH"] == "/bin"
    assert environ["OPENAI_API_KEY"] == DUMMY_KEY


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_that_goes_live_gets_exactly_its_own_back(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", environ := dict(EVERY))
    for _ in range(2):
        keys.set_aside(environ, BASE)
        keys.set_aside(environ, BASE, frozenset({name}))
        mine = set(ENDPOINTS[name].variables)
        assert {n: environ.get(n) for n in mine} == {n: EVERY[n] for n in mine}
        assert [n for n, value in environ.items() if "0123456789" in value and n not in mine] == []


def test_a_variable_that_was_not_there_is_not_there_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"GEMINI_API_KEY": KEY}
    monkeypatch.setattr(os, "environ", environ := dict(own))
    keys.set_aside(environ, BASE)
    keys.set_aside(environ, BASE, frozenset(PROVIDERS))
    assert environ == own


def test_a_key_from_the_file_is_in_the_environment_while_live_only(
    dotenv: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    dotenv(f"COHERE_API_KEY={KEY}")
    keys.set_aside(os.environ, BASE)
    assert KEY not in os.environ.values()
    keys.set_aside(os.environ, BASE, frozenset({"cohere"}))
    assert os.environ["COHERE_API_KEY"] == KEY
    dotenv("COHERE_API_KEY=another-0123456789-9999")  # replaced in the file: the old one is not remembered
    keys.set_aside(os.environ, BASE)
    assert str(keys.key("cohere")) == "set, from .env, ends in 9999"


def test_a_key_typed_while_offline_counts_at_once_and_is_kept() -> None:
    os.environ["OPENAI_API_KEY"] = "an-old-one-0123456789"
    keys.set_aside(os.environ, BASE)
    os.environ["OPENAI_API_KEY"] = KEY
    assert str(keys.key("openai")) == "set, from the environment, ends in 4f2a"
    keys.set_aside(os.environ, BASE)
    assert keys.values_of(PROVIDERS["openai"]) == {"OPENAI_API_KEY": Secret(KEY)}


OLD = "an-old-one-0123456789"


def test_a_key_stays_over_any_number_of_starts_while_nobody_deletes_it(dotenv: Write) -> None:
    dotenv(f"OPENAI_API_KEY={KEY}")
    os.environ |= {"OPENAI_API_KEY": OLD, "GOOGLE_API_KEY": OLD}
    for live in ((), (), ("openai",), ("openai", "gemini"), ("gemini",), ()):
        keys.set_aside(os.environ, BASE, frozenset(live))
        assert [keys.key(name).source for name in ("openai", "gemini")] == ["the environment"] * 2


@pytest.mark.parametrize("live", [(), ("mistral",)], ids=["offline", "live"])
def test_a_key_that_is_deleted_is_gone_and_the_files_counts(live: tuple[str, ...], dotenv: Write) -> None:
    os.environ["MISTRAL_API_KEY"] = OLD
    keys.set_aside(os.environ, BASE)
    keys.set_aside(os.environ, BASE, frozenset(live))
    del os.environ["MISTRAL_API_KEY"]
    assert not keys.key("mistral")
    keys.set_aside(os.environ, BASE, frozenset(live))
    keys.set_aside(os.environ, BASE)
    assert not keys.key("mistral")
    dotenv(f"MISTRAL_API_KEY={KEY}")
    keys.set_aside(os.environ, BASE, frozenset({"mistral"}))
    assert os.environ["MISTRAL_API_KEY"] == KEY


def test_a_key_whose_variable_is_not_there_offline_is_taken_back_by_emptying_it() -> None:
    os.environ["GOOGLE_API_KEY"] = OLD
    keys.set_aside(os.environ, BASE)
    assert "GOOGLE_API_KEY" not in os.environ
    os.environ["GOOGLE_API_KEY"] = ""
    assert not keys.key("gemini")
    keys.set_aside(os.environ, BASE)
    assert not keys.key("gemini")
