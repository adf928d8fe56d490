"""SIPp as the far end: scenario files written from here, so that a test shows the whole dialogue it relies on."""

import os

from . import kamailio
from .proc import Proc, run
from .wait import until

_HEAD = '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="lab">\n'

_SDP = """v=0
o=sipp 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000"""

_REGISTER = """
<send retrans="500"><![CDATA[
REGISTER sip:{domain} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{user}@{domain}>;tag=[pid]r[call_number]
To: <sip:{user}@{domain}>
Call-ID: [call_id]
CSeq: {cseq} REGISTER
Contact: <sip:{user}@[local_ip]:[local_port]>;expires=600
Max-Forwards: 70
{auth}Content-Length: 0

]]></send>
"""

_ANSWER_CALL = """
<recv request="INVITE" crlf="true" rrs="true"></recv>
<send><![CDATA[
SIP/2.0 180 Ringing
[last_Via:]
[last_From:]
[last_To:];tag=[pid]s[call_number]
[last_Call-ID:]
[last_CSeq:]
[last_Record-Route:]
Contact: <sip:[local_ip]:[local_port]>
Content-Length: 0

]]></send>
<pause milliseconds="200"/>
<send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]s[call_number]
[last_Call-ID:]
[last_CSeq:]
[last_Record-Route:]
Contact: <sip:[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

{sdp}
]]></send>
<recv request="ACK" crlf="true"></recv>
<nop><action><exec rtp_stream="{audio},-1,8"/></action></nop>
<recv request="BYE"></recv>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
"""

_PLACE_CALL = """
<send retrans="500"><![CDATA[
INVITE sip:{to}@{domain} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{user}@{domain}>;tag=[pid]c[call_number]
To: <sip:{to}@{domain}>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:{user}@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

{sdp}
]]></send>
<recv response="100" optional="true"></recv>
<recv response="407" auth="true"></recv>
<send><![CDATA[
ACK sip:{to}@{domain} SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
<send retrans="500"><![CDATA[
INVITE sip:{to}@{domain} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{user}@{domain}>;tag=[pid]c[call_number]
To: <sip:{to}@{domain}>
Call-ID: [call_id]
CSeq: 2 INVITE
Contact: <sip:{user}@[local_ip]:[local_port]>
Max-Forwards: 70
[authentication username={user} password={password}]
Content-Type: application/sdp
Content-Length: [len]

{sdp}
]]></send>
<recv response="100" optional="true"></recv>
<recv response="180" optional="true"></recv>
<recv response="183" optional="true"></recv>
<recv response="200" rrs="true"></recv>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
From: <sip:{user}@{domain}>;tag=[pid]c[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 2 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
<nop><action><exec rtp_stream="{audio},-1,8"/></action></nop>
<pause milliseconds="{talk_ms}"/>
<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
From: <sip:{user}@{domain}>;tag=[pid]c[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 3 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"></recv>
"""


class Sipp:
    """SIPp of `user` in a namespace, working through `proxy`; `audio` is a raw A-law file that it plays."""

    def __init__(self, namespace, folder, user, address, proxy, audio):
        self.namespace, self.user, self.address, self.proxy, self.audio = namespace, user, address, proxy, audio
        self.folder = os.path.join(str(folder), f"sipp-{user}")
        os.makedirs(self.folder, exist_ok=True)

    def register(self):
        """Registers its contact and waits for the end of that."""
        auth = f"[authentication username={self.user} password={kamailio.password(self.user)}]\n"
        first = _REGISTER.format(user=self.user, domain=kamailio.DOMAIN, cseq=1, auth="")
        second = _REGISTER.format(user=self.user, domain=kamailio.DOMAIN, cseq=2, auth=auth)
        proc = self._run("register", first + '<recv response="401" auth="true"></recv>' + second
                         + '<recv response="200"></recv>')
        self.finish(proc)

    def answer(self):
        """Waits for one call, answers it and plays; returns the process, which ends with the call."""
        proc = self._run("answer", _ANSWER_CALL.format(sdp=_SDP, audio=self.audio))
        listening = [*self.namespace.exec, "ss", "-Hlun", "src", f"{self.address}:5060"]
        until(lambda: run(listening).stdout.strip(), "SIPp listens")
        return proc

    def call(self, to, talk_ms=3000):
        """Calls `to`, plays for a while and hangs up; returns the process."""
        return self._run("call", _PLACE_CALL.format(
            sdp=_SDP, audio=self.audio, user=self.user, to=to, domain=kamailio.DOMAIN,
            password=kamailio.password(self.user), talk_ms=talk_ms))

    def finish(self, proc, timeout=20):
        """Waits for a scenario's end; it must have gone as written."""
        proc.popen.wait(timeout)
        if proc.returncode() != 0:
            raise AssertionError(f"SIPp {proc.name} failed ({proc.returncode()}):\n{self._errors(proc)}")

    def _run(self, name, body):
        scenario = os.path.join(self.folder, f"{name}.xml")
        with open(scenario, "w") as f:
            f.write(_HEAD + body + "</scenario>\n")
        return Proc(name, [*self.namespace.exec, "sipp", f"{self.proxy}:5060", "-sf", scenario, "-i", self.address,
                           "-p", "5060", "-mi", self.address, "-m", "1", "-l", "1", "-nostdin", "-mp", "20000",
                           "-trace_err", "-error_file", os.path.join(self.folder, f"{name}.err")],
                    os.path.join(self.folder, f"{name}.log"), cwd=self.folder,
                    env={**os.environ, "TERM": "dumb"})

    def _errors(self, proc):
        path = os.path.join(self.folder, f"{proc.name}.err")
        if os.path.exists(path):
            with open(path, errors="replace") as f:
                return f.read()[-3000:]
        return proc.output()[-3000:]
