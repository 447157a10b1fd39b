from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.kernel.errors import Refused
from specify_cli.status import lines
from tests.support.limits import run_python

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
objects = st.dictionaries(st.text(max_size=8), json_values, max_size=4)


def codes(found: lines.Scan) -> list[tuple[str, int | None]]:
    return [(problem.code, problem.line) for problem in found.problems]


@given(st.lists(objects, max_size=8, unique_by=lambda entry: lines.encode([entry])))
def test_what_is_written_is_read(entries: list[dict[str, object]]) -> None:
    found = lines.scan_bytes(lines.encode(entries), "log")
    assert found.objects == entries
    assert found.numbers == list(range(1, len(entries) + 1))
    assert found.problems == []


def test_lone_surrogates_are_escaped_and_come_back() -> None:
    data = lines.encode([{"actor": "a\udc80b\ud800"}])
    assert data == b'{"actor": "a\\udc80b\\ud800"}\n'
    assert lines.scan_bytes(data, "log").objects == [{"actor": "a\udc80b\ud800"}]


@pytest.mark.parametrize(
    "bad",
    [
        b"{", b"[]", b"5", b"nothing", b'{"a": "\x00"}', b"\x00\x00\x00", b'{"a": "\xff"}', b'{"a": NaN}',
        b'{"a":1},{"b":2}', b'{"a": ' + b"9" * 5000 + b"}", b"[" * 200_000, b'{"a":[{"b":1}',
    ],
)  # fmt: skip
def test_a_corrupt_line_is_reported_and_the_others_are_read(bad: bytes) -> None:
    found = lines.scan_bytes(b'{"n": 1}\n' + bad + b'\n{"n": 3}\n', "log")
    assert [entry for entry in found.objects if "n" in entry] == [{"n": 1}, {"n": 3}]
    assert found.numbers == [1, 3]
    assert codes(found) == [("CORRUPT_LINE", 2)]


def test_broken_lines_do_not_make_a_whole_one_together() -> None:
    found = lines.scan_bytes(b'{"a":[{"b":1}\n{"c":2}]}\n{},{}\n', "log")
    assert found.objects == []
    assert codes(found) == [("CORRUPT_LINE", 1), ("CORRUPT_LINE", 2), ("CORRUPT_LINE", 3)]


def test_conflict_markers_have_a_name_of_their_own() -> None:
    data = b'<<<<<<< HEAD\n{"n": 1}\n=======\n{"n": 2}\n>>>>>>> topic\n'
    found = lines.scan_bytes(data, "log")
    assert found.objects == [{"n": 1}, {"n": 2}]
    assert codes(found) == [("CONFLICT_MARKER", 1), ("CONFLICT_MARKER", 3), ("CONFLICT_MARKER", 5)]


def test_a_torn_last_line_is_a_warning_and_a_whole_one_is_read() -> None:
    torn = lines.scan_bytes(b'{"n": 1}\n{"n": ', "log")
    assert (torn.objects, codes(torn)) == ([{"n": 1}], [("TORN_TAIL", 2)])
    assert torn.problems[0].severity == "warning"
    whole = lines.scan_bytes(b'{"n": 1}\n{"n": 2}', "log")
    assert (whole.objects, whole.problems) == ([{"n": 1}, {"n": 2}], [])


def test_any_line_ending_a_mark_at_the_start_and_empty_lines() -> None:
    found = lines.scan_bytes(b'\xef\xbb\xbf{"n": 1}\r\n\r\n\n  {"n": 2}\r\n', "log")
    assert found.objects == [{"n": 1}, {"n": 2}]
    assert found.numbers == [1, 4]


def test_identical_lines_are_one() -> None:
    found = lines.scan_bytes(b'{"n": 1}\n{"n": 1}\n{"n": 2}\n', "log")
    assert found.objects == [{"n": 1}, {"n": 2}]
    rest = lines.scan_bytes(b'{"n": 2}\n{"n": 3}\n', "log", found.seen)
    assert rest.objects == [{"n": 3}]


@pytest.mark.parametrize("size", [lines.LIMIT, lines.LIMIT + 1, 3 * lines.LIMIT, 3 * lines.LIMIT + 7])
@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_line_over_the_limit_is_skipped(size: int, end: bytes) -> None:
    long = b'{"x": "' + b"y" * (size - 9) + b'"}'
    assert len(long) == size
    found = lines.scan_bytes(b'{"n": 1}\n' + long + b'\n{"n": 2}' + end, "log")
    kept = size <= lines.LIMIT
    assert [entry.get("n") for entry in found.objects] == ([1, None, 2] if kept else [1, 2])
    assert codes(found) == ([] if kept else [("OVERSIZED_LINE", 2)])
    assert found.numbers[-1] == 3


def test_a_huge_line_is_never_loaded(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with log.open("wb") as sink:
        sink.truncate(1 << 28)  # one line of zeros, of which the disk holds nothing
        sink.seek(0, 2)
        sink.write(b'\n{"n": 2}\n')
    tracemalloc.start()
    found = lines.scan_file(log)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.objects, codes(found)) == ([{"n": 2}], [("OVERSIZED_LINE", 1)])
    assert most < 8 * lines.LIMIT


def test_big_logs_are_parsed_in_batches() -> None:
    entries: list[dict[str, object]] = [{"n": number, "text": "x" * 200} for number in range(3000)]
    data = lines.encode(entries)
    assert len(data) > 4 * (1 << 17)
    assert lines.scan_bytes(data, "log").objects == entries
    broken = data.replace(b'"n": 1500,', b'"n": ,')
    found = lines.scan_bytes(broken, "log")
    assert len(found.objects) == 2999
    assert codes(found) == [("CORRUPT_LINE", 1501)]


def test_no_log_is_an_empty_log(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "none.jsonl", tmp_path / "file" / "below.jsonl"):
        assert lines.scan_file(path).objects == []


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    folder, link, pipe = (tmp_path / name for name in ("folder", "link", "pipe"))
    folder.mkdir()
    link.symlink_to("/dev/zero")
    os.mkfifo(pipe)
    for path, kind in ((folder, "folder"), (link, "symbolic link"), (pipe, "special file")):
        with pytest.raises(Refused, match=f"is a {kind}") as refused:
            lines.scan_file(path)
        assert refused.value.code == "LOG_NOT_A_FILE"
        assert refused.value.hint == f"mv {path} {path}.aside"


def test_a_log_that_cannot_be_read_is_said_to_be_so(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    log = closed / "log.jsonl"
    log.write_text(json.dumps({"n": 1}))
    closed.chmod(0)
    done = run_python(_READ, str(log), cwd=tmp_path, mortal=True)
    closed.chmod(0o700)
    assert done.stdout.split() == ["STATE_READ_ONLY", str(log)], done.stderr


_READ = """
import sys
from pathlib import Path
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.status import lines
try:
    lines.scan_file(Path(sys.argv[1]))
except SpecKittyError as error:
    print(error.code, error.details["path"])
"""
