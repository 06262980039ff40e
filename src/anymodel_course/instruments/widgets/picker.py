"""`ProviderPicker`: provider, model, offline or live, by mouse or keyboard.

It holds no key. What it shows of one is what `course.key` shows, and a key that is typed into it by mistake is wiped.
The SDK and LiteLLM are imported where they are used: by then `start` has told LiteLLM to fetch nothing.
"""

from __future__ import annotations

import difflib
import html
import json
import re
from contextlib import redirect_stdout
from io import StringIO
from threading import Thread
from typing import TYPE_CHECKING, Any

import ipywidgets

from ... import keys, session
from ...local_ollama import ollama
from ...providers import LIKE_A_KEY, PROVIDERS, Provider

if TYPE_CHECKING:
    from agents import Agent

# JupyterLab takes the arrow keys, and letters too, from a list that is not open: they move between cells, or add one.
KEYBOARD = "By keyboard: Space opens the list of providers and presses buttons, Enter takes the model id, Tab moves on."
PARAGRAPH = '<p style="margin: 4px 0; line-height: 1.4">'
NO_MODEL = re.compile("commitment|^together-ai-|^openai/container$")  # names in LiteLLM's list that only hold a price


class ProviderPicker:
    """Choose a provider and a model, see what is known of them, and switch between offline and live.

    In a notebook it shows controls; `print(picker)` says the same as text. It changes nothing by being shown: what is
    live is what `start` made live. Its two buttons do what `course.start(live=[…])` and `course.check_key(…)` do.

    Args:
        model: What to begin with: a provider's name, or a full model id.

    Raises:
        RuntimeError: `start` has not been called.
        TypeError, ValueError: The model is none of the course's nine providers'; see `make_agent`.

    Example:
        >>> picker = ProviderPicker("anthropic")  # doctest: +SKIP
        >>> picker.model  # doctest: +SKIP
        'anthropic/claude-sonnet-5-5'
    """

    def __init__(self, model: str = "openai") -> None:
        session.stand_in()
        from ..key_check import nine

        row, model_id = nine(model)
        wide = {"layout": {"width": "100%", "max_width": "36em"}, "style": {"description_width": "6em"}}
        choices = [(p.title, p.name) for p in PROVIDERS.values()]
        self._provider = ipywidgets.Dropdown(description="Provider", options=choices, value=row.name, **wide)
        self._model = ipywidgets.Combobox(description="Model id", value=model_id, continuous_update=False, **wide)
        self._switch = ipywidgets.Button(layout={"width": "auto"})
        self._check = ipywidgets.Button(description="Check key", layout={"width": "auto"})
        self._status = ipywidgets.HTML()
        self._code = ipywidgets.HTML()
        buttons = ipywidgets.HBox([self._switch, self._check])
        self._box = ipywidgets.VBox([self._provider, self._model, buttons, self._status, self._code])
        self._notice = ""
        self._checking = False
        self._show_provider()
        self._provider.observe(self._provider_chosen, "value")
        self._model.observe(self._model_chosen, "value")
        self._switch.on_click(self._switch_pressed)
        self._check.on_click(self._check_pressed)
        session.when_switched(self._refresh)

    # --- what was chosen ---------------------------------------------------------------------------------------

    @property
    def provider(self) -> str:
        """The provider's name, such as "anthropic"."""
        return str(self._provider.value)

    @property
    def model(self) -> str:
        """The full model id.

        Raises:
            ValueError: What stands in the box cannot be used; the message is the one that the picker shows.
        """
        problem = self._problem()
        if problem:
            raise ValueError(problem)
        return str(self._model.value).strip()

    def agent(self, **options: Any) -> Agent[Any]:
        """Make an agent on the chosen model; see `make_agent` for the options.

        Example:
            >>> picker.agent(instructions="Be brief.")  # doctest: +SKIP
        """
        from ...factory import make_agent

        return make_agent(self.model, **options)

    def __repr__(self) -> str:
        """Return one line: the choice, and the code that makes it."""
        return f"ProviderPicker: {self._in_code() or 'the model id cannot be used yet'}"

    def __str__(self) -> str:
        """Return as text all that the picker shows."""
        return "\n".join(line for line in [*self._lines, self._in_code()] if line)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {**self._box._repr_mimebundle_(), "text/plain": repr(self)}

    # --- what is shown -----------------------------------------------------------------------------------------

    @property
    def _row(self) -> Provider:
        return PROVIDERS[self.provider]

    def _show_provider(self) -> None:
        """Set what hangs on the provider alone."""
        self._ollama = ollama() if self.provider == "ollama" else None
        pulled = [f"{self._row.prefix}/{name}" for name in self._ollama.models] if self._ollama else []
        self._model.options = list(dict.fromkeys([*pulled, *ids_of(self._row)]))
        self._refresh()

    def _refresh(self) -> None:
        row, live = self._row, session.is_live(self.provider)
        problem, hindrance = self._problem(), self._hindrance()
        model_line = (
            f"Cannot be used: {problem}" if problem else f"{self._model.value.strip()}: {known_of(self.model, row)}"
        )
        about_live = self._about_live(live, hindrance)
        self._lines = [model_line, session.banner(), about_live, self._about_ollama(), self._notice]
        paragraphs = "".join(f"{PARAGRAPH}{html.escape(line)}</p>" for line in self._lines if line)
        colour = "warn" if problem or session.live_names() else "success"
        frame = f"border-left: 4px solid var(--jp-{colour}-color1); padding-left: 8px"
        self._status.value = f'<div role="status" style="{frame}">{paragraphs}</div>'
        in_code = f"{PARAGRAPH}In code: <code>{html.escape(self._in_code())}</code></p>" if self._in_code() else ""
        self._code.value = f"{in_code}{PARAGRAPH}{KEYBOARD}</p>"
        self._switch.description = "Go back offline" if live else f"Go live with {row.title}"
        self._switch.disabled = bool(hindrance) and not live
        self._check.disabled = bool(self._checking or problem or not keys.key(row.name) or not row.key_sets)

    def _problem(self) -> str:
        """Say why what stands in the box is no id of this provider's; an empty text where it is one."""
        from ...factory import resolve

        row, given = self._row, self._model.value.strip()
        if not given:
            return f"the model id is empty. {row.title}'s in this course is {row.model!r}."
        if "/" not in given:
            full = f"{row.prefix}/{given}"
            return f"{given!r} has no provider in front, and LiteLLM would have to guess. Write {full!r}."
        try:
            name, model_id = resolve(given)
        except ValueError as error:
            return str(error)
        if name != row.name:
            whose = PROVIDERS[name].title if name in PROVIDERS else name
            return f"{given!r} goes to {whose}. Choose that above, or begin the id with {row.prefix + '/'!r}."
        return "" if model_id == given else f"LiteLLM's prefixes are in lower case. Write {model_id!r}."

    def _hindrance(self) -> str:
        """Say why the provider cannot go live; an empty text where it can."""
        if self._ollama and not self._ollama.running and "OLLAMA_API_BASE" not in keys.own_values():
            return f"{self._ollama.what} {self._ollama.next_step}"
        missing = keys.key(self.provider).missing
        return f"{missing}." if missing else ""

    def _about_live(self, live: bool, hindrance: str) -> str:
        title = self._row.title
        if live:
            return f"{title} is live: an agent on this model makes real calls."
        if hindrance:
            return f"{title} is offline and cannot go live: {hindrance}"
        key = "" if self._ollama else f" (its key is {keys.key(self.provider)})"
        in_code = f"course.start(live={json.dumps(sorted({*session.live_names(), self.provider}))})"
        return f"{title} is offline. It can go live{key}: press the button, or {in_code}."

    def _about_ollama(self) -> str:
        """Say what a running Ollama has, and how to get the chosen model where it has not."""
        if not self._ollama or not self._ollama.running:
            return ""
        wanted = self._model.value.strip().partition("/")[2]
        pulled = {name.removesuffix(":latest") for name in self._ollama.models}
        missing = wanted and wanted.removesuffix(":latest") not in pulled
        return f"Ollama: {self._ollama.what}" + (f" To have {wanted}: ollama pull {wanted}" if missing else "")

    def _in_code(self) -> str:
        return "" if self._problem() else f"course.make_agent({json.dumps(self.model)})"

    # --- what is pressed and typed -----------------------------------------------------------------------------

    def _provider_chosen(self, _: Any) -> None:
        self._notice = ""
        self._model.value = self._row.model
        self._show_provider()

    def _model_chosen(self, change: dict[str, Any]) -> None:
        self._notice = ""
        if is_like_a_key(change["new"]):
            self._model.value = self._row.model
            self._notice = (
                "That looked like a key, so it was wiped from the box. Keys belong in .env (.env.example shows how)."
            )
        self._refresh()

    def _switch_pressed(self, _: Any) -> None:
        printed = StringIO()
        try:
            with redirect_stdout(printed):
                session.start(live=session.live_names() ^ {self.provider})
            self._notice = " ".join(line for line in printed.getvalue().splitlines() if line != session.banner())
        except (RuntimeError, ValueError) as error:
            self._notice = f"Not switched: {error}"
        self._refresh()

    def _check_pressed(self, _: Any) -> None:
        self._checking = True
        self._notice = f"Checking the key with one small real call to {self._row.title} …"
        self._refresh()
        Thread(target=self._ask, args=(self.model,), daemon=True).start()  # the kernel stays free meanwhile

    def _ask(self, model: str) -> None:
        from ..key_check import check_key

        try:
            self._notice = check_key(model).said
        except session.LiveCap as error:
            self._notice = f"Not checked: {error}"
        except Exception as error:  # whatever it is: the button is not to stay grey
            self._notice = f"Not checked: {type(error).__name__}. course.check_key({model!r}) shows all of it."
        finally:
            self._checking = False
            self._refresh()


def ids_of(row: Provider) -> list[str]:
    """Return the full ids of a provider's chat models in LiteLLM's list, in order."""
    import litellm

    from ...models import listed

    found = {row.model}
    for name, entry in litellm.model_cost.items():
        if entry.get("mode") != "chat" or NO_MODEL.search(name):
            continue
        bare = name.removeprefix("ollama/") if row.name == "ollama" else name
        full = name if name.startswith(f"{row.prefix}/") else f"{row.prefix}/{bare}"
        if (full == name or "/" not in bare) and listed(full) is entry:
            found.add(full)
    return sorted(found)


def known_of(model: str, row: Provider) -> str:
    """Say in a sentence what LiteLLM's price list knows of a model, or which models there come near it."""
    from ...models import listed, model_facts

    facts, mode = model_facts(model), (listed(model) or {}).get("mode")
    if not facts.listed:
        near = difflib.get_close_matches(model, ids_of(row), n=3, cutoff=0.6)
        nearest = f" Nearest: {', '.join(near)}." if near else ""
        if row.name == "azure":
            return (
                "not in LiteLLM's price list, as is usual for a deployment with a name of yours; its price is unknown."
            )
        return f"not in LiteLLM's price list: it may be retired, new, or misspelt.{nearest}"
    if mode != "chat":
        return f"known, but no chat model ({mode}): an agent cannot run on it."
    if row.name == "ollama":
        price = "free, on your machine"
    elif facts.input_price is None or facts.output_price is None:
        price = "price unknown"
    else:
        price = f"${facts.input_price:g} in, ${facts.output_price:g} out per million tokens"
    context = f"context {facts.context:,} tokens" if facts.context else "context unknown"
    tools = "tools" if facts.tools else "no tools"
    retires = f"switched off on {facts.retires}" if facts.retires else "no retirement date"
    return f"known: {price}, {context}, {tools}, {retires}."


def is_like_a_key(text: str) -> bool:
    """Say whether somebody has pasted a key where a model id belongs: one of their own, or what looks like one."""
    own = (value.reveal() for name, (_, value) in keys.own_values().items() if not keys.is_address(name))
    return bool(LIKE_A_KEY.fullmatch(text.strip())) or any(len(value) >= 16 and value in text for value in own)
