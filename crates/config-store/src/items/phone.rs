//! Items that the phone has once, whatever its lines. What concerns a single line is in
//! `account.rs` and `failover.rs`.

use super::{Kind, items};

items! {
    PHONE: "Items that the phone has once.";

    SIP_PORT = Phone "SIP  Port", Kind::Number { min: 1, max: 65535, unit: "" }, "5060",
        "The port on which the phone itself speaks SIP.",
        "话机本身收发 SIP 的端口。";
    TLS_CA_FILE = Phone "TLS CA File", Kind::Text, "",
        "The file on the phone with the certificates (PEM) of those who may vouch for a TLS server; if empty, those that the system trusts.",
        "话机上的 CA 证书文件 (PEM)，用于验证 TLS 服务器；为空则使用系统信任的 CA。";
    TLS_CERTIFICATE_FILE = Phone "TLS Certificate File", Kind::Text, "",
        "The file on the phone with its own certificate chain (PEM), shown to TLS servers that ask for one; with it the phone also takes TLS connections, at the port after the SIP port.",
        "话机自身的证书链文件 (PEM)，在 TLS 服务器要求时出示；设置后话机还在 SIP 端口加一的端口上接受 TLS 连接。";
    TLS_KEY_FILE = Phone "TLS Key File", Kind::Text, "",
        "The file on the phone with the private key (PEM) of its own certificate.",
        "话机自身证书的私钥文件 (PEM)。";
    RTP_INITIAL_PORT = Phone "RTP Initial Port", Kind::Number { min: 1024, max: 65534, unit: "" },
        "10000",
        "The first port for sound.",
        "语音 (RTP) 的起始端口。";
    RTP_PORT_QUANTITY = Phone "RTP Port Quantity", Kind::Number { min: 2, max: 64512, unit: "" },
        "1000",
        "How many ports from the first one on may be used for sound, two for every call.",
        "从起始端口起可用于语音的端口数量，每路通话占用两个。";
    PLAYBACK_DEVICE = Phone "Playback Device", Kind::Pcm, "",
        "The sound device of the ear, as aplay -D names it; if empty, the one that --audio names; a call that is up keeps its own.",
        "听筒的声音设备，名称同 aplay -D；为空则使用 --audio 指定的设备；当前通话不受影响。";
    CAPTURE_DEVICE = Phone "Capture Device", Kind::Pcm, "",
        "The sound device of the microphone, as arecord -D names it; if empty, the one that --audio names; a call that is up keeps its own.",
        "麦克风的声音设备，名称同 arecord -D；为空则使用 --audio 指定的设备；当前通话不受影响。";
    PLAYBACK_MIXER = Phone "Playback Mixer", Kind::Mixer, "",
        "The element of a sound card's mixer that sets the ear's volume, as CARD/ELEMENT with the names of amixer -c CARD; at step 9 it is as loud as it can be; if empty, the phone makes the sound itself louder or softer.",
        "调节听筒音量的声卡混音控件，写作 CARD/ELEMENT，名称同 `amixer -c CARD`；9 级为其最大音量；为空则由话机软件调节。";
    CAPTURE_MIXER = Phone "Capture Mixer", Kind::Mixer, "",
        "The same for the microphone.",
        "调节麦克风音量的声卡混音控件，同上。";
    EAR_VOLUME = Phone "P1 General Spk Vol" alias "P1 Output Vol",
        Kind::Number { min: 1, max: 9, unit: "" }, "5",
        "How loud the other party is heard, in steps of 3 dB; 5 is as it comes.",
        "听筒音量，每级 3 dB；5 为原始音量。";
    MICROPHONE_VOLUME = Phone "P1 General Mic Vol" alias "P1 Input Vol",
        Kind::Number { min: 1, max: 9, unit: "" }, "3",
        "How loud the microphone is sent, in steps of 3 dB; 3 is as it comes.",
        "麦克风音量，每级 3 dB；3 为原始音量。";
    RING_VOLUME = Phone "P1 RingTone Vol", Kind::Number { min: 0, max: 9, unit: "" }, "8",
        "How loud the bell is, in steps of 3 dB; 0 is silent.",
        "铃声音量，每级 3 dB；0 为静音。";
    DO_NOT_DISTURB = Phone "P1 DND" alias "P1 No Disturb", Kind::Flag, "0",
        "Whether no call rings: callers hear that nobody is available (480).",
        "免打扰：来电不振铃，主叫得知暂时无法接通 (480)。";
    CALL_WAITING = Phone "P1 CallWaiting" alias "P1 Call Waiting", Kind::Flag, "1",
        "Whether a call that comes during another one waits with a tone; without, its caller hears that the phone is busy.",
        "通话中的来电是否以提示音等待；关闭则主叫听到忙音。";
}
