SUMMARY = "Update of a phone's system"
DESCRIPTION = "A RAUC bundle with the system of phone-image, for the slot that is not running. Set RAUC_KEY_FILE and \
RAUC_CERT_FILE in local.conf; the layer has no key of its own."
HOMEPAGE = "https://phoned.example"
LICENSE = "MIT"

inherit bundle phoned_source

RAUC_BUNDLE_COMPATIBLE = "phone-${MACHINE}"
RAUC_BUNDLE_FORMAT = "verity"
RAUC_BUNDLE_SLOTS = "rootfs"
RAUC_SLOT_rootfs = "phone-image"
RAUC_SLOT_rootfs[fstype] = "ext4"
