"""The rows that `measure` measures, what each is held to (failover design §8), and their table."""

import dataclasses
import os
import platform
import statistics

TRANSPORTS = ("udp", "tcp", "tls")
MEDIAN_MS, WORST_MS = 50, 250
# Seconds: three transmissions to a silent hop, what connect and TLS may take, the default keep-alive.
A3, SET_UP, KEEP_ALIVE = 3.5, 4.0, 30.0
# Seconds that a silent hop costs with these retry counts: Timer A doubles without limit, Timer E to 4 s.
RETRIES = {1: {"INVITE": 0.5, "other": 0.5}, 3: {"INVITE": A3, "other": A3}, 5: {"INVITE": 15.5, "other": 11.5}}

NAMES = {
    "killed": {"udp": "killed: ICMP port unreachable", "stream": "killed: connections close, new ones are refused"},
    "frozen": "frozen: takes everything, says nothing",
    "503": "answers 503",
    "reset": "a RST to all that is sent",
    "black hole": "black hole: no SYN arrives",
    "vanishing": "every segment vanishes",
    "host unreachable": "ICMP host unreachable to a SYN",
}
BEGINS = {"start": "REGISTER at the start", "idle": "REGISTER, left idle"}


@dataclasses.dataclass(frozen=True)
class Row:
    """`begin` is what happens after the fault: the user registers, calls or hangs up ("REGISTER", "INVITE", "BYE"), the
    phone starts ("start"), or nothing but its keep-alive ("idle"). `retries` is its retry count."""

    transport: str
    fault: str
    begin: str
    retries: int = 3

    @property
    def figure(self):
        """What the time is counted from where there is one figure only."""
        return "from the first packet"

    @property
    def promised(self):
        """Seconds from the first packet; of an idle phone from the fault, at most."""
        if self.fault in ("frozen", "vanishing"):
            if self.begin == "start" and self.transport == "tls":
                return SET_UP
            silence = RETRIES[self.retries]["INVITE" if self.begin == "INVITE" else "other"]
            return silence + (KEEP_ALIVE if self.begin == "idle" else 0)
        if self.fault == "black hole":
            return SET_UP
        return KEEP_ALIVE if self.begin == "idle" and self.transport == "udp" else 0.0

    def held_to(self, figure):
        """(seconds, whether that is the most and not the exact time) for a figure of its runs."""
        if figure == "from the fault":
            return self.promised, True
        return (self.promised - KEEP_ALIVE if figure == "from the OPTIONS" else self.promised), False

    @property
    def transmissions(self):
        """How often the request goes to the failed primary, over UDP."""
        return self.retries if self.fault == "frozen" else 1

    def __str__(self):
        return f"{self.transport}, {self.fault}, {self.begin}" + (f", retry counts {self.retries}" if self.retries != 3 else "")


def _rows():
    methods = ("REGISTER", "INVITE", "BYE")
    for transport in TRANSPORTS:
        stream = transport != "udp"
        # A proxy that is killed ends its connections, which moves the line before any request could.
        for fault in ("reset" if stream else "killed", "503", "frozen"):
            for method in methods:
                yield Row(transport, fault, method)
        for retries in (1, 5):
            for method in methods:
                yield Row(transport, "frozen", method, retries)
        for fault in ("killed", "host unreachable", "black hole", "frozen") if stream else ("killed", "frozen"):
            yield Row(transport, fault, "start")
        for fault in ("killed", "frozen", "vanishing") if stream else ("killed", "frozen"):
            yield Row(transport, fault, "idle")


ROWS = list(_rows())


def table(rows, found):
    """The measurements as Markdown, a table for each transport, and what broke the bounds. `found` maps (row, figure) to a
    list of (seconds, transmissions)."""
    lines, broken = [], []
    for transport in TRANSPORTS:
        mine = [row for row in rows if row.transport == transport]
        if not mine:
            continue
        lines += [f"### {transport.upper()}", "",
                  "| primary | request | time | runs | promised ms | median ms | worst ms | median ÷ promised |",
                  "|---|---|---|---|---|---|---|---|"]
        for row in mine:
            figures = [figure for known, figure in found if known == row]
            if not figures:
                broken.append(f"{row}: no run")
            for figure in figures:
                line, complaint = _line(row, figure, found[row, figure])
                lines.append(line)
                broken += complaint
        lines.append("")
    return "\n".join(lines).rstrip(), broken


def _line(row, figure, runs):
    seconds, most = row.held_to(figure)
    times = [1000 * t for t, _ in runs]
    promised = 1000 * seconds
    median = statistics.median(times)
    worst = max(times) if most else max(times, key=lambda t: abs(t - promised))
    name = NAMES[row.fault]
    name = name if isinstance(name, str) else name["udp" if row.transport == "udp" else "stream"]
    request = BEGINS.get(row.begin, row.begin) + (f", retry counts {row.retries}" if row.retries != 3 else "")
    said = "one round trip" if not seconds else f"{'at most ' if most else ''}{promised:.0f}"
    ratio = f"{median / promised:.2f}" if seconds else "–"
    line = f"| {name} | {request} | {figure} | {len(runs)} | {said} | {median:.1f} | {worst:.1f} | {ratio} |"
    late = worst > promised + WORST_MS if most else abs(median - promised) > MEDIAN_MS or abs(worst - promised) > WORST_MS
    complaints = [f"{row}, {figure}: median {median:.1f} ms, worst {worst:.1f} ms, promised {said}"] if late else []
    sent = sorted({n for _, n in runs if n is not None})
    if row.transport == "udp" and sent not in ([], [row.transmissions]):
        complaints.append(f"{row}: {sent} transmissions to the primary, not {row.transmissions}")
    return line, complaints


def page(text, labs, minutes, loads, failures, broken):
    """The measurements as a page of the documentation."""
    load = f"from {min(loads):.1f} to {max(loads):.1f}, median {statistics.median(loads):.1f}" if loads else "unknown"
    bounds = ("All rows are within these bounds." if not broken
              else "Outside these bounds:\n\n" + "\n".join(f"- {line}" for line in broken))
    return f"""# Measured on the wire

Written by `scripts/measure`. Two phones and two Kamailio proxies, which speak all three transports, in network namespaces;
the primary fails, and it is measured when the request comes to the backup. Times are from a capture at the phone's own
interface; the last packet of a TLS row is not to be seen there, so it is when the backup has taken the request in.

- *from the first packet*: from the phone's first packet of the request to the failed primary; over TCP and TLS from the
  first segment there, be it that of a connection or of the request. An INVITE counts only if the call comes about, a BYE
  only if the other party's phone has ended its call
- *from the fault*: of an idle phone, from the fault itself to the REGISTER; keep-alive 30 s, its default
- *from the OPTIONS*, *from the close*: the same, from the keep-alive that found out, or from the proxy's FIN or RST

Held to: median within {MEDIAN_MS} ms and worst within {WORST_MS} ms of what is promised; what is promised as "at most" is not
exceeded by more than {WORST_MS} ms. {bounds}

{text}

Machine: {os.cpu_count()} processors, {platform.machine()}, Linux {platform.release().split("-")[0]}; build profile `test-release`; {labs}
laboratories side by side for {minutes:.0f} minutes, load average {load}. Runs that failed: {len(failures)}.
"""
