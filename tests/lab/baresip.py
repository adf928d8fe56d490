"""baresip as a foreign phone: registers, dials, answers by itself, plays a file and records what it hears."""

import glob
import json
import os
import socket

from . import kamailio
from .proc import Proc
from .wait import until

_MODULES = "/usr/lib/baresip/modules"


class Baresip:
    """One baresip of `user` in a namespace, registered through `proxy` (None: where DNS leads it); `microphone` is a WAV file. Over TLS it trusts
    the authority in the file `ca`."""

    def __init__(self, namespace, folder, user, address, proxy, microphone, codec="pcma", transport="udp", ca=None):
        self.namespace, self.user, self.address = namespace, user, address
        self.folder = os.path.join(str(folder), f"baresip-{user}")
        os.makedirs(self.folder, exist_ok=True)
        self._write("config", f"""
sip_listen {address}:5060
sip_trans_def {transport}
{f"sip_cafile {ca}" if ca else ""}
audio_player aubridge,nil
audio_source aufile,{microphone}
audio_alert aubridge,nil
audio_srate 8000
audio_channels 1
audio_level no
ring_aufile none
ringback_aufile none
busy_aufile none
error_aufile none
notfound_aufile none
rtp_timeout 0
snd_path {self.folder}
ctrl_tcp_listen {address}:4444
module_path {_MODULES}
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_app account.so
module_app contact.so
module_app menu.so
module_app ctrl_tcp.so
""")
        outbound = f';outbound="sip:{proxy};transport={transport}"' if proxy else ""
        self._write("accounts", f'<sip:{user}@{kamailio.DOMAIN};transport={transport}>;auth_user={user}'
                    f';auth_pass={kamailio.password(user)}{outbound};regint=60'
                    f';answermode=auto;audio_codecs={codec}\n')
        self._write("contacts", "")
        self.proc = None

    def launch(self):
        """Starts it."""
        self.proc = Proc("baresip", [*self.namespace.exec, "baresip", "-4", "-f", self.folder],
                         os.path.join(self.folder, "log"))

    def start(self):
        """Starts it and waits until it is registered."""
        self.launch()
        until(lambda: "200 OK" in self.proc.output(), lambda: f"baresip registered:\n{self.proc.output()[-2000:]}", 10)
        return self

    def command(self, name, params=""):
        """Gives a command, as its menu takes it: dial, hangup …"""
        text = json.dumps({"command": name, "params": params, "token": "lab"})
        with self.namespace.socket(kind=socket.SOCK_STREAM) as s:
            s.settimeout(5)
            s.connect((self.address, 4444))
            s.sendall(f"{len(text)}:{text},".encode())
            return s.recv(4000)

    def recording(self):
        """The file with what it has heard (decoded) in its latest call."""
        files = sorted(glob.glob(os.path.join(self.folder, "dump-*-dec.wav")), key=os.path.getmtime)
        return files[-1] if files else None

    def stop(self):
        """Ends it."""
        if self.proc:
            self.proc.stop(timeout=2)

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as f:
            f.write(text)
