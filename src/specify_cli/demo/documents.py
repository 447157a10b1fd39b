"""The documents of the demo's mission, as its scripted agent writes them."""

from __future__ import annotations

from specify_cli.demo.story import PACKAGES, REQUIREMENTS, TEST_COMMAND, Package


def specification() -> str:
    """spec.md."""
    functional = "\n".join(f"- **{name}**: {text}" for name, text in REQUIREMENTS.items())
    return f"""# Specification: Calculator

## Goal

People who work in a terminal leave it for every small calculation, and the calculators they find there show
0.1 + 0.2 as 0.30000000000000004. They get a command that evaluates an expression exactly and shows the result as one
would write it down.

## User scenarios

### Scenario 1 (most important)

Somebody adds prices in the terminal.

- **Given** the package, **when** they run `python -m calculator "(0.1 + 0.2) * 10"`, **then** they read `3`.

### Edge cases

- Division by zero, an open parenthesis and a stray letter are told in one line; the exit code is 2.

## Functional requirements

{functional}

## Constraints

- **C-001**: Nothing but the standard library.

## Success criteria

- `{TEST_COMMAND}` passes on the main branch, and the scenario above prints `3`.

## Out of scope

- Functions, variables and a history.
"""


def plan() -> str:
    """plan.md."""
    rows = "\n".join(
        f"| `{path}` | {package.objective} | {', '.join(package.requirements)} |"
        for package in PACKAGES
        for path in package.owned[:1]
    )
    return f"""# Implementation plan

## Summary

A package `calculator` that splits an expression, evaluates it with exact decimal numbers and shows the result.

## Technical context

- **Language and runtime**: Python, standard library only
- **Where the code lives**: `calculator/`, tests in `tests/`
- **How it is built and tested**: `{TEST_COMMAND}`

## Approach

Text becomes parts (`tokens`), parts become a value (`evaluate`, by recursive descent, over `operations`), the value
becomes text again (`display`), and `__main__` ties them together.

### Decisions

| Decision | Why | What was turned down |
|---|---|---|
| `decimal.Decimal` | tenths are exact | `float`, which shows 0.30000000000000004 |

### Files and interfaces

| Path | Change | Requirements |
|---|---|---|
{rows}

## Testing

One test module for each requirement, through the public functions; the command is tested as a process.

## Risks

- Rounding hides an error in the arithmetic: the tests of the operations look at exact values.
"""


def outline() -> str:
    """tasks.md."""
    return (
        "# Work packages\n\n"
        "One package for each module and one for the page. WP01, WP02, WP03 and WP07 can begin at once.\n\n"
        + "\n".join(_section(package) for package in PACKAGES)
    )


def prompts() -> dict[str, str]:
    """File name below tasks/ -> prompt of each work package."""
    return {f"{package.id}-{package.slug}.md": _prompt(package) for package in PACKAGES}


def _section(package: Package) -> str:
    boxes = "\n".join(f"- [ ] {key} {text}" for key, text in package.subtasks.items())
    return f"""## {package.id} {package.title}

**Goal**: {package.objective}
**Requirements**: {", ".join(package.requirements)}
**Files**: {", ".join(f"`{path}`" for path in package.owned)}
**Dependencies**: {", ".join(package.needs) or "None"}

{boxes}
"""


def _prompt(package: Package) -> str:
    owned = ", ".join(f'"{path}"' for path in package.owned)
    subtasks = "\n".join(f"### {key} {text}\n\n{text}.\n" for key, text in package.subtasks.items())
    criteria = "\n".join(f"- Running `{each.command}` shows `{each.shows}`." for each in package.criteria)
    return f"""---
work_package_id: {package.id}
title: "{package.title}"
dependencies: [{", ".join(package.needs)}]
requirement_refs: [{", ".join(package.requirements)}]
subtasks: [{", ".join(package.subtasks)}]
execution_mode: {package.mode}
owned_files: [{owned}]
authoritative_surface: {package.surface}
tags: []
history: []
---

# {package.id} {package.title}

## Objective

{package.objective}

## Context

{package.context}

## Subtasks

{subtasks}
## Acceptance criteria

{criteria}
- `{TEST_COMMAND}` passes in the worktree.

## Out of bounds

- Every file that is not in `owned_files`.
"""
