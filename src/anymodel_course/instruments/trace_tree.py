"""`trace_tree(result)`: what a run did, as a tree of its spans: agents, turns, model calls, tools, handoffs, errors.

Tokens are those of the model calls alone. The SDK writes the same tokens on the turn and the task above them, too;
whoever adds up everything gets three times the truth.
"""

from __future__ import annotations

import html
from typing import Any

from agents.models.fake_id import FAKE_RESPONSES_ID
from agents.result import RunResultBase

from .. import session
from ..sent import own_secrets, scrubbed
from ..tables import LEFT, WRAPPED
from ..tracing import KEPT, Recorded
from .trace_nodes import CALLS, Node, nodes

BAR = 24  # characters of a bar: a whole run


class TraceTree:
    """A trace as a tree. Prints as text without times, so that it can be compared; shows with times in a notebook."""

    def __init__(self, recorded: Recorded) -> None:
        secrets = own_secrets()
        self.name = str(scrubbed(recorded.trace.name, secrets))
        self.group_id: str | None = scrubbed(getattr(recorded.trace, "group_id", None), secrets)
        self.left_out = recorded.left_out
        self.nodes = nodes(recorded.spans, secrets)

    @property
    def tokens(self) -> tuple[int, int]:
        """Tokens sent and received, over all model calls."""
        counted = [node.tokens for node in self.nodes if node.tokens]
        return sum(sent for sent, _ in counted), sum(received for _, received in counted)

    @property
    def _heading(self) -> str:
        return f"trace {self.name!r}" + (f", group {self.group_id!r}" if self.group_id else "")

    @property
    def _summary(self) -> str:
        calls = sum(node.kind in CALLS for node in self.nodes)
        sent, received = self.tokens
        more = f" {self.left_out:,} later spans were not kept." if self.left_out else ""
        return f"{calls} model call{'' if calls == 1 else 's'}: {sent:,} tokens sent, {received:,} received.{more}"

    def __str__(self) -> str:
        """Return it as text: one line a span, indented by what it belongs to."""
        lines = [self._heading]
        for node in self.nodes:
            margin = "  " * (node.depth + 1)
            lines.append(f"{margin}{node.title}{_tokens(node)}{' (under way)' if node.end is None else ''}")
            if node.error:
                lines.append(f"{margin}! {_short(node.error)}")
        return "\n".join([*lines, self._summary])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        whole = max((node.end or node.start for node in self.nodes), default=0.0)
        rows = []
        for node in self.nodes:
            indent = "&nbsp;" * 4 * node.depth
            error = f"<br>{indent}<b>Error:</b> {html.escape(_short(node.error))}" if node.error else ""
            folds = "".join(
                f"<details><summary>{heading}</summary>"
                f'<pre style="{WRAPPED}; min-width: 30em">{html.escape(text)}</pre></details>'
                for heading, text in node.folded
            )
            tokens = f"{node.tokens[0]:,} + {node.tokens[1]:,}" if node.tokens else ""
            took = "under way" if node.end is None else f"{(node.end - node.start) * 1000:,.1f}"
            cells = [
                f"<td {LEFT}>{node.depth + 1}</td>",
                f'<th scope="row" {LEFT}>{indent}{html.escape(node.title)}{error}</th>',
                f"<td {LEFT}>{tokens}</td>",
                f"<td {LEFT}>{node.start * 1000:,.1f}</td>",
                f"<td {LEFT}>{took}</td>",
                f'<td {LEFT}><code aria-hidden="true">{_bar(node, whole)}</code></td>',
                f"<td {LEFT}>{folds}</td>",
            ]
            rows.append(f"<tr>{''.join(cells)}</tr>")
        heads = ("level", "span", "tokens sent + received", "begins at ms", "takes ms", "when", "given and gave")
        head = "".join(f'<th scope="col" {LEFT}>{h}</th>' for h in heads)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        return f"<p><b>{html.escape(self._heading)}</b></p>{table}<p>{html.escape(self._summary)}</p>"


def trace_tree(result: RunResultBase | None = None) -> TraceTree:
    """Show what a run did as a tree.

    Args:
        result: What `Runner.run` or `Runner.run_streamed` returned. None: the last trace, also of a run that failed.

    Returns:
        The tree of the trace that the run belongs to: with `agents.trace(…)` around them, several runs share one.

    Raises:
        TypeError: It is no run's result.
        RuntimeError: `start` has not been called, or the run was not recorded.

    Example:
        >>> trace_tree(result)  # doctest: +SKIP
        trace 'Agent workflow'
          task Agent workflow
            agent Assistant
              turn 1
                model call anthropic/claude-sonnet-5-5: 15 + 8 tokens
        1 model call: 15 tokens sent, 8 received.
    """
    recorded = [r for r in session.recorder().traces if r.spans]
    if result is not None:
        if not isinstance(result, RunResultBase):
            raise TypeError(f"trace_tree takes what Runner.run(…) returned, not {type(result).__name__}.")
        name, answers = _trace_id(result), _answers(result)
        recorded = [r for r in recorded if (r.trace.trace_id == name if name else answers and answers <= _given(r))]
        # A second server numbers its answers from 1, too; its run has another agent, nearly always.
        recorded = [r for r in recorded if result.last_agent.name in _agents(r)] or recorded
    if not recorded:
        raise RuntimeError(
            "No such run was recorded. Was tracing off, by setup_tracing, RunConfig(tracing_disabled=True) or "
            f"OPENAI_AGENTS_DISABLE_TRACING? Only the last {KEPT} traces are kept, and none while another trace "
            "processor has taken the recorder's place."
        )
    return TraceTree(recorded[-1])


def _trace_id(result: Any) -> str | None:
    """Return the trace that a result names. Only those do that can be resumed: streams, and runs that wait."""
    try:
        state = result.to_state().to_json(context_serializer=lambda _: {})
    except Exception:  # the SDK's many reasons why a run cannot be resumed; its answers have ids as well
        return None
    found = (state.get("trace") or {}).get("id")
    return str(found) if found else None


def _agents(recorded: Recorded) -> set[str]:
    return {span.span_data.name for span in recorded.spans if span.span_data.type == "agent"}


def _answers(result: RunResultBase) -> set[str]:
    """Return the ids of a run's answers, which LiteLLM's come with on each of their items."""
    ids = {response.response_id for response in result.raw_responses}
    for response in result.raw_responses:
        ids |= {(getattr(item, "provider_data", None) or {}).get("response_id") for item in response.output}
    return {id for id in ids if id and id != FAKE_RESPONSES_ID}


def _given(recorded: Recorded) -> set[str]:
    """Return the ids of a trace's answers, also of those that came from OpenAI without LiteLLM."""
    responses = [span.span_data.response for span in recorded.spans if span.span_data.type == "response"]
    return recorded.answers | {response.id for response in responses if response is not None}


def _tokens(node: Node) -> str:
    return f": {node.tokens[0]:,} + {node.tokens[1]:,} tokens" if node.tokens else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 160 else f"{line[:160]}…"


def _bar(node: Node, whole: float) -> str:
    """Draw when a span ran: blank before it, blocks while it ran; a whole bar is the whole trace."""
    if not whole:
        return ""
    first = min(int(node.start / whole * BAR), BAR - 1)
    last = max(first + 1, round((whole if node.end is None else node.end) / whole * BAR))
    return "&nbsp;" * first + "█" * (min(last, BAR) - first)
