"""Whether Ollama runs on this machine, and which models it has."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass

HOST, PORT = "127.0.0.1", 11434  # where it listens unless told otherwise
PATIENCE = 0.3  # seconds; on this machine an answer takes a few thousandths
DOWNLOAD = "https://ollama.com/download"


@dataclass(frozen=True)
class Ollama:
    """What was found. Prints what to do next.

    Attributes:
        running: Ollama answers on its usual port.
        taken: Something else does.
        models: Names of the models that were pulled.
    """

    running: bool = False
    taken: bool = False
    models: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """What was found, in a sentence."""
        if self.taken:
            return f"another program answers on Ollama's port, {PORT}."
        if not self.running:
            return f"nothing answers on port {PORT}."
        return f"running on port {PORT}, {'with ' + ', '.join(self.models) if self.models else 'without a model'}."

    @property
    def offline(self) -> str:
        """What it means offline where Ollama does not run; else an empty text."""
        return "" if self.running or self.taken else "Fine offline, where it is scripted."

    @property
    def next_step(self) -> str:
        """What to do for a model on this machine."""
        if self.taken:
            return "Stop that to use Ollama."
        if not self.running:
            return f"For models on this machine: {DOWNLOAD}"
        return 'course.start(live=["ollama"]) uses it.' if self.models else "Get one: ollama pull llama3.1"

    def __str__(self) -> str:
        """Return all of it."""
        return " ".join(filter(None, ("Ollama:", self.what, self.offline, self.next_step)))

    __repr__ = __str__


def ollama() -> Ollama:
    """Look whether Ollama runs on its usual port, within a third of a second.

    Example:
        >>> ollama()  # doctest: +SKIP
        Ollama: running on port 11434, with llama3.1:latest. course.start(live=["ollama"]) uses it.
    """
    try:
        connection = http.client.HTTPConnection(HOST, PORT, timeout=PATIENCE)
        connection.request("GET", "/api/tags")
        answer = connection.getresponse().read(2**20)
        connection.close()
    except (OSError, http.client.HTTPException):
        return Ollama()
    try:
        return Ollama(running=True, models=tuple(str(model["name"]) for model in json.loads(answer)["models"]))
    except (ValueError, KeyError, TypeError):
        return Ollama(taken=True)
