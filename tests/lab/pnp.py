"""A server of SIP PnP inside a namespace: hears the multicast SUBSCRIBE and sends the NOTIFY that names the configuration."""

import select
import socket
import struct
import threading

from . import sip

GROUP = "224.0.1.75"


class PnpServer:
    """Tells every phone that asks the same address; `asked` has their requests, `answers` what they say to the NOTIFY."""

    def __init__(self, namespace, address, url, interface="lan"):
        self.address, self.url, self.asked, self.answers = address, url, [], []
        self._socket, self._group = namespace.socket(), namespace.socket()
        self._socket.bind((address, 5060))
        self._group.bind((GROUP, 5060))
        index = namespace.inside(lambda: socket.if_nametoindex(interface))
        member = struct.pack("4s4si", socket.inet_aton(GROUP), socket.inet_aton(address), index)
        namespace.inside(lambda: self._group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member))
        self._closing = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._closing:
            for ready in select.select([self._socket, self._group], [], [], 0.2)[0]:
                data, source = ready.recvfrom(4096)
                message = sip.Message.parse(data)
                if message and message.is_response:
                    self.answers.append(message)
                elif message and message.method == "SUBSCRIBE":
                    self.asked.append(message)
                    self._socket.sendto(sip.reply(message, 200, "OK", "pnp", f"sip:{self.address}").encode(), source)
                    self._socket.sendto(self._notify(message), source)

    def _notify(self, asked):
        contact = asked.get("Contact").strip("<>")
        lines = [f"NOTIFY {contact} SIP/2.0", f"Via: SIP/2.0/UDP {self.address}:5060;branch=z9hG4bKpnp", "Max-Forwards: 70",
                 f"From: {asked.get('To')};tag=pnp", f"To: {asked.get('From')}", f"Call-ID: {asked.get('Call-ID')}",
                 "CSeq: 1 NOTIFY", f"Contact: <sip:{self.address}>", 'Event: ua-profile;effective-by=0',
                 "Subscription-State: terminated;reason=timeout", "Content-Type: application/url",
                 f"Content-Length: {len(self.url)}", "", self.url]
        return "\r\n".join(lines).encode()

    def close(self):
        """Closes its sockets."""
        self._closing = True
        self._thread.join(2)
        self._socket.close()
        self._group.close()
