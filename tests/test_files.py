"""Which files are found, in which order, and that no tree of files can hang the walk."""

import os
import time
from pathlib import Path

import pytest

from askcorpus.errors import UsageError
from askcorpus_ingest.files import LEADS_OUT, Failure, SourceFile, check_paths, find_files


def names(paths: list[Path], readable: bool = True) -> list[str]:
    return [e.path.name for e in find_files(paths) if isinstance(e, SourceFile) and e.readable is readable]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ["b.txt", "a.MD", "sub/c.html", "sub/d.jsonl", "e.png", ".hidden.txt", ".git/f.txt"]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("text")
    return tmp_path


def test_sorted_without_hidden_files_and_other_kinds(tree: Path) -> None:
    assert names([tree]) == ["a.MD", "b.txt", "c.html", "d.jsonl"]
    assert names([tree], readable=False) == ["e.png"]


def test_a_file_named_twice_is_found_once(tree: Path) -> None:
    assert names([tree / "b.txt", tree, tree / "sub" / ".." / "b.txt"]) == ["b.txt", "a.MD", "c.html", "d.jsonl"]


def test_links_are_followed_and_loops_end(tree: Path) -> None:
    (tree / "loop").symlink_to(tree)
    (tree / "self").symlink_to(tree / "self")
    (tree / "sub" / "again.txt").symlink_to(tree / "b.txt")
    assert names([tree]) == ["a.MD", "b.txt", "c.html", "d.jsonl"]
    failures = [entry for entry in find_files([tree]) if isinstance(entry, Failure)]
    assert [(f.origin, f.reason) for f in failures] == [(f"{tree}/self", "is a link that leads nowhere")]


def test_a_link_is_not_followed_out_of_what_was_named(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.txt").write_text("text")
    (tree / "out.txt").symlink_to(outside / "secret.txt")
    (tree / "sub" / "folder").symlink_to(outside)
    failures = [entry for entry in find_files([tree]) if isinstance(entry, Failure)]

    assert "secret.txt" not in names([tree])
    assert [(f.origin, f.reason) for f in failures] == [
        (f"{tree}/out.txt", LEADS_OUT),
        (f"{tree}/sub/folder", LEADS_OUT),
    ]
    assert "secret.txt" in names([tree, outside]), "it was named"
    assert names([tree / "out.txt"]) == ["secret.txt"], "as was this link"


def test_many_named_files_are_found_in_linear_time(tmp_path: Path) -> None:
    def seconds(number: int) -> float:
        named = [tmp_path / f"{name}.txt" for name in range(number)]
        for path in named:
            path.touch()
        start = time.thread_time()
        assert len(list(find_files(named))) == number
        return time.thread_time() - start

    assert seconds(4000) < 10 * max(0.01, min(seconds(1000), seconds(1000)))


def test_a_pipe_is_passed_over(tree: Path) -> None:
    os.mkfifo(tree / "pipe.txt")
    assert "pipe.txt" not in names([tree])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_locked_folder_is_a_failure(tree: Path) -> None:
    (tree / "sub").chmod(0)
    failures = [entry for entry in find_files([tree]) if isinstance(entry, Failure)]
    (tree / "sub").chmod(0o700)
    assert [f.origin for f in failures] == [f"{tree}/sub"]


def test_paths_are_checked_before_any_work(tree: Path) -> None:
    check_paths([tree, tree / "b.txt"])
    with pytest.raises(UsageError, match="nowhere does not exist"):
        check_paths([tree, tree / "nowhere"])
    with pytest.raises(UsageError, match="No path"):
        check_paths([])
