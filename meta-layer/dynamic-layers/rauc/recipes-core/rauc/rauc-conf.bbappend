# The slots of files/wic/phone-raspberrypi.wks, for the machine that files/ has a folder of. Only where the distribution is a
# phone's (conf/distro/include/phone.inc): who has the layer for something else sees no change.
FILESEXTRAPATHS:prepend:phone := "${THISDIR}/files:"
