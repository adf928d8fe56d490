//! Items of the phone on its hardware: hook, keys, lamps and bell (F7). How they are wired stands in
//! `docs/handset.md`.

use super::{Kind, items};

items! {
    HANDSET: "Items of the phone on hook, keys, lamps and bell.";

    HANDSET_INPUTS = Phone "Handset Inputs", Kind::Text, "",
        "The input devices with hook and keys, separated by commas: each by its path below /dev/input or by its name.",
        "带叉簧和按键的输入设备，以逗号分隔：/dev/input 下的路径或设备名。";
    HANDSET_KEYS = Phone "Handset Keys", Kind::Keys, "",
        "What keys and switches mean where it is not the usual, by the kernel's names for them, such as KEY_F1=hook,KEY_F2=hold.",
        "与默认含义不同的按键和开关，用内核的名称，例如 KEY_F1=hook,KEY_F2=hold。";
    HOOK_GPIO = Phone "Hook GPIO", Kind::Pin, "",
        "The GPIO of the hook switch and its level while the handset is lifted.",
        "叉簧开关的 GPIO 及摘机时的电平。";
    LINE_LAMP_GPIO = Phone "Line Lamp GPIO", Kind::Pin, "",
        "The GPIO of the lamp that shows how the lines stand and its level while it is lit.",
        "线路指示灯的 GPIO 及点亮时的电平。";
    CALL_LAMP_GPIO = Phone "Call Lamp GPIO", Kind::Pin, "",
        "The GPIO of the lamp that shows calls and its level while it is lit.",
        "通话指示灯的 GPIO 及点亮时的电平。";
    RING_DEVICE = Phone "Ring Device", Kind::Pcm, "",
        "The sound device that rings, as aplay -D names it; if empty or out of use, the one of calls.",
        "振铃所用的声音设备，名称同 aplay -D；为空或不可用时使用通话设备。";
    RING_MIXER = Phone "Ring Mixer", Kind::Mixer, "",
        "The element of a sound card's mixer that sets the bell's volume, as CARD/ELEMENT; if empty, that of the ear where it rings at the ear, otherwise none.",
        "调节铃声音量的声卡混音控件，写作 CARD/ELEMENT；为空时，若由听筒振铃则使用听筒的控件，否则不使用。";
}
