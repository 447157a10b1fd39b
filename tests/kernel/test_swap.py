"""Files that wait beside others, and take their places."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from specify_cli.kernel import swap
from specify_cli.kernel.errors import Refused


def test_what_waited_takes_the_place_with_its_content_and_mode(tmp_path: Path) -> None:
    path, waiting = tmp_path / "a" / "b.txt", tmp_path / "new" / "b.txt"
    swap.write_beside(waiting, b"new", 0o640)
    swap.flush()
    swap.take_place(waiting, path)
    assert (path.read_bytes(), swap.mode_of(path), waiting.exists()) == (b"new", 0o640, False)
    assert swap.mode_of(waiting) is None


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"mine")
    (tmp_path / "link").symlink_to("real")
    swap.write_beside(tmp_path / "new", b"new")
    with pytest.raises(Refused) as refusal:
        swap.take_place(tmp_path / "new", tmp_path / "link")
    assert refusal.value.code == "SYMLINK_REFUSED"
    assert (tmp_path / "real").read_bytes() == b"mine"


def test_between_two_file_systems_it_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swap.write_beside(tmp_path / "new", b"new")
    real, refused = os.replace, []

    def replace(source: Path, target: Path) -> None:
        if Path(source) == tmp_path / "new":
            refused.append(source)
            raise OSError(errno.EXDEV, "across")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    swap.take_place(tmp_path / "new", tmp_path / "there")
    assert refused
    assert (tmp_path / "there").read_bytes() == b"new"
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(Exception, match="taken"):
        swap.write_beside(tmp_path / "taken", b"new")
