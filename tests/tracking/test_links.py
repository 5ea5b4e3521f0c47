from __future__ import annotations

from arena.tracking import links


def test_links_open_the_right_view():
    base = "http://127.0.0.1:5000"
    assert links.experiment_link(base, "1") == f"{base}/#/experiments/1/runs?workflowType=machine_learning"
    assert links.run_link(base, "1", "ab") == f"{base}/#/experiments/1/runs/ab?workflowType=machine_learning"
    assert links.chart_link(base, "1").endswith("/runs?workflowType=machine_learning&compareRunsMode=CHART")
    assert links.compare_link(base, "1", ["a", "b"]) == (
        f"{base}/#/compare-runs?runs=%5B%22a%22%2C+%22b%22%5D&experiments=%5B%221%22%5D&workflowType=machine_learning"
    )
