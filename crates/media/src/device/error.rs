//! Why a device cannot be used: the English words are the errors' own, the Chinese ones are beside
//! them in one exhaustive match. What the system says of it stays as it is, in quotation marks.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

/// Why a device cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeviceError {
    /// libasound said no.
    #[error("alsa {way} '{pcm}': cannot {doing}: {reason}")]
    Alsa {
        /// Which direction.
        way: Way,
        /// The PCM's name.
        pcm: String,
        /// What was tried.
        doing: Doing,
        /// In libasound's words.
        reason: String,
    },
    /// It is open and nothing moves.
    #[error("alsa {way} '{pcm}': no sound moved for {seconds} s")]
    Stalled {
        /// Which direction.
        way: Way,
        /// The PCM's name.
        pcm: String,
        /// For how long.
        seconds: u64,
    },
    /// A file that cannot be read or written as WAV.
    #[error("audio file '{}': {reason}", path.display())]
    Wav {
        /// Which.
        path: PathBuf,
        /// In the system's words, or ours.
        reason: String,
    },
    /// The system gives no thread.
    #[error("cannot start the {name} thread: {reason}")]
    Thread {
        /// Which.
        name: &'static str,
        /// In the system's words.
        reason: String,
    },
}

/// A direction of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the microphone.
    Capture,
    /// To the ear.
    Playback,
}

/// What was tried with a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// To open it.
    Open,
    /// To choose rate and format.
    SetUp,
    /// To start it.
    Start,
    /// To read.
    Read,
    /// To write.
    Write,
}

impl DeviceError {
    /// The same as its `Display` form, in Chinese.
    #[must_use]
    pub fn chinese(&self) -> String {
        match self {
            Self::Alsa { way, pcm, doing, reason } => {
                format!("ALSA {} `{pcm}`：无法{}：「{reason}」", way.chinese(), doing.chinese())
            }
            Self::Stalled { way, pcm, seconds } => {
                format!("ALSA {} `{pcm}`：{seconds} 秒内没有声音数据", way.chinese())
            }
            Self::Wav { path, reason } => format!("音频文件 `{}`：「{reason}」", path.display()),
            Self::Thread { name, reason } => format!("无法启动线程 `{name}`：「{reason}」"),
        }
    }
}

impl Way {
    const fn chinese(self) -> &'static str {
        match self {
            Self::Capture => "录音设备",
            Self::Playback => "播放设备",
        }
    }
}

impl Doing {
    const fn chinese(self) -> &'static str {
        match self {
            Self::Open => "打开",
            Self::SetUp => "设置",
            Self::Start => "启动",
            Self::Read => "读取",
            Self::Write => "写入",
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Capture => "capture",
            Self::Playback => "playback",
        })
    }
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::SetUp => "set up",
            Self::Start => "start",
            Self::Read => "read",
            Self::Write => "write",
        })
    }
}
