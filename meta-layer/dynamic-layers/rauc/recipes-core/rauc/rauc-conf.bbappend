# The slots of wic/phone-raspberrypi.wks. Only for phones on that machine: other users of this layer see no change.
FILESEXTRAPATHS:prepend:raspberrypi4-64 := "${THISDIR}/files:"
