"""From a tiny mission to a normal one: `mission.md` becomes the documents that its type has, and nothing is done anew.

The work package keeps its id, so that claims, lane, worktree and log go on as they are. The size in meta.json decides
which documents count: cut short before it changes, the mission is tiny still; after it, it is normal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import count

from specify_cli.core.commits import Committed, milestone, publish_mode, require_identity
from specify_cli.core.documents import goal_of, requirement_ids
from specify_cli.core.markdown import Section, heading_key, section, sections
from specify_cli.core.mission_sizes import HEADINGS, Size, mission_type_of
from specify_cli.core.mission_types import Step, StepKind
from specify_cli.core.work_packages import FOLDER, MISSION, WorkPackage, require_plan, write_documents
from specify_cli.home import MissionPlace
from specify_cli.kernel import files, frontmatter
from specify_cli.kernel.commands import command
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import NotFound, Refused
from specify_cli.kernel.text import slugify
from specify_cli.kernel.values import frozen, replace
from specify_cli.mission_metadata import load_meta, write_meta
from specify_cli.status.emit import writing

_GOAL, _ACCEPTANCE, _WORK = HEADINGS
_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+(?:\[[ xX]\][ \t]+)?(?=\S)")


@frozen
class Promoted:
    """What a promotion came to.

    Args:
        promoted: whether the mission was tiny before.
        written: names of the documents written, below the mission's folder.
    """

    promoted: bool
    written: tuple[str, ...]
    committed: Committed


def promote(place: MissionPlace, config: Config) -> Promoted:
    """Make a tiny mission a normal one, in one commit; asked twice, the second time changes nothing.

    Raises:
        Refused: `DOCUMENT_IN_THE_WAY`, a document that would be written is there and says something else;
            `TARGET_NOT_CHECKED_OUT`, `NO_GIT_IDENTITY`, or a malformed header.
        NotFound: `DOCUMENT_MISSING`: there is no mission.md.
    """
    place.repo.require_git()
    folder = place.feature_dir
    require_identity(place)
    with writing(place, publish=publish_mode(config), doing=f"promote {place.slug}"):
        meta = load_meta(folder) or {}
        tiny, size = replace(place, meta=meta), meta.get("size")
        texts = _texts(tiny) if tiny.is_tiny else {}
        if tiny.is_tiny:
            files.make_folder(folder / FOLDER)
            write_documents(folder, texts)
            write_meta(folder, {**meta, "size": Size.NORMAL.value})
        if size in (Size.TINY, Size.NORMAL):  # the latter is only written here: the last time was cut short
            files.remove(folder / MISSION)
    return Promoted(bool(texts), tuple(texts), milestone(place, config, "promote to a normal mission"))


def _texts(place: MissionPlace) -> dict[str, str]:
    """All documents that are to be written, by name."""
    text, package = place.read(MISSION), next(iter(require_plan(place)), None)
    if text is None or package is None:
        raise NotFound(
            f"{place.where(MISSION)} is missing, which says all of a tiny mission",
            "DOCUMENT_MISSING",
            hint=command("git", "log", "--oneline", "--", place.where(MISSION)),
        )
    texts = documents(replace(place, meta={**place.meta, "size": Size.NORMAL.value}), text, package)
    found = place.read_many(list(texts))
    names = [name for name in place.names(FOLDER) if name.startswith(package.id) and name.endswith(".md")]
    taken = [name for name, said in found.items() if said not in (None, texts[name])]
    taken += [other for name in names if (other := f"{FOLDER}/{name}") not in texts]
    if taken:
        raise Refused(
            f"{', '.join(taken)}: there already, and saying something else than {MISSION}: put what counts into "
            f"{MISSION} first",
            "DOCUMENT_IN_THE_WAY",
            hint=command("rm", *map(place.where, taken)),
            details={"files": taken},
        )
    return texts


def documents(place: MissionPlace, text: str, package: WorkPackage) -> dict[str, str]:
    """The documents of a normal mission, made of a tiny one's: name -> text.

    Args:
        place: the mission, normal already.
        text: mission.md.
        package: its work package.
    """
    slug = slugify(package.title)[:50].strip("-")
    prompt = f"{FOLDER}/{package.id}-{slug}.md" if slug else f"{FOLDER}/{package.id}.md"
    wishes = requirements(section(package.body, _ACCEPTANCE) or "")
    said = {heading_key(each.title): each for each in sections(package.body) if each.level == 2}
    refs = {"requirement_refs": list(wishes)}
    found = {prompt: frontmatter.update(text, refs, place.where(prompt)) if wishes else text}
    for step in mission_type_of(place).planning_steps:
        if step.kind is StepKind.DOCUMENT and step.document:
            parts: dict[str, str] = {}
            for heading, below in _parts(step, package, prompt, wishes, said):
                parts.setdefault(heading, below)
            body = "\n\n".join(f"## {heading}\n\n{below.strip()}" for heading, below in parts.items() if below.strip())
            found[step.document] = f"# {place.meta.get('friendly_name') or place.slug}\n\n{body}\n"
    return found


def requirements(acceptance: str) -> dict[str, str]:
    """Id -> text, of every criterion: its own id where it has one, else the next that is free.

    Args:
        acceptance: what stands below the heading; without a list it is one criterion.
    """
    items: list[str] = []
    for line in acceptance.split("\n"):
        if (match := _ITEM.match(line)) and not (items and line.startswith((" ", "\t"))):
            items.append(line[match.end() :])
        elif line.strip():
            items[-1:] = [f"{items[-1]}\n  {line.strip()}"] if items else [line.strip()]
    own = [next(iter(requirement_ids(f"- {item}")), None) for item in items]
    free = (each for number in count(1) if (each := f"FR-{number:03d}") not in own)
    found: dict[str, str] = {}
    for wish, item in zip(own, items, strict=True):
        found[wish if wish and wish not in found else next(free)] = item
    return found


def _parts(
    step: Step, package: WorkPackage, prompt: str, wishes: Mapping[str, str], said: Mapping[str, Section]
) -> Iterator[tuple[str, str]]:
    """Heading -> what stands below it, for the document of a planning step."""
    if "work_package" in step.needs:
        facts = (f"**Prompt**: `{prompt}`", f"**Requirements**: {', '.join(wishes) or 'none named'}")
        yield f"{package.id} {package.title}", "  \n".join((*facts, "**Dependencies**: None"))
        return
    yield _GOAL if "requirement" in step.needs else next(iter(step.headings), _GOAL), goal_of(package.body)
    if "requirement" in step.needs:
        known = set(requirement_ids("\n".join(f"- {item}" for item in wishes.values())))
        lines = (f"- {text}" if wish in known else f"- **{wish}**: {text}" for wish, text in wishes.items())
        yield "Functional requirements", "\n".join(lines)
        kept = {heading_key(each) for each in HEADINGS}
        yield from ((each.title, each.body) for key, each in said.items() if key not in kept)
    scope = ", ".join(f"`{each}`" for each in package.owned_files) or "no file named"
    for heading in step.headings:
        fallback = f"As `{prompt}` says ({scope}): the mission began with that one work package."
        own = said.get(heading_key(heading))
        yield heading, own.body if own else fallback
