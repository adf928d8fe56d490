"""Other phones, measured against the same faults in the same laboratory (issue 3: none is faster for any row).

`clients` says how each is set up, `rows` what is done to it and which time is read, `compare` runs it all and writes the
table. Each client gets the failover that its own documentation offers; docs/comparison.md says which.
"""
