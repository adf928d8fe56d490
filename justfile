# The same commands as scripts/, for those who have just(1).

# Every check, in the order in which they are cheap
check:
    scripts/test

# One part of the checks: deps lint unit sim build blackbox device
test part:
    scripts/test {{part}}

# The main job from start to end, on real proxies
demo:
    scripts/demo

# Failover times on the wire, 20 runs of each of 63 rows: more than an hour
measure:
    scripts/measure
