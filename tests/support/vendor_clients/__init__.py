"""One adapter a vendor's client; the shared cases run against each."""

from vendor_clients.anthropic import AnthropicClient
from vendor_clients.azure import AzureOpenAIClient
from vendor_clients.base import Vendor
from vendor_clients.bedrock import BedrockClient
from vendor_clients.cohere import CohereClient
from vendor_clients.gemini import GeminiClient
from vendor_clients.mistral import MistralClient
from vendor_clients.ollama import OllamaClient
from vendor_clients.openai_chat import OpenAIChatClient
from vendor_clients.openai_responses import OpenAIResponsesClient
from vendor_clients.together import TogetherClient

VENDORS: tuple[Vendor, ...] = (
    OpenAIChatClient(),
    MistralClient(),
    AzureOpenAIClient(),
    TogetherClient(),
    CohereClient(),
    GeminiClient(),
    AnthropicClient(),
    OpenAIResponsesClient(),
    OllamaClient(),
    BedrockClient(),
)
