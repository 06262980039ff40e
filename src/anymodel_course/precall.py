"""What LiteLLM reports before each call that goes elsewhere than to the stand-in. Importing this imports LiteLLM."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from litellm.integrations.custom_logger import CustomLogger

from .providers import course_name
from .sent import Sent, from_hook
from .unreported import is_unreported

KEPT = 20


class Reports(CustomLogger):
    """Keeps the last calls that did not go to the stand-in, which has its own log; keys redacted.

    `start()` puts it into `litellm.input_callback`, LiteLLM's own hook for this.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls: deque[Sent] = deque(maxlen=KEPT)
        self._stand_in = ""

    def watch(self, stand_in: str) -> None:
        """From now on the stand-in listens at this address: what goes there is not kept."""
        self._stand_in = stand_in.rstrip("/") + "/"

    def log_pre_api_call(self, model: str, messages: Any, kwargs: dict[str, Any]) -> None:
        """See LiteLLM's `CustomLogger`."""
        try:
            told = kwargs["additional_args"]
            address = str(told.get("api_base") or "")
            if not (address.startswith(self._stand_in) or is_unreported()):
                self.calls.append(_sent(address, told, kwargs))
        except Exception:  # whatever LiteLLM's next release reports: a call is never to fail because it is watched
            return


def named_provider(kwargs: Mapping[str, Any]) -> str:
    """Return LiteLLM's name of the provider of a call that it reports; empty where it refused to send one."""
    settings = kwargs.get("litellm_params") or {}
    return str(kwargs.get("custom_llm_provider") or settings.get("custom_llm_provider") or "")


def _sent(address: str, told: Mapping[str, Any], kwargs: Mapping[str, Any]) -> Sent:
    settings = kwargs.get("litellm_params") or {}
    headers, body = dict(told.get("headers") or {}), told.get("complete_input_dict")
    if isinstance(body, dict):  # for OpenAI's client, parts of the request are arguments of its method
        body = dict(body)
        headers |= body.pop("extra_headers", None) or {}
        body |= body.pop("extra_body", None) or {}
    return from_hook(
        provider=course_name(named_provider(kwargs) or "unknown"),
        address=address,
        headers=headers,
        body=body,
        keys_given=[kwargs.get("api_key"), settings.get("api_key")],
        at=time.monotonic(),
    )
