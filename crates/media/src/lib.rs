//! RTP and sound: packets, codecs, jitter buffer, devices.
