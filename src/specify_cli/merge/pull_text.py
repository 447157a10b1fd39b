"""What a pull request says of its mission. Pure.

Texts of the repository stand on lines of their own or in quotes and code spans, so that none of them swallows or
imitates the rest; what a terminal or a page would obey is made visible.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import quote

from specify_cli.conditions.merge_rules import Accepted
from specify_cli.core.work_packages import WorkPackage
from specify_cli.kernel.text import escaped
from specify_cli.kernel.values import frozen

_TITLE = 120
_GOAL = 6_000
_BODY = 60_000  # hosts take 65,536 characters
_REMOTE = re.compile(
    r"^(?:[a-z+]+://(?:[^@/]*@)?(?P<host>[^/:]+)(?::\d+)?/|(?:[^@/]*@)?(?P<scp>[^/:]+):)(?P<path>[^?#]+)"
)


@frozen
class Story:
    """What is told of a mission.

    Args:
        title: its name for people.
        goal: as its specification states it.
        reviewers: work package -> who approved it.
        canceled, self_reviewed: work packages.
        requirements: as the specification states them.
    """

    slug: str
    mission_id: str | None
    title: str
    goal: str
    packages: Sequence[WorkPackage]
    reviewers: Mapping[str, str]
    canceled: Collection[str] = ()
    self_reviewed: Collection[str] = ()
    requirements: Sequence[str] = ()
    accepted: Accepted | None = None


def title_of(story: Story) -> str:
    """One line."""
    words = line(story.title) or story.slug
    return words if len(words) <= _TITLE else words[: _TITLE - 1] + "…"


def body_of(story: Story) -> str:
    """The text in Markdown."""
    goal = "\n".join(f"> {each}".rstrip() for each in escaped(story.goal.strip()[:_GOAL]).split("\n"))
    alive = [each for each in story.packages if each.id not in story.canceled]
    parts = [goal if story.goal.strip() else "", _list("Work packages", [_package(story, each) for each in alive])]
    if given_up := [f"{each.id} {line(each.title)}" for each in story.packages if each.id in story.canceled]:
        parts.append(_list("Given up", given_up))
    parts.append(_list("Requirements", [_requirement(each, alive) for each in story.requirements]))
    parts.append(_evidence(story.accepted))
    named = f"{story.slug} ({story.mission_id})" if story.mission_id else story.slug
    end = f"Mission {code(named)}, documents in {code(f'kitty-specs/{story.slug}')}.\n"
    whole = "\n\n".join(part for part in parts if part)
    if len(whole) > _BODY:
        whole = whole[:_BODY].rpartition("\n")[0] + "\n\n…"
    return f"{whole}\n\n{end}"


def compare_url(remote: str, base: str, head: str) -> str | None:
    """The page on which a person opens the pull request; None at hosts of other kinds. No user name or password in it.

    Args:
        remote: the remote's address.
    """
    match = _REMOTE.match(remote)
    host = ((match["host"] or match["scp"]) if match else "").lower()
    if match is None or "." not in host:
        return None
    page = f"https://{host}/{quote(match['path'].strip('/').removesuffix('.git'))}"
    if "gitlab" in host:
        ends = f"merge_request%5Bsource_branch%5D={quote(head)}&merge_request%5Btarget_branch%5D={quote(base)}"
        return f"{page}/-/merge_requests/new?{ends}"
    return f"{page}/compare/{quote(base)}...{quote(head)}?expand=1" if "github" in host else None


def line(text: str) -> str:
    """A text on one line, with nothing in it that would be obeyed."""
    return escaped(" ".join(text.split()))


def code(text: str) -> str:
    """A text as a code span."""
    words = line(text)
    marks = "`" * (max((len(run) for run in re.findall("`+", words)), default=0) + 1)
    return f"{marks}{words}{marks}" if len(marks) == 1 else f"{marks} {words} {marks}"


def _list(heading: str, items: Sequence[str]) -> str:
    return "\n".join([f"## {heading}", "", *(f"- {item}" for item in items)]) if items else ""


def _package(story: Story, package: WorkPackage) -> str:
    reviewer = story.reviewers.get(package.id)
    by = f", reviewed by {code(reviewer)}" if reviewer else ""
    own = " (who also wrote it)" if package.id in story.self_reviewed else ""
    return f"{package.id} {line(package.title)}{by}{own}"


def _requirement(ref: str, packages: Sequence[WorkPackage]) -> str:
    serving = [each.id for each in packages if ref in {given.upper() for given in each.requirement_refs}]
    return f"{ref}: {', '.join(serving) or 'no work package'}"


def _evidence(accepted: Accepted | None) -> str:
    if accepted is None:
        return ""
    told = [f"Accepted by {code(accepted.by)} at {line(accepted.at)}."]
    for test in accepted.tests:
        exit_code = test.get("exit_code")
        ended = "passed" if exit_code == 0 else f"exit code {line(str(exit_code))}"
        told.append(f"{code(str(test.get('command', '')))}: {ended}")
    if not accepted.tests:
        told.append(f"Not tested: {line(accepted.untested or 'no command ran')}.")
    if accepted.tests and accepted.tree:
        told.append(f"These ran on the merge of all lanes, tree {code(accepted.tree)}.")
    return _list("Evidence", told)
