#!/usr/bin/env bash
# Make the handoff package of mission 045 from one commit of this repository.
#
#   bash generate.sh                                 say what would be written (nothing is)
#   bash generate.sh --write [--force]               write it here; --force replaces files that differ
#   bash generate.sh --write --output-dir DIR        write it elsewhere, to compare
#
# Everything is read from the objects of SOURCE_COMMIT, never from the working tree, and every time is that commit's:
# made twice, the package is the same, byte by byte. Needs git and Python 3, no network. A package made elsewhere also
# gets this script and verification.md as they are, so that the two folders can be compared.
#
# verification.md is not made here: it is written after a run of the tests, by
#   python -m scripts.release.handoff
# which also pins another commit; SOURCE_COMMIT below is the only place where it is chosen.
set -euo pipefail

SOURCE_COMMIT=95a4e0bbe4968ac3f1a47c217e489d7865aad2a0
SOURCE_BRANCH=main
MISSION_SLUG=045-mission-handoff-package-version-matrix
MISSION_TYPE=software-dev

fail() {
    printf 'Error: %s\nFix: %s\n' "$1" "$2" >&2
    exit "${3:-1}"
}

write=no
force=no
output=
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
while [ $# -gt 0 ]; do
    case $1 in
        --write) write=yes ;;
        --force) force=yes ;;
        --output-dir)
            [ $# -gt 1 ] && [ -n "$2" ] || fail "--output-dir wants a folder" "bash generate.sh --output-dir DIR" 2
            output=$2
            shift
            ;;
        --output-dir=?*) output=${1#*=} ;;
        -h | --help)
            sed -n -e '/^set /q' -e '1d' -e 's/^# //p' -e 's/^#$//p' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *) fail "$1 is no option" "bash generate.sh --help" 2 ;;
    esac
    shift
done

root=$(git -C "$here" rev-parse --show-toplevel 2>/dev/null) ||
    fail "$here is in no git repository, so there is no commit to read" "git clone the repository, and run it there"
if ! git -C "$root" cat-file -e "$SOURCE_COMMIT^{commit}" 2>/dev/null; then
    if [ "$(git -C "$root" rev-parse --is-shallow-repository)" = true ]; then
        fail "this clone is shallow and lacks commit $SOURCE_COMMIT, which the package is made from" "git fetch --unshallow"
    fi
    fail "this clone lacks commit $SOURCE_COMMIT, which the package is made from" "git fetch origin $SOURCE_BRANCH"
fi

python=
for candidate in "${PYTHON:-}" python3 python; do
    if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || fail "Python 3.8 or newer is needed" "PYTHON=/path/to/python3 bash generate.sh"

exec "$python" -B - "$root" "$here" "${output:-$here}" "$write" "$force" \
    "$SOURCE_COMMIT" "$SOURCE_BRANCH" "$MISSION_SLUG" "$MISSION_TYPE" <<'PROGRAM'
import datetime
import fnmatch
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

root, here, output, write, force, commit, branch, slug, mission_type = sys.argv[1:]
FOLDER = "kitty-specs/" + slug
CARRIED = ("generate.sh", "verification.md")  # not made from the commit; a copy elsewhere gets them as they are
CLASSES = ("input", "workflow", "output", "evidence", "policy", "runtime")
# What the mission type's manifest does not name, because the tool looks after it by itself.
BESIDES = {
    "policy": [".kittify/config.yaml", ".kittify/charter/charter.md"],
    "runtime": ["status.events.jsonl", "mission-events.jsonl"],
}


def git(*words):
    return subprocess.run(["git", "-C", root, *words], stdout=subprocess.PIPE, check=True).stdout


def shown(path):
    """A file at the commit; empty where it has none."""
    done = subprocess.run(["git", "-C", root, "show", commit + ":" + path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout if done.returncode == 0 else b""


def text(path):
    return shown(path).decode("utf-8")


def expected():
    """The mission type's list of artifacts, read by the tool's own reader of YAML at that commit."""
    with tempfile.TemporaryDirectory() as folder:
        archive = os.path.join(folder, "kernel.zip")
        git("archive", "--format=zip", "-o", archive, commit, "src/specify_cli/__init__.py", "src/specify_cli/kernel")
        sys.path.insert(0, os.path.join(archive, "src"))
        from specify_cli.kernel import yaml

        name = "src/specify_cli/missions/%s/expected-artifacts.yaml" % mission_type
        return yaml.mapping(text(name), name)


def document(value):
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode("utf-8")


def tree(manifest):
    """Every file of the mission but the package, and what should be there and is not."""
    listed = git("ls-tree", "-r", "-z", "--name-only", commit, "--", FOLDER).decode("utf-8").split("\0")
    names = [name[len(FOLDER) + 1 :] for name in listed if name]
    found = []
    for name in (name for name in names if not name.startswith("handoff/")):
        data = shown(FOLDER + "/" + name)
        digest = hashlib.sha256(data).hexdigest()
        found.append({"path": name, "sha256": digest, "size_bytes": len(data), "status": "present"})
    wanted = [*(manifest.get("required_always") or []), *((manifest.get("required_by_step") or {}).get("specify") or [])]
    for pattern in [each["path_pattern"] for each in wanted]:
        if not fnmatch.filter(names, pattern):
            found.append({"path": pattern, "sha256": None, "size_bytes": None, "status": "absent"})
    return sorted(found, key=lambda each: each["path"])


def events():
    log = shown(FOLDER + "/status.events.jsonl")
    if log.strip():
        return log
    letters, number = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", int(commit[:32], 16)
    first = {
        "actor": "generate.sh", "at": when, "event_id": "".join(letters[number >> 5 * at & 31] for at in range(25, -1, -1)),
        "evidence": None, "execution_mode": "direct_repo", "force": True, "from_lane": "planned", "mission_slug": slug,
        "policy_metadata": None, "reason": "bootstrap of an empty log", "review_ref": None, "to_lane": "planned", "wp_id": "WP01",
    }
    return (json.dumps(first, sort_keys=True) + "\n").encode("utf-8")


def matrix(manifest):
    def stated(pattern, path):
        found = re.search(pattern, text(path), re.MULTILINE)
        return found.group(1) if found else "unknown"

    tool = stated(r'^version = "([^"]+)"', "pyproject.toml")
    patterns = {name: list(BESIDES.get(name, [])) for name in CLASSES}
    steps = (manifest.get("required_by_step") or {}).values()
    for entries in [manifest.get("required_always") or [], *steps, manifest.get("optional_always") or []]:
        for each in entries:
            patterns.setdefault(each["artifact_class"], []).append(each["path_pattern"])
    rows = ["| `%s` | %s |" % (name, ", ".join("`%s`" % each for each in found)) for name, found in patterns.items()]
    package = FOLDER + "/handoff"
    return "\n".join([
        "# Version matrix of " + slug, "",
        "Made by `generate.sh` from one commit (%s); do not edit." % when, "",
        "```versions", "spec-kitty=" + tool,
        "spec-kitty-events=" + stated(r"^spec-kitty-events==(\S+)", "constraints.txt"),
        "spec-kitty-runtime=" + tool, "source-commit=" + commit, "source-branch=" + branch, "```", "",
        "The runtime (`spec-kitty next`) is part of spec-kitty and has its version.", "",
        "## Replay", "", "In a full clone; `diff` says nothing where the package is what its commit says:", "",
        "```sh", 'replayed=$(mktemp -d)',
        'bash %s/generate.sh --output-dir "$replayed" --write' % package, 'diff -r %s/ "$replayed"' % package,
        "```", "", "The mission itself, as this repository has it today:", "",
        "```sh", "spec-kitty status --mission %s --json" % slug, "```", "",
        "## Artifact classes", "", "Paths are those of the mission's folder; `.kittify/` is at the root of the repository.", "",
        "| class | paths |", "|---|---|", *rows, "",
    ]).encode("utf-8")


def made():
    """The five files, by name."""
    manifest = expected()
    project = re.search(r'^ +slug: "?([^"\s]+)', text(".kittify/config.yaml"), re.MULTILINE)
    namespace = {
        "schema_version": "1", "project_scope_id": project.group(1) if project else os.path.basename(root),
        "mission_slug": slug, "mission_type": mission_type, "manifest_version": str(manifest.get("manifest_version") or "1"),
        "source_branch": branch, "source_commit": commit, "step_id": None, "generated_at": when,
    }
    listing = {"mission_slug": slug, "source_commit": commit, "captured_at": when, "entries": tree(manifest)}
    return {
        "namespace.json": document(namespace),
        "artifact-manifest.json": document({**manifest, "source_commit": commit, "captured_at": when}),
        "artifact-tree.json": document(listing),
        "events.jsonl": events(),
        "version-matrix.md": matrix(manifest),
    }


def read(path):
    try:
        with open(path, "rb") as source:
            return source.read()
    except FileNotFoundError:
        return None


def main():
    files = made()
    if os.path.realpath(output) != here:
        files.update({name: data for name in CARRIED for data in [read(os.path.join(here, name))] if data is not None})
    before = {name: read(os.path.join(output, name)) for name in files}
    states = {name: "new" if before[name] is None else "unchanged" if before[name] == data else "differs" for name, data in files.items()}
    differ = [name for name, state in states.items() if state == "differs"]
    if write == "yes" and differ and force == "no":
        said = "%s: %s there and %s" % (output, ", ".join(differ), "differs" if len(differ) == 1 else "differ")
        sys.exit("Error: %s; nothing was written\nFix: bash generate.sh --write --force" % said)
    for name, data in files.items():
        if write == "yes" and states[name] != "unchanged":
            os.makedirs(output, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=output)
            with os.fdopen(handle, "wb") as target:
                target.write(data)
            os.chmod(temporary, 0o755 if name.endswith(".sh") else 0o644)
            os.replace(temporary, os.path.join(output, name))
        print("%-11s %s" % ("wrote" if write == "yes" and states[name] != "unchanged" else states[name], name))
    if write == "no":
        print("Nothing was written; --write writes into %s" % output)


when = datetime.datetime.fromtimestamp(
    int(git("show", "-s", "--format=%ct", commit)), datetime.timezone.utc
).strftime("%Y-%m-%dT%H:%M:%SZ")
main()
PROGRAM
