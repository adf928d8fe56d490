//! A pure lossy wire for tests: delay, loss, duplication, reorder, partition, ICMP.
