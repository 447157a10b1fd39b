"""Faults of a release."""

from __future__ import annotations

import subprocess
import sys

from tests.support.cli import Result
from tests.support.scenes import TEA, Scene, Then, World
from tests.support.source import ROOT

PREP = "agent release prep --channel"
VALIDATOR = ROOT / "scripts" / "release" / "validate_release.py"
METADATA = ".kittify/metadata.yaml"
CHANGELOG = "# Changelog\n\n## [Unreleased]\n"
ENTRY = "\n## [1.1.0] - 2026-02-01\n"


def no_pyproject(world: World) -> None:
    """There was one, and it is gone."""
    world.git.commit("state a version", pyproject_toml='[project]\nname = "cup"\nversion = "1.0.0"\n')
    world.git("rm", "-q", "pyproject.toml")


def malformed(world: World) -> None:
    no_pyproject(world)
    restored(world)
    world.git.write("pyproject.toml", "[project\n")


def restored(world: World) -> None:
    world.git("checkout", "-q", "HEAD", "--", "pyproject.toml")


def after_a_beta(world: World) -> None:
    world.git.commit("a beta", pyproject_toml='[project]\nname = "cup"\nversion = "1.0.0b1"\n')


def validate(world: World, *words: str) -> Result:
    """What the script of a release finds."""
    line = [sys.executable, str(VALIDATOR), "--repo", str(world.path), "--json", *words]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=world.path)
    return Result(tuple(words), done.returncode, done.stdout, done.stderr)


def at_tag(world: World, tag: str = "v1.1.0") -> Result:
    return validate(world, "--mode", "tag", "--tag", tag)


def coherent(world: World, *, name: str = "cup", changes: str = f"{ENTRY}\n- A thing.\n") -> None:
    """A project that may be released as 1.1.0, but for what the changelog says."""
    world.git("tag", "v1.0.0")
    world.git.write("CHANGELOG.md", CHANGELOG + changes)
    world.git.commit("ready", pyproject_toml=f'[project]\nname = "{name}"\nversion = "1.1.0"\n')


def without_metadata(world: World) -> None:
    coherent(world, name="spec-kitty-cli")
    (world.path / METADATA).unlink()


def empty_metadata(world: World) -> None:
    coherent(world, name="spec-kitty-cli")
    world.git.write(METADATA, "spec_kitty: {}\n")


def metadata_back(world: World) -> None:
    world.git("checkout", "-q", "HEAD", "--", METADATA)


def without_entry(world: World) -> None:
    coherent(world, changes="")


def empty_entry(world: World) -> None:
    coherent(world, changes=ENTRY)


def entry(world: World) -> None:
    world.git.write("CHANGELOG.md", f"{CHANGELOG}{ENTRY}\n- A thing.\n")


def tagged_before(world: World) -> None:
    coherent(world)
    world.git("tag", "v1.1.0")
    world.git.commit("more")


def without_tags(world: World) -> None:
    coherent(world)
    remote = world.scratch / "remote.git"
    world.git("clone", "-q", "--bare", str(world.path), str(remote))
    world.git("remote", "add", "origin", str(remote))
    world.git("config", "remote.origin.tagOpt", "--no-tags")
    world.git("tag", "-d", "v1.0.0")


SCENES = (
    Scene("PYPROJECT_INVALID", f"{PREP} stable", no_pyproject, Then.SHOWS, after=restored),
    Scene("PYPROJECT_INVALID", f"{PREP} stable", malformed, Then.SHOWS, after=restored),
    Scene("CHANNEL_BACKWARDS", f"{PREP} alpha", after_a_beta, Then.INSTEAD),
    Scene("METADATA_MISSING", validate, without_metadata, Then.SHOWS, after=metadata_back),
    Scene("METADATA_INVALID", validate, empty_metadata, Then.SHOWS, after=metadata_back),
    Scene("CHANGELOG_ENTRY_MISSING", validate, without_entry, Then.SHOWS, after=entry),
    Scene("CHANGELOG_ENTRY_EMPTY", validate, empty_entry, Then.SHOWS, after=entry),
    Scene("TAG_MISMATCH", lambda world: at_tag(world, "v1.1.1"), coherent, Then.SHOWS, corrected=at_tag),
    Scene("TAG_ELSEWHERE", at_tag, tagged_before),
    Scene("TAGS_UNAVAILABLE", validate, without_tags),
    Scene("NOT_ACCEPTABLE", f"accept --mission {TEA}", then=Then.INSTEAD),
)
