"""What the tool puts into files that are not its own, for those who ask for it: a note to agents, their settings.

The settings of the project say which are wanted, the manifest says what was put where. Whatever else is in these files
stays; what somebody changed or took out of ours stays changed or out.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from pathlib import Path

from specify_cli.core import marked_block
from specify_cli.core.manifest import Manifest, Part, digest
from specify_cli.core.unasked import bash_rules, unasked_for
from specify_cli.kernel import files, json_round_trip
from specify_cli.kernel.commands import Command, command, spec_kitty
from specify_cli.kernel.errors import Refused, SpecKittyError, UsageError
from specify_cli.kernel.values import frozen

AGENTS_MD, CLAUDE_HOOK = "agents-md", "claude-hook"
SESSION_START = spec_kitty("agent session-start")
NOTE = f"""\
{marked_block.BEGIN}
## spec-kitty

This project plans and builds with spec-kitty: a mission goes from an idea to a merge in work packages.

- `spec-kitty next` says what your next step is. Do it, then ask again.
- `spec-kitty status` shows every mission; `spec-kitty why` says what a step is waiting for.
- Each mission has a folder in `kitty-specs/` with its specification, plan and tasks.
- Never edit the logs by hand (`*.events.jsonl`): spec-kitty writes them.

`spec-kitty agent config sync` keeps this block up to date. Everything outside of it is yours.
{marked_block.END}"""
_PLUGIN = """\
// Made by spec-kitty: tells it which session runs a command, so that two sessions never work on the same step.
export const SpecKitty = async () => ({
  "shell.env": async (input, output) => {
    if (input.sessionID) output.env.OPENCODE_SESSION_ID = input.sessionID
  },
})
"""
_SHOWN = 200  # characters of JSON that a person can copy from a message
_DOCUMENTS = ("AGENTS.md", "CLAUDE.md")


@frozen
class Integration:
    """Something that a project may want in a file that is not ours.

    Args:
        key: what the settings call it.
        says: what it does, in one line.
        path: the file, relative to the project, POSIX.
        agent: the agent it is for; None for all.
        lists: in a file of settings: path of keys -> values that its list should hold.
        text: of a file that is wholly ours.
    """

    key: str
    says: str
    path: str
    agent: str | None = None
    lists: json_round_trip.Lists = field(default_factory=dict)
    text: str | None = None


_HOOK = {"hooks": [{"type": "command", "command": str(SESSION_START)}]}
_GEMINI = [f"run_shell_command({row.prefix})" for row in unasked_for("gemini")]
_ROWS = (
    Integration(AGENTS_MD, "Tell agents in AGENTS.md (or CLAUDE.md) that this project uses spec-kitty", "AGENTS.md"),
    Integration(
        CLAUDE_HOOK,
        "Show Claude Code the missions when a session starts; set the session's id",
        ".claude/settings.json",
        "claude",
        {("hooks", "SessionStart"): [_HOOK]},
    ),
    Integration(
        "claude-permissions",
        "Let Claude Code, in a folder that you trust, run the loop without asking",
        ".claude/settings.json",
        "claude",
        {("permissions", "allow"): bash_rules("claude")},
    ),
    Integration(
        "opencode-plugin",
        "Give the commands of opencode the id of their session",
        ".opencode/plugins/spec-kitty.js",
        "opencode",
        text=_PLUGIN,
    ),
    Integration(
        "gemini-tools",
        "Let Gemini CLI run the commands of the loop without asking",
        ".gemini/settings.json",
        "gemini",
        {("tools", "allowed"): _GEMINI},
    ),
)
INTEGRATIONS: Mapping[str, Integration] = {row.key: row for row in _ROWS}


class Stand(StrEnum):
    """How something of ours stands in a file of somebody else."""

    CURRENT = "current"
    MISSING = "missing"
    OUTDATED = "outdated"
    EDITED = "edited"
    ORPHAN = "orphan"
    GONE = "gone"
    UNUSABLE = "unusable"  # the file cannot be read or changed


@frozen
class Shared:
    """A file of somebody else with something of ours, as it is and as it should be.

    Args:
        path: relative to the project, POSIX; of a link, what it leads to.
        before, after: its content; None where it is not there, or should not be.
        part: what the manifest should say of it.
        stands: key of an integration -> how it stands in it.
        problem: why nothing can be changed there.
    """

    path: str
    before: bytes | None
    after: bytes | None
    part: Part | None
    stands: Mapping[str, Stand]
    problem: SpecKittyError | None = None

    def has(self, *stands: Stand) -> bool:
        """Whether something of ours stands so."""
        return any(stand in stands for stand in self.stands.values())


Read = Callable[[Path], bytes | None]
Item = tuple[str, object]  # path of keys with dots, and a value of the list there


def integration_of(key: str) -> Integration:
    """The integration of that key.

    Raises:
        UsageError: `UNKNOWN_INTEGRATION`.
    """
    if key in INTEGRATIONS:
        return INTEGRATIONS[key]
    said = f"there is no integration {key!r}; there are {', '.join(INTEGRATIONS)}"
    raise UsageError(said, "UNKNOWN_INTEGRATION", hint=spec_kitty("agent config integrate"))


def offered(agents: Collection[str]) -> list[Integration]:
    """The integrations that these agents can have."""
    return [row for row in INTEGRATIONS.values() if row.agent is None or row.agent in agents]


def _add(agent: str) -> Command:
    return spec_kitty("agent config add", agent)


def require_offered(
    keys: Collection[str],
    agents: Collection[str],
    mend: Callable[[str], Command] = _add,
) -> None:
    """Make sure that some agents can have what is asked for.

    Args:
        mend: the command that brings an agent.

    Raises:
        UsageError: `UNKNOWN_INTEGRATION`.
        Refused: `AGENT_NOT_CONFIGURED`.
    """
    for key in keys:
        agent = integration_of(key).agent
        if agent is not None and agent not in agents:
            said = f"{key} is for {agent}, which is not configured here"
            raise Refused(said, "AGENT_NOT_CONFIGURED", hint=mend(agent))


def whole_files(keys: Collection[str], agents: Collection[str]) -> dict[str, str]:
    """The files of wanted integrations that are wholly ours: path -> text."""
    return {row.path: row.text for row in offered(agents) if row.key in keys and row.text is not None}


def shared_files(
    project: Path,
    keys: Collection[str],
    agents: Collection[str],
    manifest: Manifest,
    version: str,
    *,
    read: Read = files.read_bytes,
    missing: bool = True,
) -> list[Shared]:
    """Every file of somebody else that has something of ours, or should have.

    Args:
        keys: the integrations that the settings name; those of other agents are not wanted.
        agents: the configured agents.
        version: of this program.
        missing: whether what is not there is put in; else it counts as taken out.
    """
    wanted: dict[str, list[Integration]] = {}
    found: list[Shared] = []
    for row in offered(agents):
        if row.key == AGENTS_MD and row.key in keys:
            for name in _documents(project, agents, manifest):
                try:
                    wanted[_real(project, name, read)] = [row]
                except SpecKittyError as error:
                    found.append(Shared(name, None, None, manifest.parts.get(name), {AGENTS_MD: Stand.UNUSABLE}, error))
        elif row.key in keys and row.lists:
            wanted.setdefault(row.path, []).append(row)
    for path in sorted({*wanted, *manifest.parts}):
        part = manifest.parts.get(path)
        before: bytes | None = None
        try:
            before = read(project / path)
            found.append(_merged(path, before, wanted.get(path, []), part, version, missing=missing))
            _require_writable(project, found[-1])
        except SpecKittyError as error:
            found = [each for each in found if each.path != path]
            rows = wanted.get(path, [])
            keys = [*(row.key for row in rows), *(part.items if part else ())]
            stands = dict.fromkeys(keys, Stand.UNUSABLE)
            found.append(Shared(path, before, before, part, stands, _explained(error, rows)))
    return found


def _require_writable(project: Path, shared: Shared) -> None:
    if shared.before != shared.after:
        target = project / shared.path
        files.refuse_links(project, target.parent)
        if target.is_symlink():
            files.refuse_links(project, target)
            message = f"{target} is a symbolic link and is not written through"
            raise Refused(message, "SYMLINK_REFUSED", hint=command("ls", "-l", target))
        if target.exists() and not target.stat().st_mode & stat.S_IWUSR:
            raise Refused(f"{target} is read-only", "STATE_READ_ONLY", hint=command("chmod", "u+w", target))


def _documents(project: Path, agents: Collection[str], manifest: Manifest) -> Iterator[str]:
    """The documents that should have the note: one, or two where no agent reads what another one does."""
    general, claudes = _DOCUMENTS
    in_claudes = "claude" in agents and (claudes in manifest.parts or not (project / general).exists())
    is_there = (project / general).exists() or (project / general).is_symlink()
    if not in_claudes or any(key != "claude" for key in agents) or (is_there and claudes not in manifest.parts):
        yield general
    if in_claudes:
        yield claudes


def _real(project: Path, name: str, read: Read) -> str:
    """The file behind a document, relative to the project; a link between the two is one file.

    Raises:
        Refused: `SYMLINK_REFUSED`, it leads out of the project or nowhere.
    """
    target = project / name
    if target.is_symlink():
        files.refuse_links(project, target)
        real = target.resolve()
        if not real.is_file():
            message = f"{target} is a symbolic link that leads to no file"
            raise Refused(message, "SYMLINK_REFUSED", hint=command("rm", target))
        return real.relative_to(project.resolve()).as_posix()
    # As git checks a link out where the system has none: a file that holds nothing but the name.
    named = (read(target) or b"").decode("latin-1")
    other = next((each for each in _DOCUMENTS if each == named.removeprefix("./") and each != name), None)
    return other if other is not None and (project / other).is_file() else name


def _merged(
    path: str, before: bytes | None, wanted: Sequence[Integration], part: Part | None, version: str, *, missing: bool
) -> Shared:
    keys = {*(row.key for row in wanted), *(part.items if part else ())}
    if AGENTS_MD in keys:
        return _document(path, before, part, version, is_wanted=bool(wanted), missing=missing)
    return _settings(path, before, wanted, part, version, missing=missing)


# -- the note in a document --------------------------------------------------------------------------------------------


def _document(
    path: str, before: bytes | None, part: Part | None, version: str, *, is_wanted: bool, missing: bool
) -> Shared:
    ours = part.items.get(AGENTS_MD, ()) if part else ()
    made = part.made if part else ()
    after, record = before, part
    standing = marked_block.find(before or b"", path)
    if standing is None:
        stand = Stand.MISSING if is_wanted else Stand.GONE
        if is_wanted and missing:
            after = marked_block.with_block(before or b"", NOTE, path)
            record = _noted(version, ("",) if before is None else made if before else ())
        elif not is_wanted:
            record = None
    elif standing.text == NOTE and is_wanted:
        stand, record = Stand.CURRENT, _noted(version, made)
    elif digest(files.encode(standing.text)) not in ours:
        stand = Stand.EDITED
    elif is_wanted:
        stand, after, record = Stand.OUTDATED, marked_block.with_block(before or b"", NOTE, path), _noted(version, made)
    else:
        stand, record = Stand.ORPHAN, None
        after = marked_block.without_block(before or b"", path)
        after = None if not after and "" in made else after
    if record is not None and part is not None and record.items == part.items and record.made == part.made:
        record = part
    return Shared(path, before, after, record, {AGENTS_MD: stand})


def _noted(version: str, made: tuple[str, ...]) -> Part:
    return Part(version, made, {AGENTS_MD: (digest(files.encode(NOTE)),)})


# -- values in settings ------------------------------------------------------------------------------------------------


def _settings(
    path: str, before: bytes | None, wanted: Sequence[Integration], part: Part | None, version: str, *, missing: bool
) -> Shared:
    text = _text_of(before, path)
    items = dict(part.items) if part else {}
    made = list(part.made) if part and before is not None else []
    stands: dict[str, Stand] = {}
    keys = [row.key for row in wanted]
    for key in [*keys, *(key for key in items if key not in keys and key in INTEGRATIONS)]:
        row = INTEGRATIONS[key]
        recorded = items.get(key)
        ours = _items(recorded or ())
        standing = [each for each in ours if _holds(text, each, path)]
        if key not in keys:
            text = json_round_trip.take(text, _lists(standing), [_keys(name) for name in made if name], path)
            stands[key] = Stand.ORPHAN if standing else Stand.GONE
            del items[key]
            continue
        every = [(".".join(keys_of), value) for keys_of, values in row.lists.items() for value in values]
        is_new = not standing and (recorded is None or bool(ours))
        known = [] if is_new else ours
        news = [each for each in every if each not in known and not _holds(text, each, path)]
        old = [each for each in standing if each not in every]
        if is_new and not missing:
            stands[key] = Stand.MISSING if news else Stand.CURRENT
            continue
        text = json_round_trip.take(text, _lists(old), (), path)
        text, new = json_round_trip.put(text, _lists(news), path)
        made += [".".join(each) for each in new]
        items[key] = tuple(list(each) for each in every if each in known or each in news)
        stands[key] = (
            Stand.MISSING if is_new and news
            else Stand.OUTDATED if news or old
            else Stand.EDITED if len(standing) < len(known)
            else Stand.CURRENT
        )  # fmt: skip
    after: bytes | None = before if before is not None and text == _text_of(before, path) else text.encode()
    if before is None:
        made = ["", *made]
        after = after if items else None
    if after is not None and not items and "" in made and text.strip() == "{}":
        after = None
    record = Part(version, tuple(dict.fromkeys(made)), items) if items else None
    if record is not None and part is not None and record.items == part.items and record.made == part.made:
        record = part
    return Shared(path, before, after, record, stands)


def _text_of(content: bytes | None, where: str) -> str:
    if content is None:
        return "{}\n"
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(
            f"{where} is no UTF-8 text: save it as UTF-8", "NOT_UTF8", details={"path": where, "edit": where}
        ) from error


def _explained(error: SpecKittyError, wanted: Sequence[Integration]) -> SpecKittyError:
    """Why settings cannot be merged, with what a person could write there."""
    if error.code not in ("SETTINGS_NOT_MERGED", "MALFORMED_JSON") or not wanted:
        return error
    write: dict[str, dict[str, object]] = {}
    for row in wanted:
        for (section, name), values in row.lists.items():
            write.setdefault(section, {})[name] = list(values)
    text = json.dumps(write, ensure_ascii=False)
    by_hand = text if len(text) < _SHOWN else "what --json has in details.write"
    message = f"{error.message}; nothing was put there. By hand, it would be {by_hand}"
    return Refused(message, error.code, hint=error.hint, details={**(error.details or {}), "write": write})


def _items(recorded: Sequence[object]) -> list[Item]:
    """What the manifest says was put into lists, as far as it can be ours; a forged one may say more."""
    pairs = [item for item in recorded if isinstance(item, list) and len(item) == len(("path", "value"))]
    return [(str(name), value) for name, value in pairs if "spec-kitty" in json.dumps(value)]


def _holds(text: str, item: Item, where: str) -> bool:
    values = json_round_trip.listed(text, _keys(item[0]), where)
    return values is not None and item[1] in values


def _keys(name: str) -> tuple[str, ...]:
    return tuple(name.split("."))


def _lists(items: Sequence[Item]) -> dict[tuple[str, ...], list[object]]:
    found: dict[tuple[str, ...], list[object]] = {}
    for name, value in items:
        found.setdefault(_keys(name), []).append(value)
    return found
