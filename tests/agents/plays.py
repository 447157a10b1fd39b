"""What the scripted model does: a mission from idea to accepted, and one step of a mission that is planned already."""

from __future__ import annotations

import json
import shlex
from collections.abc import Generator
from threading import Event
from typing import Any

from tests.agents.conversation import Action, Load, Read, Run, Write
from tests.agents.model import Script

SPEC = """# Specification: Tea timer

## Goal

Whoever brews tea forgets it. They give a time and read how many seconds are left.

## User scenarios

### Scenario 1 (most important)

- **Given** a cup of tea, **when** they ask for the seconds of `3m30s`, **then** they read `210`.

### Edge cases

- A text that is no time is refused in one line.

## Functional requirements

- **FR-001**: A time is written as minutes and seconds.
- **FR-002**: The seconds that are left are shown.

## Success criteria

- `3m30s` is 210 seconds.

## Out of scope

- A sound.
"""
PLAN = """# Implementation plan

## Summary

Two modules: one reads the time, one counts down.

## Technical context

- **Language and runtime**: Python, standard library only
- **How it is built and tested**: `python3 -m unittest`

## Approach

One function in each module.

## Testing

One test for each module.
"""
OUTLINE = """# Work packages

## WP01 Read a time

**Requirements**: FR-001
**Dependencies**: None

- [ ] T001 Read a time

## WP02 Count down

**Requirements**: FR-002
**Dependencies**: None

- [ ] T002 Count down
"""
PACKAGE = """---
work_package_id: {wp}
title: {title}
dependencies: []
requirement_refs: [{requirement}]
subtasks: [{subtask}]
execution_mode: code_change
owned_files: [tea/{module}.py]
authoritative_surface: tea/
---
# {wp} {title}

Write `tea/{module}.py`.

## Acceptance criteria

- It can be imported.
"""
PACKAGES = {
    "WP01": {"title": "Read a time", "requirement": "FR-001", "subtask": "T001", "module": "duration"},
    "WP02": {"title": "Count down", "requirement": "FR-002", "subtask": "T002", "module": "countdown"},
}
CODE = '"""{title}."""\n\n\ndef main():\n    return "{wp}"\n'
_PATIENCE = 120.0  # seconds for another session to come to the same point

Part = Generator[Action, str, Any]


class Stuck(Exception):
    """A command did not do what the script needs."""


def document(output: str) -> dict[str, Any] | None:
    """The first JSON object in what a tool gave back, whatever stands around it; with Cline that is a `result`."""
    at = output.find("{")
    while at >= 0:
        try:
            value, _ = json.JSONDecoder().raw_decode(output[at:])
        except ValueError:
            at = output.find("{", at + 1)
            continue
        inner = value.get("result")
        return document(inner) or value if isinstance(inner, str) else value
    return None


def ask(line: str) -> Part:
    """Run a command of ours; its answer.

    Raises:
        Stuck: it failed, or there is no answer.
    """
    output = yield Run(line)
    answer = document(output)
    if answer is None or answer.get("result") == "error":
        raise Stuck(f"{line}: {output}")
    return answer


def mission(agent: str) -> Script:
    """Play one mission from idea to accepted; the last words are those of `next`, or where it stuck."""
    try:
        created = yield from ask("spec-kitty agent mission create tea-timer --json")
        slug = created["mission_slug"]
        step = yield from ask(f"spec-kitty next --agent {agent} --mission {slug} --json")
        while step["kind"] == "step":
            yield Run(f"cat {shlex.quote(step['prompt_file'])}")
            step = yield from _work(agent, slug, step)
    except Stuck as stuck:
        return f"stuck: {stuck}"
    return f"{step['kind']}: {step.get('reason')}"


def _work(agent: str, slug: str, step: dict[str, Any]) -> Part:
    """Do one step and take the next one."""
    action, wp, place = step["action"], step.get("wp_id"), step["workspace_path"]
    again = f"spec-kitty next --agent {agent} --mission {slug}"
    report = f"{again} --step-id {step['step_id']} --result success --json"
    move = f"spec-kitty agent tasks move-task {wp} --agent {agent} --mission {slug}"
    if action == "implement":
        fields = PACKAGES[str(wp)]
        yield Write(f"{place}/tea/{fields['module']}.py", CODE.format(wp=wp, **fields))
        ticked = f"spec-kitty agent tasks mark-status {fields['subtask']} --status done --mission {slug} --json"
        yield from ask(ticked)
        note = "python3 -c 'import tea' showed no error"
        yield from ask(f'{move} --to for_review --commit "{fields["title"]}" --note "{note}" --json')
        return (yield from ask(f"{again} --json"))
    if action == "review":
        yield from ask(f'{move} --to approved --note "It can be imported." --json')
        return (yield from ask(f"{again} --json"))
    if action == "accept":
        yield from ask(f"spec-kitty accept --mission {slug} --json")
        return (yield from ask(f"{again} --json"))
    yield from _plan(action, place, slug)
    return (yield from ask(report))


def _plan(action: str, place: str, slug: str) -> Part:
    if action == "specify":
        yield Read(f"{place}/spec.md")
        yield Write(f"{place}/spec.md", SPEC)
    elif action == "plan":
        yield from ask(f"spec-kitty agent mission setup-plan --mission {slug} --json")
        yield Read(f"{place}/plan.md")
        yield Write(f"{place}/plan.md", PLAN)
    elif action == "tasks_outline":
        yield Write(f"{place}/tasks.md", OUTLINE)
    elif action == "tasks_packages":
        for wp, fields in PACKAGES.items():
            yield Write(f"{place}/tasks/{wp}-{fields['module']}.md", PACKAGE.format(wp=wp, **fields))
    elif action == "tasks_finalize":
        yield from ask(f"spec-kitty agent mission finalize-tasks --mission {slug} --json")
    else:
        raise Stuck(f"the script knows no action {action}")


def look(skill: str | None) -> Script:
    """Load a skill as a model does that finds it in the list of skills, if any; and say so."""
    if skill is not None:
        yield Load(skill)
    return "Seen."


def hooked(agent: str, slug: str, hook: str) -> Script:
    """Take a work package, write a hook of git into its worktree, and hand over with `--commit`; what came of that."""
    try:
        step = yield from ask(f"spec-kitty next --agent {agent} --mission {slug} --json")
        yield Write(f"{step['workspace_path']}/tea/duration.py", CODE.format(wp="WP01", title="Time"))
        yield Write(f"{step['workspace_path']}/.husky/pre-commit", hook)
        yield Run(f"chmod +x {step['workspace_path']}/.husky/pre-commit")
        move = f"spec-kitty agent tasks move-task {step['wp_id']} --agent {agent} --mission {slug}"
        moved = yield from ask(f'{move} --to for_review --commit "Work" --note "None ran" --json')
    except Stuck as stuck:
        return f"stuck: {stuck}"
    return str(moved["to_lane"])


def attempt(lines: list[str]) -> Script:
    """Run command lines, whatever comes of them; what the first one printed."""
    first = yield Run(lines[0])
    for line in lines[1:]:
        yield Run(line)
    return first


class Meeting:
    """Two sessions that each take a step, and end only after both have one."""

    def __init__(self, agent: str, slug: str, sessions: int) -> None:
        self.line = f"spec-kitty next --agent {agent} --mission {slug} --json"
        self.sessions = sessions
        self.steps: dict[int, list[dict[str, Any]]] = {}
        self.met = Event()

    def script(self, number: int) -> Script:
        """The script of a session: take a step, wait for the others, ask again; the same step must be handed out."""
        try:
            first = yield from ask(self.line)
            self.steps[number] = [first]
            if len(self.steps) == self.sessions:
                self.met.set()
            self.met.wait(_PATIENCE)
            second = yield from ask(self.line)
        except Stuck as stuck:
            return f"stuck: {stuck}"
        self.steps[number] = [first, second]
        return "done"
