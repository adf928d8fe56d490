//! The texts of the tab Audio.

words! {
    audio: "Audio", "音频";
    devices: "Sound devices", "声音设备";
    as_started: "as the phone was started:", "启动时指定的设备：";
    as_the_ear: "where calls are heard", "与通话设备相同";
    not_there: "not there now", "当前不存在";
    missing: "This machine does not have this device now. It is kept, and used as soon as it is there:",
        "本机当前没有此设备。设置保留，设备出现后立即使用：";
    no_list: "The devices cannot be listed:", "无法列出设备：";
    calls_keep: "A call that is up keeps its devices and codec; the next one has the new ones.",
        "当前通话的设备和编解码不变，下一次通话起生效。";
    codecs: "Codecs and keys of a line", "线路的编解码与按键";
    codec: "Codec, by preference:", "编解码优先级：";
    codec_none: "none", "无";
    codec_hint: "The first one that both sides have is used.", "使用双方都支持的第一个编解码。";
    dtmf: "How key presses are sent", "按键发送方式";
    test: "Test", "测试";
    test_hint: "Each takes a few seconds and ends by itself. During a call nothing is tested. Submit other devices before you test them.",
        "每项测试持续数秒后自动结束。通话期间不能测试。更换设备后请先提交再测试。";
    test_ear: "Play a tone at the ear", "在听筒播放测试音";
    test_ring: "Ring", "响铃";
    test_microphone: "Speak for 3 s and hear yourself", "说话 3 秒并回放";
    speak_now: "Speak now: 3 s are recorded, then played at the ear.", "请说话：录音 3 秒后在听筒回放。";
    playing: "You should hear it now.", "现在应能听到声音。";
    rang: "It rang for 2 s. If you heard nothing, choose another device for the bell.",
        "已响铃 2 秒。如未听到，请选择其他响铃设备。";
    played: "A tone was played for 2 s. If you heard nothing, choose another device for the ear.",
        "已播放测试音 2 秒。如未听到，请选择其他听筒设备。";
    silent: "The microphone gave nothing at all. Choose another device, or look whether it is switched off.",
        "麦克风完全没有声音。请选择其他设备，或检查是否已关闭。";
    quiet: "The microphone is so soft that the other party hardly understands. Speak closer, or make it louder.",
        "麦克风声音过小，对方难以听清。请靠近麦克风或调高音量。";
    good: "The microphone is as it ought to be.", "麦克风正常。";
    distorted: "The microphone is so loud that it is distorted. Make it softer.", "麦克风声音过大而失真，请调低音量。";
    level: "Level:", "电平：";
    peak: "peak:", "峰值：";
}
