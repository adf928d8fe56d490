"""Sound for tests: tones and speech to say, and what was really heard.

A tone's frequency in a recording proves that audio passed and was decoded rightly; counting packets would not.
"""

import array
import bisect
import math
import wave

from .proc import run

RATE = 8000


def tone(path, hz, seconds=4.0, level=0.4):
    """Writes a sine of `hz` as 8 kHz 16-bit mono."""
    count = int(RATE * seconds)
    samples = array.array("h", (int(32767 * level * math.sin(2 * math.pi * hz * i / RATE)) for i in range(count)))
    return write(path, samples.tobytes())


def speech(path, text, voice="en"):
    """Writes spoken text as 8 kHz 16-bit mono (espeak-ng, resampled by sox)."""
    raw = f"{path}.raw.wav"
    run(["espeak-ng", "-v", voice, "-w", raw, text])
    run(["sox", raw, "-r", RATE, "-c", 1, "-b", 16, str(path)])
    return str(path)


def write(path, pcm):
    """Writes 16-bit samples as an 8 kHz mono file."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(pcm)
    return str(path)


def read(path):
    """The samples of a file (first channel) and its rate. A header left unfinished by a recorder that still runs is no error."""
    with open(str(path), "rb") as f:
        data = f.read()
    if data[:4] != b"RIFF" or len(data) < 44:
        return array.array("h"), RATE
    at, channels, rate, bits, body = 12, 1, RATE, 16, b""
    while at + 8 <= len(data):
        name, size = data[at:at + 4], int.from_bytes(data[at + 4:at + 8], "little")
        if name == b"fmt ":
            channels = int.from_bytes(data[at + 10:at + 12], "little")
            rate = int.from_bytes(data[at + 12:at + 16], "little")
            bits = int.from_bytes(data[at + 22:at + 24], "little")
        if name == b"data":
            body = data[at + 8:] if size in (0, 0xFFFFFFFF) or at + 8 + size > len(data) else data[at + 8:at + 8 + size]
            break
        at += 8 + size + (size & 1)
    if bits != 16:
        raise ValueError(f"{path}: {bits} bits a sample")
    samples = array.array("h", body[: len(body) // 2 * 2])
    return samples[::channels], rate


def _expand_alaw(octet):
    """One A-law octet as a 16-bit sample (ITU-T G.711, table 1)."""
    octet ^= 0x55
    exponent, mantissa = octet >> 4 & 7, octet & 15
    size = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return size if octet & 0x80 else -size


def _expand_ulaw(octet):
    """One µ-law octet as a 16-bit sample (ITU-T G.711, table 2)."""
    octet ^= 0xFF
    size = (((octet & 15) << 3) + 0x84 << (octet >> 4 & 7)) - 0x84
    return -size if octet & 0x80 else size


_ALAW = [_expand_alaw(i) for i in range(256)]
_ULAW = [_expand_ulaw(i) for i in range(256)]
_ALAW_LEVELS = sorted((level, octet) for octet, level in enumerate(_ALAW))


def alaw(samples):
    """16-bit samples as G.711 A-law octets: for each the nearest level."""
    levels = [level for level, _ in _ALAW_LEVELS]
    out = bytearray()
    for sample in samples:
        at = bisect.bisect(levels, sample)
        near = min(_ALAW_LEVELS[max(at - 1, 0):at + 1], key=lambda pair: abs(pair[0] - sample))
        out.append(near[1])
    return bytes(out)


def decode(payload_type, octets):
    """G.711 octets as samples: payload type 0 is µ-law, 8 A-law."""
    table = _ULAW if payload_type == 0 else _ALAW
    return array.array("h", (table[octet] for octet in octets))


def power_at(samples, hz, rate=RATE):
    """Goertzel: the share (0 to 1) of the energy of `samples` that is at `hz`."""
    total = sum(s * s for s in samples)
    if not total:
        return 0.0
    w = 2 * math.pi * hz / rate
    c, s1, s2 = 2 * math.cos(w), 0.0, 0.0
    for s in samples:
        s1, s2 = s + c * s1 - s2, s1
    magnitude = s1 * s1 + s2 * s2 - c * s1 * s2
    return 2 * magnitude / (len(samples) * total)


def heard(samples, hz, rate=RATE, window=0.1, share=0.8):
    """Seconds of `samples` in which a tone of `hz` makes up at least `share` of the energy and is not mere noise."""
    size = int(rate * window)
    good = 0
    for start in range(0, len(samples) - size + 1, size):
        part = samples[start:start + size]
        if sum(s * s for s in part) / size > 300 ** 2 and power_at(part, hz, rate) >= share:
            good += 1
    return good * window


def loud(samples, rate=RATE, window=0.1, rms=300):
    """Seconds of `samples` that are louder than `rms`: for speech, which has no one frequency."""
    size = int(rate * window)
    return window * sum(
        1 for start in range(0, len(samples) - size + 1, size)
        if sum(s * s for s in samples[start:start + size]) / size > rms ** 2
    )
