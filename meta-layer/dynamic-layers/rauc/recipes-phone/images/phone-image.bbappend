# What updates A/B need beside the phone, on the machine whose slots system.conf knows: RAUC, what marks a start as a good
# one, and the system as the image that fits a slot.
IMAGE_INSTALL:append:raspberrypi4-64 = " rauc rauc-mark-good"
IMAGE_FSTYPES:append:raspberrypi4-64 = " ext4"

# The boot script of meta-raspberrypi for two systems loads the kernel from the slot that it starts; by these programs RAUC
# changes U-Boot's variables.
IMAGE_INSTALL:append:raspberrypi4-64 = " kernel-image libubootenv-bin"
