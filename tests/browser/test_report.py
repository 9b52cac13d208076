"""The report of an evaluation in a real browser, opened as the file that it is."""

from pathlib import Path
from typing import Any

from scripted_eval import ScriptedAssistant
from test_eval_evaluate import DOCUMENTS, REPLIES, run


def test_all_questions_can_be_sorted_by_any_column(browser: Any, tmp_path: Path) -> None:
    """Also by keys; as numbers where they are; and what has no value comes last either way."""
    run(tmp_path, ScriptedAssistant(DOCUMENTS, REPLIES))
    page = browser.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    page.goto((tmp_path / "report.html").as_uri())
    page.get_by_text("4 questions", exact=True).click()
    heads = page.locator("table.sortable th")

    def ids() -> list[str]:
        return [row.split("\t")[0] for row in page.locator("table.sortable tbody tr").all_inner_texts()]

    assert ids() == ["rain", "snow", "hail", "fog"]
    heads.get_by_text("confidence").click()
    assert ids() == ["hail", "snow", "fog", "rain"]
    heads.get_by_text("confidence").press("Enter")
    assert ids() == ["rain", "fog", "snow", "hail"]
    heads.get_by_text("mrr@10").click()
    assert ids() == ["snow", "rain", "fog", "hail"]
    heads.get_by_text("mrr@10").click()
    assert ids() == ["rain", "snow", "fog", "hail"]
    assert heads.get_by_text("mrr@10").get_attribute("aria-sort") == "descending"
    page.close()
    assert errors == []
