"""No link of a document leads nowhere, and no path that a document names is gone."""

from pathlib import Path

import pytest

from tests.test_documents.markdown import ROOT, Document, documents

README_BYTES_MAX = 8192
PICTURE_BYTES_MAX = 200_000
ROOMS = ("app/", "tests/", "docs/", "manifest/", "migrations/", ".ci/")

of_each_document = pytest.mark.parametrize("document", documents(), ids=lambda document: document.name)


@of_each_document
def test_every_link_leads_somewhere(document: Document) -> None:
    assert [link for link in document.links if not _leads_somewhere(document, link)] == []


def _leads_somewhere(document: Document, link: str) -> bool:
    if link.startswith(("http://", "https://", "mailto:")):
        return True
    name, _, anchor = link.partition("#")
    path = (document.path.parent / name).resolve() if name else document.path
    if not path.exists() or not path.is_relative_to(ROOT):
        return False
    return not anchor or anchor in Document(path, path.read_text()).anchors


@of_each_document
def test_every_path_that_is_named_exists(document: Document) -> None:
    # A path may end in a name within the file: tests/test_web/test_webhooks.py::test_it.
    paths = [code.split("::")[0] for code in document.codes if code.startswith(ROOMS) and " " not in code]
    assert [path for path in paths if not any(ROOT.glob(path.rstrip("/")))] == []


def test_the_readme_is_short() -> None:
    assert (ROOT / "README.md").stat().st_size <= README_BYTES_MAX


def test_the_pictures_are_small_and_shown() -> None:
    pictures = list((ROOT / "docs" / "images").iterdir())
    shown = {(document.path.parent / link).resolve() for document in documents() for link in document.links if _is_picture(link)}

    assert [picture.name for picture in pictures if picture.stat().st_size > PICTURE_BYTES_MAX] == []
    assert set(pictures) == shown


def _is_picture(link: str) -> bool:
    return Path(link).suffix in {".png", ".svg"}


def test_every_document_can_be_reached_from_the_readme() -> None:
    pages = {document.path: document for document in documents()}
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in reached or path not in pages:
            continue
        reached.add(path)
        waiting += [(path.parent / link.split("#")[0]).resolve() for link in pages[path].links]

    assert {str(path.relative_to(ROOT)) for path in set(pages) - reached} == set()
