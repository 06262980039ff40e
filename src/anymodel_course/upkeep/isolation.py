"""The environment in which notebooks give the same outputs everywhere: without the learner's keys and settings."""

from __future__ import annotations

import os
from collections.abc import Mapping

from scripted_providers.environment import ENDPOINTS, QUIET

_OWN = {name for endpoint in ENDPOINTS.values() for name in endpoint.variables}
_PLACED = {variable.name for variable in QUIET}  # start() sets these whatever they were, so they can stay
_FAMILIES = ("ANYMODEL_", "OPENAI_", "LITELLM_", "ANTHROPIC_")  # settings of the course's, the SDK's and LiteLLM's own
_PROXIES = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}


def isolated(environ: Mapping[str, str]) -> dict[str, str]:
    """Return a copy without keys, redirects, proxies and the libraries' settings, and with the learner's `.env` hidden.

    Example:
        >>> sorted(isolated({"PATH": "/bin", "OPENAI_API_KEY": "…"}))
        ['ANYMODEL_DOTENV', 'PATH', 'PYTHONHASHSEED']
    """
    kept = {
        name: value
        for name, value in environ.items()
        if name not in _OWN and name.upper() not in _PROXIES and (name in _PLACED or not name.startswith(_FAMILIES))
    }
    return kept | {"ANYMODEL_DOTENV": os.devnull, "PYTHONHASHSEED": "0"}
