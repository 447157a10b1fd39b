"""The scripted model reads and answers the four wire formats; no program is needed for that."""

from __future__ import annotations

from collections.abc import Generator

import httpx
import pytest

from tests.agents.conversation import Action, Json, Run
from tests.agents.model import listening
from tests.agents.wires import WIRES

SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}
INPUT = {"command": "echo one"}
FUNCTION = {"name": "bash", "parameters": SCHEMA}
# A conversation that holds the words of a person, one call and what came of it, as each format has it.
ASKED: dict[str, tuple[str, Json]] = {
    "messages": (
        "/v1/messages",
        {
            "tools": [{"name": "bash", "input_schema": SCHEMA}],
            "messages": [
                {"role": "user", "content": "begin"},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "bash", "input": INPUT}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "one"}]},
            ],
        },
    ),
    "responses": (
        "/v1/responses",
        {
            "tools": [{"type": "function", **FUNCTION}],
            "input": [
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "begin"}]},
                {"type": "function_call", "call_id": "1", "name": "bash", "arguments": '{"command": "echo one"}'},
                {"type": "function_call_output", "call_id": "1", "output": "one"},
            ],
        },
    ),
    "chat": (
        "/v1/chat/completions",
        {
            "tools": [{"type": "function", "function": FUNCTION}],
            "messages": [
                {"role": "user", "content": "begin"},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": "1", "function": {"name": "bash", "arguments": '{"command": "echo one"}'}}],
                },
                {"role": "tool", "tool_call_id": "1", "content": "one"},
            ],
        },
    ),
    "gemini": (
        "/v1beta/models/some:generateContent",
        {
            "tools": [{"functionDeclarations": [FUNCTION]}],
            "contents": [
                {"role": "user", "parts": [{"text": "begin"}]},
                {"role": "model", "parts": [{"functionCall": {"name": "bash", "args": INPUT}}]},
                {"role": "user", "parts": [{"functionResponse": {"name": "bash", "response": {"output": "one"}}}]},
            ],
        },
    ),
}


def counting(more: int) -> Generator[Action, str, str]:
    """Echo one, then as many numbers more; the last words are what came of it."""
    output = yield Run("echo one")
    for number in range(more):
        output = yield Run(f"echo more {number}")
    return f"the end after {output}"


def test_every_format_has_its_conversation() -> None:
    assert set(ASKED) == set(WIRES)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "events"])
@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize(("more", "expected"), [(0, "the end after one"), (1, "echo more 0")])
def test_the_place_in_the_script_is_found_by_the_conversation(
    name: str, more: int, expected: str, *, stream: bool
) -> None:
    path, body = ASKED[name]
    if stream:
        path = path.replace(":generate", ":streamGenerate")
    with listening(lambda: counting(more)) as model:
        answer = httpx.post(model.url + path, json=body | {"model": "some", "stream": stream})
    assert answer.headers["content-type"].startswith("text/event-stream" if stream else "application/json")
    assert expected in answer.text
    (turn,) = model.turns
    assert turn.texts == ["begin"]
    assert [(call.tool, call.input, call.output) for call in turn.calls] == [("bash", INPUT, "one")]


def test_a_question_of_the_program_itself_gets_the_smallest_answer() -> None:
    path, body = ASKED["chat"]
    schema = {"type": "object", "properties": {"title": {"type": "string"}, "steps": {"type": "array"}}}
    asked = {"messages": body["messages"], "response_format": {"json_schema": {"schema": schema}}}
    with listening(lambda: counting(0)) as model:
        answer = httpx.post(model.url + path, json=asked).json()
    assert answer["choices"][0]["message"]["content"] == '{"title": "scripted", "steps": []}'
    assert not model.turns
