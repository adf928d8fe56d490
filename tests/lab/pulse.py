"""A sound card without hardware: a private PulseAudio with two null sinks, reached through ALSA's `pulse` plugin.

The plugin is paced like a card (ALSA's own `null` and `file` are not), so that the phone's real audio path is tested.
"""

import os

from .proc import Proc, run
from .wait import until

_FORMAT = "format=s16le rate=48000 channels=1"


class SoundCard:
    """`environment` makes the PCM named `phone` available; what is played into its microphone and heard at its speaker
    are files of this laboratory."""

    def __init__(self, folder):
        self.folder = os.path.join(str(folder), "sound")
        os.makedirs(self.folder)
        self.socket = os.path.join(self.folder, "pulse.sock")
        with open(os.path.join(self.folder, ".asoundrc"), "w") as f:
            f.write(f'pcm.speaker {{ type pulse device speaker server "unix:{self.socket}" }}\n'
                    f'pcm.mic {{ type pulse device "mic.monitor" server "unix:{self.socket}" }}\n'
                    'pcm.phone { type asym playback.pcm speaker capture.pcm mic }\n')
        self.environment = {**os.environ, "HOME": self.folder, "XDG_RUNTIME_DIR": self.folder}
        self._pulse = {**self.environment, "PULSE_SERVER": f"unix:{self.socket}"}
        self.server = Proc("pulseaudio", [
            "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes",
            "--realtime=no", "--high-priority=no",
            "-L", f"module-native-protocol-unix socket={self.socket} auth-anonymous=1",
            "-L", f"module-null-sink sink_name=speaker {_FORMAT}",
            "-L", f"module-null-sink sink_name=mic {_FORMAT}"], os.path.join(self.folder, "pulse.log"), env=self._pulse)
        until(lambda: os.path.exists(self.socket), lambda: f"PulseAudio listens: {self.server.output()}")
        self.recording = os.path.join(self.folder, "speaker.wav")
        self._helpers = [Proc("parec", ["parec", "-d", "speaker.monitor", "--file-format=wav", "--rate=8000",
                                        "--channels=1", "--format=s16le", self.recording],
                              os.path.join(self.folder, "parec.log"), env=self._pulse)]
        until(lambda: os.path.exists(self.recording) and os.path.getsize(self.recording) > 1000, "the speaker is recorded")

    def say(self, path):
        """Plays a file into the microphone; returns once it is played."""
        before = self._playing()
        self._helpers.append(Proc("paplay", ["paplay", "--device=mic", path],
                                  os.path.join(self.folder, "paplay.log"), env=self._pulse))

        until(lambda: self._playing() > before, "the microphone is spoken into", 15, 0.1)

    def _playing(self):
        """How many play something just now."""
        return len(run(["pactl", "--server", f"unix:{self.socket}", "list", "short", "sink-inputs"]).stdout.splitlines())

    def close(self):
        """Ends the server and its helpers."""
        for helper in self._helpers:
            helper.stop(timeout=1)
        self.server.stop(timeout=1)
