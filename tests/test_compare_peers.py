"""The comparison with other phones really runs them: one row of scripts/compare-peers, with its table (F1, F2)."""

import json
import os
import re
import sys

from lab import proc

HERE = os.path.dirname(os.path.abspath(__file__))


def test_a_row_of_the_comparison_is_measured_for_us_and_for_another_phone(tmp_path):
    page, records = tmp_path / "page.md", tmp_path / "records"
    done = proc.run(
        [sys.executable, "-m", "peers.compare", "--clients", "phoned,baresip", "--transports", "udp", "--faults", "503",
         "--rows", "INVITE,BYE", "--runs", "1", "--watch", "6", "--labs", "2", "--records", records, "--write", page],
        cwd=HERE, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    runs = {(r["client"], r["row"]): r for r in map(json.loads, records.read_text().splitlines())}
    assert not any(r["broken"] for r in runs.values())
    # Both find the way for a call; only phoned's BYE does, whose Route names the proxy that refuses.
    assert 0 < runs["phoned", "INVITE"]["seconds"] < 0.5 and 0 < runs["baresip", "INVITE"]["seconds"] < 0.5
    assert 0 < runs["phoned", "BYE"]["seconds"] < 0.5 and runs["baresip", "BYE"]["seconds"] is None
    text = page.read_text()
    assert re.search(r"\| 503 \| BYE \| \d+ ms \| never \(1 × 6 s\) \|", text)
    assert re.search(r"\| baresip \| 1\.\d+\.\d+", text), "with its version"
