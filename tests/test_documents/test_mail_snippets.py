"""The snippets of the documents are those that the Settings page shows."""

from app.web.merchant.snippets import snippets
from tests.test_documents.markdown import ROOT, Document


def test_the_page_about_mails_has_the_snippets_of_the_settings_page() -> None:
    path = ROOT / "docs" / "merchant" / "mails.md"
    page = Document(path, path.read_text())
    told = [block.text.strip() for block in page.blocks if block.language == "handlebars"]

    shown = snippets("https://points.example.com", "shop-example-com")

    assert told == [snippet.text for snippet in shown if snippet.id != "link"]
