"""The measurement on the wire really runs, and tells what is out of bounds (failover design §8)."""

import os
import re
import subprocess
import sys

import pytest

from lab.rows import ROWS, Row, table

HERE = os.path.dirname(os.path.abspath(__file__))
FROZEN = Row("udp", "frozen", "INVITE")


def runs(*seconds, sent=3):
    return {(FROZEN, FROZEN.figure): [(s, sent) for s in seconds]}


@pytest.mark.parametrize("found,complaints", [
    (runs(3.49, 3.51, 3.74), 0), (runs(3.5, 3.56, 3.57), 1), (runs(3.5, 3.5, 3.76), 1), (runs(3.5, sent=4), 1), ({}, 1)],
    ids=["within", "median late", "worst late", "one too many", "no run"])
def test_what_breaks_a_bound_is_told(found, complaints):
    text, broken = table([FROZEN], found)
    assert len(broken) == complaints, broken
    assert all("udp, frozen, INVITE" in line for line in broken)
    assert len(re.findall(r"^\| frozen: .*\| INVITE \|", text, re.M)) == len(found)


def test_at_most_is_no_exact_time_but_a_bound():
    row = Row("tcp", "frozen", "idle")
    measured = {(row, "from the fault"): [(12.0, None)], (row, "from the OPTIONS"): [(3.5, None)]}
    assert table([row], measured)[1] == []
    measured[row, "from the fault"].append((33.8, None))
    assert len(table([row], measured)[1]) == 1


def test_every_row_of_the_design_is_measured_on_every_transport():
    for transport in ("udp", "tcp", "tls"):
        mine = [row for row in ROWS if row.transport == transport]
        silent = {(row.begin, row.retries): row.promised for row in mine if row.fault == "frozen"}
        assert [silent[begin, 3] for begin in ("REGISTER", "INVITE", "BYE", "idle")] == [3.5, 3.5, 3.5, 33.5]
        assert [silent["INVITE", n] for n in (1, 5)] == [0.5, 15.5] and silent["BYE", 5] == silent["REGISTER", 5] == 11.5
        at_once = {row.begin for row in mine if row.promised == 0}
        assert {"REGISTER", "INVITE", "BYE", "start"} <= at_once
        assert transport == "udp" or 4.0 in {row.promised for row in mine if row.fault == "black hole"}


def test_a_round_of_the_shortest_rows_is_measured_and_written(tmp_path):
    page = tmp_path / "page.md"
    done = subprocess.run(
        [sys.executable, "-m", "lab.measure", "--transport", "tls", "--fault", "reset", "--fault", "killed", "--runs", "1",
         "--labs", "1", "--write", page], cwd=HERE, capture_output=True, text=True, timeout=120, check=False)
    assert "no run" not in done.stderr and "runs that failed: 0." in page.read_text().lower(), done.stderr
    written = re.findall(r"^\| (?:a RST|killed).*\| (\w[\w ,]*) \| from the .*? \| 1 \| one round trip \| (\d+\.\d) \|",
                         page.read_text(), re.M)
    assert [request for request, _ in written] == ["REGISTER", "INVITE", "BYE", "REGISTER at the start", "REGISTER, left idle"]
    assert all(0 < float(ms) < 1000 for _, ms in written)
