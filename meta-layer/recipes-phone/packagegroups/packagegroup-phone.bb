SUMMARY = "Everything of a phone"
DESCRIPTION = "The daemon and its command line, the device's settings, its state over a read-only root, and the tools \
to look at its sound."
HOMEPAGE = "https://phoned.example"

PACKAGE_ARCH = "${MACHINE_ARCH}"

inherit packagegroup phoned_source features_check

REQUIRED_DISTRO_FEATURES = "systemd"

RDEPENDS:${PN} = " \
    alsa-utils-alsactl \
    alsa-utils-amixer \
    alsa-utils-aplay \
    phone-device \
    phone-state \
    phoned \
"
