"""The examples of a page work as they stand, one after the other.

Blocks marked `sh` are run. A block that needs a Saleor, Docker or a domain is marked `console`. The examples of the Points API
need a server beside them: tests/test_processes/test_points_api_page.py runs those.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo.app_process import environment
from tests.test_documents.markdown import Document, documents

ELSEWHERE = "docs/api/README.md"
PAGES = [page for page in documents() if page.name != ELSEWHERE and any(block.language == "sh" for block in page.blocks)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_work_as_they_stand(page: Document, tmp_path: Path) -> None:
    at_hand = f'saleor-points() {{ "{sys.executable}" -m app "$@"; }}\n'
    examples = "".join(block.text for block in page.blocks if block.language == "sh")

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", at_hand + examples],
        cwd=tmp_path,
        env=environment(DATA_DIR=str(tmp_path)),
        text=True,
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
