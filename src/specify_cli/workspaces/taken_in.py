"""What a lane took in from others and holds otherwise than git merges it: a comparison with its own base hides that.

A base is as old as the work. A file that the target has changed since, and that a merge or a later commit in the lane
sets back, is the same at both ends of the range; when the lane is merged, what the others changed is gone.
"""

from __future__ import annotations

from specify_cli.home import MissionPlace
from specify_cli.kernel.git import Git, GitFailed
from specify_cli.kernel.values import frozen
from specify_cli.lanes.branch_naming import mission_branch_name
from specify_cli.workspaces.scope import lane_paths


@frozen
class TakenIn:
    """Work of others in a lane that is not as git would have merged it.

    Args:
        commit: theirs.
        tree: what git makes of it and of the base.
        paths: files that they changed and that the lane holds otherwise.
    """

    commit: str
    tree: str
    paths: tuple[str, ...]


def taken_in(place: MissionPlace, git: Git, base: str, head: str) -> tuple[TakenIn, ...]:
    """What `base..head` took in from others, as far as `head` does not hold it as git merges it.

    Each side is compared by itself: no side then hides what became of another one.
    """
    found = []
    for side in _sides(place, git, base, head):
        try:
            tree = git.merge_tree(base, side).tree
        except GitFailed:
            continue  # a history of its own: all of it is in the difference between base and head
        theirs = set(git.changed_between(base, tree, *lane_paths(place.slug)))
        if paths := theirs.intersection(git.changed_between(tree, head)):
            found.append(TakenIn(side, tree, tuple(sorted(paths))))
    return tuple(found)


def target_in(place: MissionPlace, git: Git, base: str, head: str) -> str | None:
    """The newest commit of the target that `base..head` merged in; None without one.

    One that contains a commit of the lane's own line is none: a host has merged that work, and nobody reviewed it yet.
    """
    target = git.merge_base(head, f"refs/heads/{place.target_branch}")
    lines = git.run("rev-list", "--topo-order", "--parents", head, f"^{base}").splitlines()
    parents = {words[0]: words[1:] for words in map(str.split, lines)}
    line = _line(parents, base, head)
    if target is None or target not in parents or not line:
        return None
    return target if set(line).isdisjoint(git.run("rev-list", target, f"^{base}").split()) else None


def without_target(git: Git, base: str, target: str) -> str | None:
    """What work is compared with, so that only its own change is seen: its base with the target merged into it."""
    try:
        return git.merge_tree(base, target).tree
    except GitFailed:
        return None  # a history of its own


def set_back(place: MissionPlace, git: Git, base: str, head: str) -> tuple[str, ...]:
    """Files of others that work changes although they are the same before and after it."""
    return tuple(sorted({path for each in taken_in(place, git, base, head) for path in each.paths}))


def _sides(place: MissionPlace, git: Git, base: str, head: str) -> list[str]:
    """Commits of others in a range: the newest that a branch shares with it, and the sides of its merges."""
    lines = git.run("rev-list", "--topo-order", "--parents", head, f"^{base}").splitlines()
    parents = {words[0]: words[1:] for words in map(str.split, lines)}
    target, own = f"refs/heads/{place.target_branch}", f"refs/heads/{mission_branch_name(place.slug)}"
    tips = [tip for name, tip in git.branches().items() if name == target or name.startswith(own)]
    found = [each for tip in tips for each in git.run("merge-base", "--all", tip, head).split()]
    if any(len(each) > 1 for each in parents.values()):
        # Of what the target has, its newest commit in the range is there already; of the lane's own line, all is shown.
        there = {*git.run("rev-list", target, f"^{base}").split(), *_line(parents, base, head)}
        found += [each for sides in parents.values() if len(sides) > 1 for each in sides if each not in there]
    return [each for each in dict.fromkeys(found) if each in parents and each != head]


def _line(parents: dict[str, list[str]], base: str, head: str) -> list[str]:
    """The lane's own commits, where it was always others' work that was merged into it."""
    line = [head]
    while line[-1] in parents:
        line += parents[line[-1]][:1] or [""]
    return line if line[-1] == base else []
