"""The four wire formats between coding agents and their models: requests are read, answers written.

Anthropic Messages, OpenAI Responses, OpenAI chat completions and Gemini; each answers whole or as a stream of events.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.agents.conversation import Call, Json, Reply, Say, Turn, Use
from tests.support.serving import Answer

_numbers = itertools.count(1)
_EVENTS = {"Content-Type": "text/event-stream"}


@dataclass(frozen=True, slots=True)
class Wire:
    """One format.

    Args:
        path: which paths of a server are spoken to in it.
        read: the turn that a body holds.
        whole: an answer in one document.
        events: an answer as events, each with its name where the format has names.
    """

    path: re.Pattern[str]
    read: Callable[[Json], Turn]
    whole: Callable[[Turn, Reply], Json]
    events: Callable[[Turn, Reply], Iterator[tuple[str, Json]]]
    end: str = ""

    def is_stream(self, path: str, body: Json) -> bool:
        """Whether the agent asks for events."""
        return bool(body.get("stream")) or "streamGenerateContent" in path

    def answer(self, turn: Turn, reply: Reply, *, stream: bool) -> Answer:
        """The answer as a server sends it."""
        if not stream:
            return Answer(body=self.whole(turn, reply))
        lines = [
            (f"event: {name}\n" if name else "") + f"data: {json.dumps(data)}\n\n"
            for name, data in self.events(turn, reply)
        ]
        return Answer(body="".join(lines) + self.end, headers=_EVENTS)


def text_of(content: object) -> str:
    """The text of a content in any of the shapes that the formats have."""
    if isinstance(content, list):
        return "\n".join(filter(None, map(text_of, content)))
    if isinstance(content, dict):
        for key in ("text", "output", "content", "result", "error"):
            if key in content:
                return text_of(content[key])
        return json.dumps(content)
    return "" if content is None else str(content)


def _parsed(arguments: object) -> Json:
    if isinstance(arguments, dict):
        return arguments
    try:
        value = json.loads(str(arguments or "{}"))
    except ValueError:
        value = arguments
    return value if isinstance(value, dict) else {"raw": value}


def _id(prefix: str) -> str:
    return f"{prefix}_{next(_numbers):08x}"


# -- Anthropic Messages --------------------------------------------------------------------------------------------


def _read_messages(body: Json) -> Turn:
    turn = Turn(system=text_of(body.get("system")), schema=_schema(body.get("output_format")))
    turn.tools = {tool["name"]: tool.get("input_schema") or {} for tool in body.get("tools") or ()}
    calls: dict[str, Call] = {}
    for message in body.get("messages") or ():
        content = message.get("content")
        blocks: list[Json] = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        for block in blocks:
            kind = block.get("type")
            if kind == "tool_use":
                calls[block["id"]] = Call(block["name"], block.get("input") or {})
            elif kind == "tool_result" and block.get("tool_use_id") in calls:
                calls[block["tool_use_id"]].output = text_of(block.get("content"))
            elif kind == "text" and message.get("role") != "assistant":
                turn.texts.append(block.get("text") or "")
    turn.calls = [*calls.values()]
    return turn


def _message(turn: Turn, content: list[Json], stop: str | None) -> Json:
    usage = {"input_tokens": 10, "output_tokens": 10, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    return {
        "id": _id("msg"), "type": "message", "role": "assistant", "model": turn.model, "content": content,
        "stop_reason": stop, "stop_sequence": None, "usage": usage,
    }  # fmt: skip


def _block(reply: Reply) -> tuple[Json, str]:
    if isinstance(reply, Use):
        return {"type": "tool_use", "id": _id("toolu"), "name": reply.tool, "input": reply.input}, "tool_use"
    return {"type": "text", "text": reply.text}, "end_turn"


def _whole_message(turn: Turn, reply: Reply) -> Json:
    block, stop = _block(reply)
    return _message(turn, [block], stop)


def _message_events(turn: Turn, reply: Reply) -> Iterator[tuple[str, Json]]:
    block, stop = _block(reply)
    message = _message(turn, [], None)
    if isinstance(reply, Use):
        empty, delta = block | {"input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(reply.input)}
    else:
        empty, delta = block | {"text": ""}, {"type": "text_delta", "text": reply.text}
    end = {"stop_reason": stop, "stop_sequence": None}
    for kind, data in (
        ("message_start", {"message": message}),
        ("content_block_start", {"index": 0, "content_block": empty}),
        ("content_block_delta", {"index": 0, "delta": delta}),
        ("content_block_stop", {"index": 0}),
        ("message_delta", {"delta": end, "usage": message["usage"]}),
        ("message_stop", {}),
    ):
        yield kind, {"type": kind, **data}


# -- OpenAI Responses ----------------------------------------------------------------------------------------------


def _read_responses(body: Json) -> Turn:
    turn = Turn(system=text_of(body.get("instructions")), schema=_schema((body.get("text") or {}).get("format")))
    turn.tools = {
        str(tool.get("name") or tool.get("type")): tool.get("parameters") or {} for tool in body.get("tools") or ()
    }
    calls: dict[str, Call] = {}
    items = body.get("input") or ()
    for item in [{"role": "user", "content": items}] if isinstance(items, str) else items:
        kind = str(item.get("type") or "message")
        if kind.endswith("_call"):
            arguments = item.get("arguments") or item.get("action") or item.get("input")
            calls[str(item.get("call_id"))] = Call(str(item.get("name") or kind), _parsed(arguments))
        elif kind.endswith("_output") and item.get("call_id") in calls:
            calls[item["call_id"]].output = text_of(item.get("output"))
        elif kind == "message":
            _add(turn, item)
    turn.calls = [*calls.values()]
    return turn


def _add(turn: Turn, message: Json) -> None:
    """Add what a message of OpenAI's says to the turn, unless the model said it."""
    text = text_of(message.get("content"))
    if message.get("role") in {"system", "developer"}:
        turn.system += f"{text}\n"
    elif message.get("role") == "user":
        turn.texts.append(text)


def _item(reply: Reply) -> Json:
    if isinstance(reply, Use):
        return {
            "type": "function_call", "id": _id("fc"), "call_id": _id("call"), "name": reply.tool,
            "arguments": json.dumps(reply.input), "status": "completed",
        }  # fmt: skip
    part = {"type": "output_text", "text": reply.text, "annotations": []}
    return {"type": "message", "id": _id("msg"), "role": "assistant", "status": "completed", "content": [part]}


def _response(turn: Turn, items: list[Json], status: str) -> Json:
    usage = {
        "input_tokens": 10, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 10,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 20,
    }  # fmt: skip
    return {
        "id": _id("resp"), "object": "response", "created_at": 0, "model": turn.model, "parallel_tool_calls": False,
        "tool_choice": "auto", "tools": [], "error": None, "incomplete_details": None, "status": status,
        "output": items, "usage": usage,
    }  # fmt: skip


def _whole_response(turn: Turn, reply: Reply) -> Json:
    return _response(turn, [_item(reply)], "completed")


def _response_events(turn: Turn, reply: Reply) -> Iterator[tuple[str, Json]]:
    item, response = _item(reply), _response(turn, [], "in_progress")
    at: Json = {"item_id": item["id"], "output_index": 0}
    middle: list[tuple[str, Json]]
    if isinstance(reply, Use):
        empty = item | {"status": "in_progress", "arguments": ""}
        middle = [
            ("response.function_call_arguments.delta", at | {"delta": item["arguments"]}),
            ("response.function_call_arguments.done", at | {"arguments": item["arguments"]}),
        ]
    else:
        empty, at = item | {"status": "in_progress", "content": []}, at | {"content_index": 0}
        part = item["content"][0]
        middle = [
            ("response.content_part.added", at | {"part": part | {"text": ""}}),
            ("response.output_text.delta", at | {"delta": reply.text}),
            ("response.output_text.done", at | {"text": reply.text}),
            ("response.content_part.done", at | {"part": part}),
        ]
    events: list[tuple[str, Json]] = [
        ("response.created", {"response": response}),
        ("response.output_item.added", {"output_index": 0, "item": empty}),
        *middle,
        ("response.output_item.done", {"output_index": 0, "item": item}),
        ("response.completed", {"response": response | {"status": "completed", "output": [item]}}),
    ]
    for number, (kind, data) in enumerate(events):
        yield kind, {"type": kind, "sequence_number": number, **data}


# -- OpenAI chat completions ---------------------------------------------------------------------------------------


def _read_chat(body: Json) -> Turn:
    turn = Turn(schema=_schema(body.get("response_format")))
    functions = [tool.get("function") or tool for tool in body.get("tools") or ()]
    turn.tools = {str(function.get("name")): function.get("parameters") or {} for function in functions}
    calls: dict[str, Call] = {}
    for message in body.get("messages") or ():
        for call in message.get("tool_calls") or ():
            function = call.get("function") or {}
            calls[str(call.get("id"))] = Call(str(function.get("name")), _parsed(function.get("arguments")))
        if message.get("role") == "tool" and message.get("tool_call_id") in calls:
            calls[message["tool_call_id"]].output = text_of(message.get("content"))
        _add(turn, message)
    turn.calls = [*calls.values()]
    return turn


def _completion(turn: Turn, kind: str, choice: Json) -> Json:
    usage = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}
    return {
        "id": _id("chatcmpl"), "object": kind, "created": 0, "model": turn.model, "choices": [{"index": 0, **choice}],
        "usage": usage,
    }  # fmt: skip


def _chat_message(reply: Reply) -> tuple[Json, str]:
    if isinstance(reply, Say):
        return {"role": "assistant", "content": reply.text}, "stop"
    function = {"name": reply.tool, "arguments": json.dumps(reply.input)}
    call = {"index": 0, "id": _id("call"), "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"


def _whole_completion(turn: Turn, reply: Reply) -> Json:
    message, stop = _chat_message(reply)
    return _completion(turn, "chat.completion", {"message": message, "finish_reason": stop})


def _chat_events(turn: Turn, reply: Reply) -> Iterator[tuple[str, Json]]:
    message, stop = _chat_message(reply)
    first = _completion(turn, "chat.completion.chunk", {"delta": message, "finish_reason": None})
    yield "", first
    yield "", first | {"choices": [{"index": 0, "delta": {}, "finish_reason": stop}]}


# -- Gemini --------------------------------------------------------------------------------------------------------


def _read_gemini(body: Json) -> Turn:
    config = body.get("generationConfig") or {}
    system = body.get("systemInstruction") or {}
    turn = Turn(system=text_of(system.get("parts")))
    turn.schema = config.get("responseJsonSchema") or config.get("responseSchema")
    for tool in body.get("tools") or ():
        for function in tool.get("functionDeclarations") or ():
            turn.tools[function["name"]] = function.get("parametersJsonSchema") or function.get("parameters") or {}
    for content in body.get("contents") or ():
        for part in content.get("parts") or ():
            if "functionCall" in part:
                turn.calls.append(Call(part["functionCall"]["name"], part["functionCall"].get("args") or {}))
            elif "functionResponse" in part:
                open_call = next((call for call in turn.calls if call.output is None), None)
                if open_call is not None:
                    open_call.output = text_of(part["functionResponse"].get("response"))
            elif "text" in part and content.get("role") != "model":
                turn.texts.append(part["text"])
    return turn


def _candidate(turn: Turn, reply: Reply) -> Json:
    if isinstance(reply, Use):
        part: Json = {"functionCall": {"name": reply.tool, "args": reply.input, "id": _id("call")}}
    else:
        part = {"text": reply.text}
    content = {"role": "model", "parts": [part]}
    return {
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 10, "totalTokenCount": 20},
        "modelVersion": turn.model, "responseId": _id("resp"),
    }  # fmt: skip


def _gemini_events(turn: Turn, reply: Reply) -> Iterator[tuple[str, Json]]:
    yield "", _candidate(turn, reply)


def _schema(holder: Mapping[str, Any] | None) -> Json | None:
    """The schema of the answer that is asked for, as Anthropic and OpenAI name it."""
    schema = ((holder or {}).get("json_schema") or holder or {}).get("schema")
    return schema if isinstance(schema, dict) else None


WIRES = {
    "messages": Wire(re.compile(r"/messages$"), _read_messages, _whole_message, _message_events),
    "responses": Wire(re.compile(r"/responses$"), _read_responses, _whole_response, _response_events),
    "chat": Wire(re.compile(r"/chat/completions$"), _read_chat, _whole_completion, _chat_events, "data: [DONE]\n\n"),
    "gemini": Wire(re.compile(r"/models/[^/]+:(stream)?[gG]enerateContent$"), _read_gemini, _candidate, _gemini_events),
}
