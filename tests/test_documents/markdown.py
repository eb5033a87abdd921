"""Reading the documents: pages, links, headings and blocks of code."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(?P<language>[\w-]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """One Markdown file."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def prose(self) -> str:
        """All that is not in a fenced block."""
        return _FENCE.sub("", self.text)

    @property
    def blocks(self) -> list[Block]:
        return [Block(found["language"], found["text"]) for found in _FENCE.finditer(self.text)]

    @property
    def links(self) -> list[str]:
        """The targets of all links and pictures."""
        return _LINK.findall(self.prose)

    @property
    def codes(self) -> list[str]:
        """What stands between single backticks."""
        return _CODE.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """What a link to a heading of this page can name, as GitHub makes it."""
        found: set[str] = set()
        for heading in _HEADING.findall(self.prose):
            anchor = _NOT_IN_ANCHORS.sub("", _LINK.sub("", heading).strip().lower()).replace(" ", "-")
            count, unique = 0, anchor
            while unique in found:
                count += 1
                unique = f"{anchor}-{count}"
            found.add(unique)
        return found


def documents() -> list[Document]:
    """Give all Markdown files of the repository."""
    paths = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "app").rglob("*.md")]
    return [Document(path, path.read_text()) for path in sorted(paths)]
