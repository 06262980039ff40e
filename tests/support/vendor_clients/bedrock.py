"""boto3's bedrock-runtime client against /bedrock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import boto3
import urllib3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from scripted_providers.replies import Call, Message, Tool
from vendor_clients.base import Answer, Refused


class BedrockClient:
    """`boto3.client("bedrock-runtime").converse` and `.converse_stream`."""

    provider = "bedrock"
    model = "us.anthropic.claude-sonnet-4-6"

    def client(self, base: str, key: str, timeout: float) -> Any:
        """Make the client."""
        return boto3.client(
            "bedrock-runtime",
            endpoint_url=f"{base}/bedrock",
            region_name="us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key="never-sent",
            config=Config(connect_timeout=timeout, read_timeout=timeout, retries={"total_max_attempts": 1}, proxies={}),
        )

    def ask(
        self,
        base: str,
        messages: Sequence[Message],
        *,
        instructions: str = "",
        tools: Sequence[Tool] = (),
        forced: str | None = None,
        schema: dict[str, Any] | None = None,
        stream: bool = False,
        key: str = "any-key",
        timeout: float = 5.0,
    ) -> Answer:
        """See `Vendor.ask`."""
        sent: dict[str, Any] = {"modelId": self.model, "messages": _messages(messages)}
        if instructions:
            sent["system"] = [{"text": instructions}]
        if tools:
            sent["toolConfig"] = {"tools": [{"toolSpec": _spec(tool)} for tool in tools]}
        if forced:
            sent["toolConfig"]["toolChoice"] = {"any": {}} if forced == "*" else {"tool": {"name": forced}}
        if schema is not None:
            wanted = {"name": "out", "schema": json.dumps(schema)}
            sent["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": wanted}}}
        client = self.client(base, key, timeout)
        try:
            if stream:
                content, stop, usage = _gathered(client.converse_stream(**sent)["stream"])
            else:
                done = client.converse(**sent)
                if "output" not in done:  # botocore takes half a body, or a proxy's page, for an empty answer
                    raise Refused(ValueError("no output"), None)
                content, stop, usage = done["output"]["message"]["content"], done["stopReason"], done["usage"]
        except ClientError as error:
            raise Refused(error, error.response["ResponseMetadata"].get("HTTPStatusCode")) from error
        except (BotoCoreError, urllib3.exceptions.HTTPError) as error:  # botocore lets a cut stream's pass as it is
            raise Refused(error, None) from error
        finally:
            client.close()
        calls = [block["toolUse"] for block in content if "toolUse" in block]
        return Answer(
            text="".join(block.get("text", "") for block in content),
            calls=tuple(Call(call["name"], call["input"]) for call in calls),
            input_tokens=usage["inputTokens"] + usage["cacheReadInputTokens"],  # the vendor counts them apart
            output_tokens=usage["outputTokens"],
            finish={"end_turn": "stop", "tool_use": "tools"}[stop],
        )


def _gathered(events: Iterable[dict[str, Any]]) -> tuple[list[dict[str, Any]], str, dict[str, int]]:
    """Put the events together as AWS's own examples do: boto3 has no helper for it."""
    blocks: dict[int, dict[str, Any]] = {}
    stop, usage = "", {}
    for event in events:
        ((name, body),) = event.items()
        if name == "contentBlockStart":
            blocks[body["contentBlockIndex"]] = {"toolUse": body["start"]["toolUse"] | {"input": ""}}
        elif name == "contentBlockDelta" and "text" in body["delta"]:
            blocks.setdefault(body["contentBlockIndex"], {"text": ""})["text"] += body["delta"]["text"]
        elif name == "contentBlockDelta":
            blocks[body["contentBlockIndex"]]["toolUse"]["input"] += body["delta"]["toolUse"]["input"]
        elif name == "contentBlockStop" and "toolUse" in blocks.get(body["contentBlockIndex"], {}):
            use = blocks[body["contentBlockIndex"]]["toolUse"]
            use["input"] = json.loads(use["input"])
        elif name == "messageStop":
            stop = body["stopReason"]
        elif name == "metadata":
            usage = body["usage"]
    return [blocks[index] for index in sorted(blocks)], stop, usage


def _spec(tool: Tool) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "inputSchema": {"json": dict(tool.parameters)}}


def _messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    waiting: list[str] = []
    for message in messages:
        if message.role == "tool":
            result = {"toolResult": {"toolUseId": waiting.pop(0), "content": [{"text": message.text}]}}
            if sent[-1]["role"] == "user":  # all results of one turn stand in one message
                sent[-1]["content"].append(result)
            else:
                sent.append({"role": "user", "content": [result]})
            continue
        content: list[dict[str, Any]] = [{"text": message.text}] if message.text else []
        if message.calls:
            waiting = [f"tooluse_{len(sent)}_{n}" for n, _ in enumerate(message.calls)]
            content += [
                {"toolUse": {"toolUseId": i, "name": c.name, "input": dict(c.arguments)}}
                for i, c in zip(waiting, message.calls, strict=True)
            ]
        sent.append({"role": message.role, "content": content})
    return sent
