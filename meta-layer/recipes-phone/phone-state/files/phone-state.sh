#!/bin/sh
# Makes what the mounts of the phone's state need; changes nothing that is there.
set -eu

mkdir -p /data/phoned /data/overlay/etc-phoned /data/overlay/work
chown phoned:phoned /data/phoned
chmod 0700 /data/phoned /data/overlay/work
mkdir -p /var/lib/phoned
