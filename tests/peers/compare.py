"""Runs the comparison in laboratories side by side, and writes it down as a table with versions."""

import argparse
import collections
import json
import multiprocessing
import os
import platform
import statistics
import sys
import time

from lab import net, proc

from . import rows
from .clients import CLIENTS

# A median that is this much better than ours (s) counts as faster; below that it is the machine's noise
# (failover design §8: medians are held to 50 ms).
NOISE = 0.05


def job(what):
    """One run in a child process; returns its record."""
    client, transport, fault, row, number, watched = what
    began = time.time()
    try:
        seen = rows.run(CLIENTS[client], transport, fault, row, watched)
    except Exception as error:  # noqa: BLE001 - a run that breaks is a result
        seen = rows.Outcome(broken=f"{type(error).__name__}: {error}")
    finally:
        # A child of multiprocessing runs no exit handlers: what it has started it ends here.
        proc.end_all()
        net.delete_all()
    return {"client": client, "transport": transport, "fault": fault, "row": row, "run": number, "seconds": seen.seconds,
            "note": seen.note, "broken": seen.broken, "watched": watched or rows.ROWS[row],
            "took": round(time.time() - began, 1)}


def jobs(given):
    """What to run, as wanted on the command line; runs of one row are spread over the whole time."""
    return [(client, transport, fault, row, number, given.watch) for number in range(given.runs)
            for transport in given.transports for fault in rows.FAULTS[transport] if not given.faults or fault in given.faults
            for row in given.rows for client in given.clients if transport in CLIENTS[client].transports]


def _key(record):
    return tuple(record[k] for k in ("client", "transport", "fault", "row", "run"))


def words(records):
    """A cell of the table: median of those that came through, how many did."""
    whole = [r for r in records if not r["broken"]]
    if not records:
        return "–"
    if not whole:
        return "not set up"
    through = [r["seconds"] for r in whole if r["seconds"] is not None]
    if not through:
        return f"never ({len(whole)} × {whole[0]['watched']:g} s)"
    share = "" if len(through) == len(whole) else f" ({len(through)} of {len(whole)})"
    return f"{shown(statistics.median(through))}{share}"


def shown(seconds):
    """A time with the digits that matter."""
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def table(records, clients):
    """The comparison as Markdown: one table for each transport."""
    parts = []
    for transport in rows.FAULTS:
        lines = [f"| primary | request | {' | '.join(clients)} |", "|---" * (2 + len(clients)) + "|"]
        for fault in rows.FAULTS[transport]:
            for row in rows.ROWS:
                here = [r for r in records if (r["transport"], r["fault"], r["row"]) == (transport, fault, row)]
                if here:
                    cells = [words([r for r in here if r["client"] == c]) for c in clients]
                    lines.append(f"| {fault} | {row} | {' | '.join(cells)} |")
        if len(lines) > 2:
            parts.append(f"### {transport.upper()}\n\n" + "\n".join(lines))
    return "\n\n".join(parts)


def faster(records):
    """Rows in which another phone's median is better than phoned's, in words; phoned must have come through every time."""
    found = []
    keys = sorted({(r["transport"], r["fault"], r["row"]) for r in records})
    for key in keys:
        here = [r for r in records if (r["transport"], r["fault"], r["row"]) == key and not r["broken"]]
        ours = [r["seconds"] for r in here if r["client"] == "phoned"]
        if not ours:
            continue
        if None in ours:
            found.append(f"{', '.join(key)}: phoned did not come through in {ours.count(None)} of {len(ours)} runs")
            continue
        for client in sorted({r["client"] for r in here} - {"phoned"}):
            theirs = [r["seconds"] for r in here if r["client"] == client and r["seconds"] is not None]
            if theirs and statistics.median(theirs) < statistics.median(ours) - NOISE:
                found.append(f"{', '.join(key)}: {client} {shown(statistics.median(theirs))}, "
                             f"phoned {shown(statistics.median(ours))}")
    return found


def runs_of(records, client):
    """How often a phone was tried in each row: "5", or "5 to 6" where rows differ."""
    counts = collections.Counter((r["transport"], r["fault"], r["row"]) for r in records if r["client"] == client).values()
    least, most = min(counts), max(counts)
    return f"{least}" if least == most else f"{least} to {most}"


def page(records, clients):
    """The comparison as a page of the documentation."""
    versions = "\n".join(f"| {c} | {CLIENTS[c].version()} | {runs_of(records, c)} | {CLIENTS[c].setting} |" for c in clients)
    better = faster(records)
    measured = {(r["transport"], r["fault"], r["row"]) for r in records if r["client"] == "phoned" and not r["broken"]}
    verdict = (f"In none of the {len(measured)} rows measured for phoned is the median of another phone better by more than "
               f"{1000 * NOISE:.0f} ms,\nwhich is how far this machine's noise reaches." if not better
               else "Rows in which phoned is not the fastest:\n\n" + "\n".join(f"- {b}" for b in better))
    broken = [r for r in records if r["broken"]]
    return f"""# Compared with other phones

Written by `scripts/compare-peers`. Each run has a laboratory of its own: two Kamailio proxies that share their location
table, a name server, a callee that answers at once, and one phone. `example.test` has NAPTR and SRV records that lead to
the first proxy (priority 10) and the second (20). The proxies record-route by address, over TLS by a name of their own.
Then the first proxy fails:

- **killed**: SIGKILL; UDP gets ICMP port unreachable, connections close and new ones are refused
- **frozen**: SIGSTOP; it takes everything, connections too, and says nothing
- **black hole**: every packet to and from it is lost
- **503**: it answers every request with 503

and it is measured how long each request needs to come through at the second:

- *REGISTER at start*: the proxy fails before the phone starts; from its first packet to the 200 of the second proxy
- *REGISTER while idle*: from the fault itself to the 200 of the second proxy, the phone being left alone
- *INVITE*, *BYE*: half a second after the fault the user dials, or hangs up a call that runs through the first proxy; from
  the phone's first packet of it until the callee's phone has it

Medians; "(2 of 3)" means that only so many runs came through, "never (3 × 45 s)" that none did while watched so long.
"not set up" means that the phone did not get as far as the fault. All phones but phoned are given a registration of 60 s
(they notice a dead proxy by their refresh); phoned keeps its defaults.

{verdict}

{table(records, clients)}

## Versions and settings

| phone | version | runs of each row | failover as it was given |
|---|---|---|---|
{versions}

Machine: {os.cpu_count()} processors, {platform.machine()}, Linux {platform.release().split('-')[0]}; {len(records)} runs,
{len(broken)} of them not set up. Times of some milliseconds carry the noise of a machine that runs several laboratories at once.
"""


def arguments():
    options = argparse.ArgumentParser(prog="scripts/compare-peers", description=__doc__)
    options.add_argument("--clients", default=",".join(CLIENTS), help="comma-separated (default %(default)s)")
    options.add_argument("--transports", default="udp,tcp", help="of udp, tcp, tls (default %(default)s)")
    options.add_argument("--faults", default="", help="of killed, frozen, black hole, 503 (default all)")
    options.add_argument("--rows", default=",".join(rows.ROWS), help="default %(default)s")
    options.add_argument("--runs", type=int, default=3, help="runs of each row (default 3)")
    options.add_argument("--watch", type=float, help="seconds to watch instead of "
                         + ", ".join(f"{s} ({r})" for r, s in rows.ROWS.items()))
    options.add_argument("--labs", type=int, default=6, help="laboratories side by side (default 6: they mostly wait)")
    options.add_argument("--records", metavar="FILE", help="keep each run in this file, one JSON object a line, run only what "
                         "it lacks, and write the page from all that it holds")
    options.add_argument("--write", metavar="FILE", help="write the page here")
    given = options.parse_args()
    for name, known in (("clients", CLIENTS), ("transports", rows.FAULTS), ("rows", rows.ROWS),
                        ("faults", {f for fs in rows.FAULTS.values() for f in fs})):
        values = [v for v in getattr(given, name).split(",") if v]
        wrong = [v for v in values if v not in known]
        if wrong:
            options.error(f"--{name}: no \"{wrong[0]}\"; there are: {', '.join(known)}")
        setattr(given, name, values)
    return given


def main():
    """Runs, prints, writes; non-zero if a run of phoned broke or another phone was faster."""
    given = arguments()
    proc.end_in_order()
    records = []
    if given.records and os.path.exists(given.records):
        with open(given.records) as f:
            records = [json.loads(line) for line in f]
    for name in given.clients:
        CLIENTS[name].prepare()
    had = {_key(r) for r in records}
    todo = [what for what in jobs(given) if what[:5] not in had]
    with multiprocessing.Pool(min(given.labs, len(todo) or 1), initializer=proc.end_in_order) as pool:
        for done in pool.imap_unordered(job, todo):
            records.append(done)
            if given.records:
                with open(given.records, "a") as f:
                    f.write(json.dumps(done) + "\n")
            seen = done["broken"] or ("never" if done["seconds"] is None else shown(done["seconds"]))
            print(f"{done['client']}, {done['transport']}, {done['fault']}, {done['row']}: {seen} {done['note']}",
                  file=sys.stderr, flush=True)
        # Workers that have been told there is no more leave by themselves; terminating idle ones races with the queue.
        pool.close()
        pool.join()
    clients = [c for c in CLIENTS if any(r["client"] == c for r in records)]
    print(table(records, clients))
    if given.write:
        with open(given.write, "w") as f:
            f.write(page(records, clients))
    complaints = faster(records) + [f"broken: {r}" for r in records if r["client"] == "phoned" and r["broken"]]
    for line in complaints:
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
