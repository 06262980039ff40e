"""The openai package's AzureOpenAI against /azure."""

from __future__ import annotations

import openai

from vendor_clients.openai_chat import OpenAIChatClient


class AzureOpenAIClient(OpenAIChatClient):
    """`openai.AzureOpenAI().chat.completions`; the deployment is the model."""

    provider = "azure"
    model = "my-deployment"

    def client(self, base: str, key: str, timeout: float) -> openai.OpenAI:
        """Make the client."""
        return openai.AzureOpenAI(
            azure_endpoint=f"{base}/azure", api_key=key, api_version="2024-10-21", timeout=timeout, max_retries=0
        )
