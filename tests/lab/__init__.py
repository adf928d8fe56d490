"""A laboratory of real SIP servers, real phones and real faults in network namespaces.

Each module has one subject: `net` namespaces and faults of the network, `path` a way with delay, loss and disorder,
`icmp` errors of every code, `dns` a name server, `pki` certificates, `proc` processes, `kamailio` the proxy pair,
`files` and `pnp` servers of configurations,
`farend` scripted SIP peers and `links` what they send by, `capture` what was on the wire, `sip` the text of messages, `wav` sound,
`phone` the daemon under test with its command line, `baresip` and `sipp` foreign phones, `faults` how a primary fails and
what that may cost, `probe` what a plain socket sees of it, `world` all of it put together. Booted machines: `vm` the machine,
`debian` the whole system on it, `desk` who sits at it, `handset` and `keypad` what it has. `demo`, `play`, `measure`, `lines`
are programs of their own, run by the scripts of their names.
Nothing here knows what a test wants to prove.
"""
