//! Every text of the pages in both languages, in one table: the compiler does not let one be
//! missing. Help about configuration items is not here: it comes from the items' own table.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// English.
    En,
    /// Chinese, simplified.
    Zh,
}

impl Language {
    /// Its code, as it stands in addresses, cookies and documents.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    /// The language of a code.
    pub(crate) fn of(code: &str) -> Option<Self> {
        [Self::En, Self::Zh].into_iter().find(|language| language.code() == code)
    }

    /// The language that the browser prefers (RFC 9110 §12.5.4); English if it knows neither.
    pub(crate) fn preferred(headers: &HeaderMap) -> Self {
        let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let ranges = wanted.unwrap_or_default().split(',').take(32);
        let mut best = (0.0, Self::En);
        for range in ranges {
            let (tag, parameter) = range.split_once(';').unwrap_or((range, ""));
            let quality = match parameter.trim().strip_prefix("q=") {
                Some(quality) => quality.parse::<f32>().unwrap_or(0.0),
                None => 1.0,
            };
            let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
            if let Some(language) = Self::of(&primary).filter(|_| quality > best.0) {
                best = (quality, language);
            }
        }
        best.1
    }

    /// Its texts of the service log.
    pub(crate) fn log(self) -> &'static LogWords {
        match self {
            Self::En => &log::EN,
            Self::Zh => &log::ZH,
        }
    }

    /// Its texts of the tab Audio.
    pub(crate) fn sound(self) -> &'static SoundWords {
        match self {
            Self::En => &sound::EN,
            Self::Zh => &sound::ZH,
        }
    }

    /// Its texts.
    pub(crate) fn words(self) -> &'static Words {
        match self {
            Self::En => &EN,
            Self::Zh => &ZH,
        }
    }
}

/// Declares the texts as fields of one struct, with one value for each language.
macro_rules! words {
    ($($name:ident: $en:literal, $zh:literal;)*) => {
        /// The texts of one language.
        #[derive(Debug)]
        pub(crate) struct Words {
            $(#[doc = $en] pub(crate) $name: &'static str,)*
        }
        pub(super) static EN: Words = Words { $($name: $en,)* };
        pub(super) static ZH: Words = Words { $($name: $zh,)* };
        #[cfg(test)]
        pub(super) static ALL: &[(&str, &str, &str)] = &[$((stringify!($name), $en, $zh),)*];
    };
}

mod log;
mod sound;
mod spoken;
pub(crate) use log::Words as LogWords;
pub(crate) use sound::Words as SoundWords;
pub(crate) use spoken::Spoken;

impl Words {
    /// Their language.
    pub(crate) fn language(&self) -> Language {
        Language::of(self.lang).unwrap_or(Language::En)
    }

    /// What the phone tells, in it.
    pub(crate) fn said(&self, en: &str, zh: &str) -> Spoken {
        Spoken::of(self.language(), en, zh)
    }
}

words! {
    lang: "en", "zh";
    phone: "Phone", "话机";
    skip: "Skip to content", "跳到正文";
    main_tabs: "Main", "主菜单";
    sub_tabs: "Sections", "子菜单";
    line: "Line", "线路";
    status: "Status", "状态";
    calls: "Calls", "通话";
    journal: "Journal", "日志";
    system: "System", "系统";
    sip: "SIP", "SIP";
    global: "Global settings", "全局设置";
    log_in: "Log in", "登录";
    log_out: "Log out", "退出";
    user: "User", "用户";
    password: "Password", "密码";
    password_again: "Password again", "再次输入密码";
    new_password: "New password", "新密码";
    current_password: "Your password", "您的密码";
    password_hint: "8 to 128 characters", "8 至 128 个字符";
    first_visit: "Set the password", "设置密码";
    first_visit_why: "This phone has no password yet. Its log shows a code, which proves that you are its owner.",
        "话机尚未设置密码。请输入话机日志中显示的验证码，以证明您是它的主人。";
    code: "Code from the phone's log", "话机日志中的验证码";
    set_password: "Set password", "设置密码";
    wrong_login: "User or password is wrong.", "用户名或密码错误。";
    wrong_code: "The code is wrong. It stands in the phone's log since its last start.",
        "验证码错误。请查看话机本次启动后的日志。";
    wrong_password: "The password is wrong.", "密码错误。";
    passwords_differ: "The two passwords differ.", "两次输入的密码不一致。";
    password_length: "The password needs 8 to 128 characters.", "密码需要 8 至 128 个字符。";
    locked: "Too many failed tries. Wait this many seconds:", "失败次数过多，请等待（秒）：";
    busy: "Too many log-ins at once. Try again.", "同时登录过多，请重试。";
    refused_name: "The name is taken, or has other characters than letters, digits and . _ -",
        "名称已被使用，或含有字母、数字和 . _ - 以外的字符";
    full: "There is no room for another one.", "数量已达上限。";
    last_admin: "The last administrator cannot be removed.", "不能删除最后一个管理员。";
    unknown_name: "There is none of this name.", "没有此名称。";
    not_kept: "It could not be kept; the phone's log says why.", "无法保存，原因见话机日志。";
    expired_form: "The form was too old. Nothing has changed; send it again.", "表单已过期，未作任何更改，请重新提交。";
    not_sent: "The file did not get through to the phone.", "文件未能送达话机。";
    session_over: "You are not logged in any more. Nothing has changed.", "您的登录已失效，未作任何更改。";
    too_large: "The file or form is larger than the phone accepts. Nothing has changed.",
        "文件或表单超过话机允许的大小，未作任何更改。";
    too_slow: "The file or form did not come in time. Nothing has changed.", "文件或表单未能及时传完，未作任何更改。";
    from_elsewhere: "Another site has sent this. Nothing has changed.", "此请求来自其他网站，未作任何更改。";
    not_allowed: "Only an administrator may do this.", "只有管理员可以执行此操作。";
    no_such_page: "There is no such page.", "没有此页面。";
    went_wrong: "That did not work", "操作未成功";
    back: "Back to the start", "返回首页";
    submit: "Submit", "提交";
    choose_line: "Line", "线路";
    show: "Show", "显示";
    register_settings: "Register settings", "注册设置";
    server_1: "SIP Server 1", "SIP 服务器 1";
    server_2: "SIP Server 2", "SIP 服务器 2";
    proxy: "SIP Proxy", "SIP 代理服务器";
    backup_proxy: "Backup Proxy", "备份代理服务器";
    basic_settings: "Basic settings", "基本设置";
    advanced_settings: "Advanced settings", "高级设置";
    line_state: "Line state", "线路状态";
    not_configured: "not configured", "未配置";
    activate: "Activate (register)", "启用（注册）";
    register_user: "User", "用户名";
    phone_number: "Phone number", "电话号码";
    display_name: "Display name", "显示名称";
    server_address: "Server address", "服务器地址";
    server_port: "Server port", "服务器端口";
    transport: "Transport", "传输协议";
    expiry: "Registration expiry", "注册有效期";
    proxy_address: "Proxy address", "代理服务器地址";
    proxy_port: "Proxy port", "代理服务器端口";
    proxy_user: "Proxy user", "代理用户";
    proxy_password: "Proxy password", "代理密码";
    backup_address: "Backup proxy address", "备份代理地址";
    backup_port: "Backup proxy port", "备份代理端口";
    enable_failback: "Enable Failback", "启用 Failback";
    failback_interval: "Failback Interval", "Failback 间隔";
    signal_failback: "Signal Failback", "Signal Failback";
    signal_retry_counts: "Signal Retry Counts", "信令重传次数";
    default: "Default", "默认值";
    range: "Range", "范围";
    to: "to", "至";
    empty: "empty", "空";
    transmissions: "transmissions", "次";
    seconds: "s", "秒";
    on: "on", "开启";
    off: "off", "关闭";
    meaning: "What these settings mean, at worst", "这些设置意味着什么（最坏情况）";
    bound_incoming: "Incoming calls come again after the silent death of the server", "服务器无声失效后恢复来电";
    bound_invite: "A dialled call goes to the next server", "呼出转到下一个服务器";
    bound_bye: "A hang-up goes to the next server", "挂断转到下一个服务器";
    bound_all_silent: "A dialled call fails if every server is silent", "所有服务器无应答时呼出失败";
    bound_failback: "Back at the primary after its recovery", "主服务器恢复后回切";
    no_bound: "no bound", "无上限";
    nothing_changed: "Nothing has changed: all values were as they are.", "没有更改：各项数值与原来相同。";
    in_force: "In force now:", "已生效：";
    not_accepted: "Not accepted; nothing has changed. These values are wrong:", "未接受，未作任何更改。以下数值有误：";
    wrong_value: "Not accepted. Expected:", "未接受，应为：";
    mind: "Please note", "请注意";
    was: "was", "原为";
    file_kept: "Items kept that this phone does not know:", "保留的未知配置项数量：";
    connection_lost: "No connection to the phone. The page comes back by itself.", "与话机的连接已断开，页面将自动恢复。";
    timeline: "Timeline", "时间线";
    timeline_hint: "Which server each line used, its failovers and failbacks, and its calls, for an hour at most.",
        "各线路使用的服务器、故障切换、回切和通话（最近一小时内）。";
    no_lines: "No line is configured.", "尚未配置线路。";
    configure: "Configure a line", "配置线路";
    server: "Server", "服务器";
    state: "State", "状态";
    cause: "Cause", "原因";
    since: "Since", "开始于";
    hop: "Address", "地址";
    in_use: "in use", "使用中";
    on_primary: "on the primary", "使用主服务器";
    on_backup: "on a backup", "使用备份服务器";
    register: "Register now", "立即注册";
    unregister: "Unregister", "注销";
    expires_in: "renewed within (s)", "续期（秒内）";
    legend_primary: "primary in use", "使用主服务器";
    legend_backup: "backup in use", "使用备份服务器";
    legend_out: "not registered", "未注册";
    legend_failover: "failover", "故障切换";
    legend_failback: "failback", "回切";
    legend_unavailable: "no server served", "无可用服务器";
    legend_call: "call", "通话";
    network: "Network", "网络";
    network_host: "This host", "本机";
    network_names: "Name servers", "DNS 服务器";
    network_search: "Search list", "搜索域";
    network_web: "Web page at", "网页地址";
    network_interfaces: "Interfaces", "网络接口";
    network_interfaces_hint: "Addresses, gateways and name servers are set up by the operating system, by the service that is named. They are shown here and changed there.",
        "地址、网关和 DNS 服务器由操作系统的网络服务（见下表）配置，此处只显示，请在系统中修改。";
    network_addresses: "Addresses", "地址";
    network_gateway: "Gateway", "网关";
    network_manager: "Managed by", "管理服务";
    network_unmanaged: "none that is known", "未知";
    network_up: "connected", "已连接";
    network_no_carrier: "no cable", "未连接";
    network_off: "off", "关闭";
    network_ways: "Ways to the servers", "到服务器的路径";
    network_local: "Own address", "本机地址";
    network_interface: "Interface", "接口";
    network_lines: "Lines", "线路";
    network_no_way: "no way", "不可达";
    network_own: "Settings of the phone", "话机设置";
    network_own_hint: "In force at once; calls go on. Sound and connections that are under way keep their marks.",
        "立即生效，不影响通话。进行中的语音和连接保持原有标记。";
    network_sip_port: "SIP port", "SIP 端口";
    network_rtp_first: "First port for sound (RTP)", "语音 (RTP) 起始端口";
    network_rtp_count: "Ports for sound", "语音端口数量";
    network_mark: "Mark packets (DiffServ)", "标记数据包 (DiffServ)";
    network_mark_sip: "DSCP of SIP", "SIP 的 DSCP";
    network_mark_rtp: "DSCP of sound (RTP)", "语音 (RTP) 的 DSCP";
    no_calls: "No calls.", "没有通话。";
    dial: "Dial", "拨号";
    number: "Number or SIP address", "号码或 SIP 地址";
    from_line: "From line", "使用线路";
    first_line: "first line", "第一条线路";
    call: "Call", "呼叫";
    answer: "Answer", "接听";
    reject: "Reject", "拒接";
    hang_up: "Hang up", "挂断";
    hold: "Hold", "保持";
    resume: "Resume", "恢复";
    mute: "Mute", "静音";
    unmute: "Unmute", "取消静音";
    muted: "muted", "已静音";
    volume: "Volume", "音量";
    volume_ear: "Ear", "听筒";
    volume_microphone: "Microphone", "麦克风";
    volume_ring: "Bell", "铃声";
    softer: "softer", "减小";
    louder: "louder", "增大";
    sound_device: "Sound device:", "声音设备：";
    mixer: "mixer", "混音控件";
    mixer_ear: "Ear: mixer", "听筒：混音控件";
    mixer_microphone: "Microphone: mixer", "麦克风：混音控件";
    mixer_ring: "Bell: mixer", "铃声：混音控件";
    log: "Call log", "通话记录";
    log_empty: "No calls yet.", "暂无通话记录。";
    log_missed: "missed", "未接";
    log_received: "received", "已接";
    log_refused: "refused", "已拒接";
    log_dialled: "dialled", "已拨";
    log_elsewhere: "answered elsewhere", "已在别处接听";
    log_cut_off: "(the phone stopped)", "（话机停止）";
    log_clear: "Clear the log", "清空记录";
    redial: "Redial", "重拨";
    with: "With", "对方";
    contacts: "Phone book", "电话簿";
    contacts_none: "No entries.", "没有联系人。";
    contacts_more: "More entries fit; look for a longer part of the name. Not shown:", "还有更多符合的联系人，请输入更多文字。未显示：";
    contact_new: "New entry", "新建联系人";
    contact_add: "Add entry", "添加联系人";
    contacts_file: "As a file", "文件";
    contacts_import: "Import a file", "导入文件";
    contacts_import_hint: "CSV with a header (name, number, number2, number3, number4, line) or vCards. Entries of the same name are replaced.",
        "带表头的 CSV（name, number, number2, number3, number4, line）或 vCard。同名联系人将被替换。";
    contacts_added: "Added:", "新增：";
    contacts_replaced: "replaced:", "替换：";
    numbers: "Numbers", "号码";
    numbers_hint: "Up to four, with commas between; the preferred one first.", "最多四个，用逗号分隔，首选号码在前。";
    find: "Find", "查找";
    change: "Change", "修改";
    save: "Save", "保存";
    keypad: "Keypad", "拨号盘";
    delete: "Delete", "删除";
    dtmf: "Send keys", "发送按键";
    transfer: "Transfer", "转接";
    transfer_to: "Transfer to", "转接至";
    incoming: "incoming", "来电";
    outgoing: "outgoing", "去电";
    codec: "Codec", "编码";
    duration: "Duration (s)", "时长（秒）";
    ended_by: "ended by", "结束方";
    by_local: "this phone", "本机";
    by_remote: "the other party", "对方";
    by_failure: "a failure", "故障";
    state_unregistered: "not registered", "未注册";
    state_registering: "registering", "正在注册";
    state_registered: "registered", "已注册";
    state_failed: "failed", "注册失败";
    state_disabled: "registration off", "未启用注册";
    hop_unknown: "not tried yet", "尚未尝试";
    hop_available: "available", "可用";
    hop_suspect: "suspect", "可疑";
    hop_unavailable: "unavailable", "不可用";
    hop_held_off: "asked for a pause", "要求暂停";
    call_dialing: "dialling", "正在呼叫";
    call_ringing: "ringing", "振铃";
    call_active: "active", "通话中";
    call_held: "on hold", "已保持";
    call_remote_held: "held by the other party", "被对方保持";
    call_ended: "ended", "已结束";
    drill: "Drill", "演练";
    drill_why: "The phone treats a server as dead for a while, with no change to the network, and measures how long the line is out.",
        "话机在一段时间内把某个服务器当作失效（网络不变），并测量线路中断的时间。";
    drill_hop: "Server that counts as dead", "视为失效的服务器";
    drill_primary: "the primary", "主服务器";
    drill_current: "the one in use", "当前使用的服务器";
    drill_seconds: "For how many seconds", "持续时间（秒）";
    drill_start: "Start the drill", "开始演练";
    drill_stop: "Stop it", "停止演练";
    drill_latest: "Latest drill", "最近一次演练";
    drill_none: "There was no drill since the phone has started.", "话机启动后还没有进行过演练。";
    drill_running: "running", "进行中";
    drill_recovered: "running, registered elsewhere", "进行中，已在其他服务器注册";
    drill_ended: "ended", "已结束";
    drill_outage: "Measured outage (ms)", "测得的中断时间（毫秒）";
    drill_to: "Registered at", "注册到";
    drill_moved: "Requests of calls that moved", "转移的通话请求";
    mos: "Mean opinion (estimate, 1 to 4.5)", "MOS 估计值（1 至 4.5）";
    loss: "Lost or too late", "丢失或迟到";
    jitter: "Jitter", "抖动";
    round_trip: "Round trip", "往返时间";
    far_loss: "Lost at the other side", "对方丢失";
    quality_recent: "Quality of the last five minutes, five seconds a bar", "最近五分钟的通话质量，每条五秒";
    trace: "Trace", "跟踪";
    trace_hint: "The latest SIP messages between this phone and its servers, the newest at the bottom. Open one to read it; credentials and keys are masked.",
        "本机与服务器之间最近的 SIP 消息，最新的在最下方。点击可查看内容；凭据和密钥已隐藏。";
    trace_none: "No message has been recorded yet, or none that fits.", "尚无记录的消息，或没有符合条件的消息。";
    trace_off: "Nothing is recorded: the phone was started with --trace 0.", "未记录消息：话机以 --trace 0 启动。";
    trace_all_lines: "all lines", "所有线路";
    trace_all_calls: "all", "全部";
    trace_call: "Call or registration", "通话或注册";
    trace_only: "Only this call or registration", "仅此通话或注册";
    trace_other: "other address", "其他地址";
    trace_forgotten: "Older messages that have given way:", "已被覆盖的较早消息：";
    trace_message: "SIP message", "SIP 消息";
    trace_sent: "sent", "发出";
    trace_received: "received", "收到";
    close: "Close", "关闭";
    capture: "Capture file", "抓包文件";
    capture_hint: "All recorded messages of this choice, for Wireshark (pcapng). What went over TCP or TLS is in it as text.",
        "所选范围内的全部消息，可用 Wireshark 打开（pcapng）。经 TCP 或 TLS 传输的内容以明文形式包含在内。";
    capture_secrets: "With credentials and keys as they were sent", "包含原始凭据和密钥";
    capture_password: "Needed only for that.", "仅在此时需要。";
    drill_not_served: "The line was not registered there, so there was no outage.", "线路当时未在该服务器注册，因此没有中断。";
    time: "Time", "时间";
    event: "Event", "事件";
    what: "What", "内容";
    event_failover: "Failover", "故障切换";
    event_failback: "Failback", "回切";
    event_unavailable: "No server served", "无可用服务器";
    event_bare: "No backup is left", "没有可用的备份";
    event_redundant: "A backup is there again", "备份已恢复";
    event_other: "Other", "其他";
    method: "Request", "请求";
    from_to: "From → to", "从 → 到";
    took: "Took (ms)", "耗时（毫秒）";
    attempts: "Sent", "发送次数";
    journal_empty: "Nothing has happened yet: no failover, no failback.", "暂无记录：没有故障切换或回切。";
    version: "Version", "版本";
    uptime: "Running for (s)", "已运行（秒）";
    about: "This phone", "本机";
    users: "Users", "用户";
    role: "Role", "角色";
    role_admin: "administrator", "管理员";
    role_user: "user", "普通用户";
    role_hint: "A user sees the state and telephones; an administrator may change everything.",
        "普通用户可查看状态和通话；管理员可更改一切。";
    add_user: "Add user", "添加用户";
    remove: "Remove", "删除";
    name: "Name", "名称";
    change_password: "Change password", "修改密码";
    password_changed: "The password is changed; other sessions of this user have ended.", "密码已修改，该用户的其他会话已结束。";
    user_added: "The user is added.", "用户已添加。";
    user_removed: "The user is removed.", "用户已删除。";
    tokens: "Access tokens", "访问令牌";
    tokens_hint: "For programs that use the API or read the metrics.", "供使用 API 或读取指标的程序使用。";
    add_token: "Make a token", "创建令牌";
    token_made: "Copy it now, it is never shown again:", "请立即复制，以后不再显示：";
    token_removed: "The token is removed.", "令牌已删除。";
    no_tokens: "There are no tokens.", "没有令牌。";
    backup: "Configuration file", "配置文件";
    backup_hint: "The configuration and the phone book in one file. Passwords of lines are left out unless you ask for them with your own password. Not in it: call log, journal, users and password of this page, its certificate.",
        "一个文件，包含配置和电话簿。默认不含线路密码；如需包含，请输入您自己的密码。不包含：通话记录、日志、本页面的用户和密码及其证书。";
    file_contacts: "Entries of the phone book that change:", "电话簿中变动的条目：";
    format: "Form", "格式";
    format_text: "Fanvil text", "Fanvil 文本";
    with_secrets: "With the passwords of lines", "包含线路密码";
    download: "Download", "下载";
    restore: "Restore", "恢复";
    restore_hint: "A file in the Fanvil text or XML form. The configuration becomes what the file says: lines that it does not have are removed. The phone book becomes the file's, where it has one. A file with any wrong value changes nothing, and neither does one that lacks a line on which a call is up: end the call first.",
        "Fanvil 文本或 XML 格式的文件。配置将与文件一致：文件中没有的线路会被删除。文件含电话簿时，电话簿也与文件一致。文件中有任何错误数值则不作更改；如文件缺少正在通话的线路，也不作更改：请先结束通话。";
    restore_look: "Show what would change", "查看将要更改的内容";
    restore_add: "Only add what the file names", "仅添加文件中的配置项";
    would_change: "Nothing has changed yet. This would change:", "尚未更改。将要更改的内容：";
    file_dropped: "Unknown items that are gone:", "已移除的未知配置项数量：";
    revert: "Take the restore back", "撤销恢复";
    reverted: "The configuration is as it was before the restore.", "配置已回到恢复之前的状态。";
    choose_file: "File", "文件";
    provision: "Provisioning", "自动配置";
    provision_hint: "The configuration can be fetched from a server. Address, protocol and interval are among the global settings; without an address the network is asked (DHCP, SIP PnP).",
        "可从服务器获取配置。地址、协议和间隔在全局设置中；未设地址时向网络查询（DHCP、SIP PnP）。";
    provision_place: "Fetched from", "获取地址";
    provision_nowhere: "no address is set or found", "未设置也未找到地址";
    provision_last: "Last fetched", "上次获取";
    provision_result: "Result", "结果";
    provision_next: "Next", "下次";
    provision_proving: "What was fetched has yet to register a line; until then it may be taken back.",
        "获取的配置尚未使线路注册；在此之前可能被撤回。";
    provision_now: "Fetch now", "立即获取";
    provision_done: "The configuration was fetched.", "已获取配置。";
    failed: "failed", "失败";
    restart: "Restart", "重启";
    restart_hint: "The phone starts again within seconds. Settings stay.", "话机将在数秒内重新启动，设置保持不变。";
    restart_calls: "Calls that are up now:", "当前通话数：";
    restart_end_calls: "End these calls", "结束这些通话";
    restarting: "The phone starts again", "话机正在重启";
    restarting_hint: "This page goes on by itself as soon as the phone is back.", "话机恢复后，本页面将自动继续。";
    reset: "Factory reset", "恢复出厂设置";
    reset_hint: "The phone forgets everything: settings, passwords, users, certificate, call log, phone book and journal. Download the configuration first if you want it back.",
        "话机将清除一切：设置、密码、用户、证书、通话记录、电话簿和日志。如需保留，请先下载配置文件。";
    reset_sure: "Yes, forget everything", "是的，清除一切";
    reset_not_sure: "Nothing was done: the box that confirms it was not ticked.", "未执行任何操作：没有勾选确认框。";
    audit: "Latest changes and log-ins", "最近的更改和登录";
    command_line: "command line", "命令行";
    who: "Who", "操作者";
    address: "Address", "地址";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preferred(header: &'static str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, header.parse().unwrap());
        Language::preferred(&headers)
    }

    #[test]
    fn the_browsers_first_known_language_is_taken() {
        assert_eq!(preferred("zh-CN,zh;q=0.9,en;q=0.8"), Language::Zh);
        assert_eq!(preferred("de, en;q=0.3, zh;q=0.7"), Language::Zh);
        assert_eq!(preferred("en-US,zh;q=0.9"), Language::En);
        assert_eq!(preferred("fr"), Language::En);
        assert_eq!(preferred(";q=,,zh;q=x"), Language::En);
        assert_eq!(Language::preferred(&HeaderMap::new()), Language::En);
    }

    #[test]
    fn every_text_is_there_in_both_languages() {
        let chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        // What the document itself leaves in English.
        let names = ["sip", "signal_failback", "lang"];
        for (name, en, zh) in ALL.iter().chain(sound::ALL).chain(log::ALL) {
            assert!(!en.is_empty() && en.is_ascii() || *name == "from_to", "{name}: {en}");
            assert!(chinese(zh) || names.contains(name), "{name}: {zh}");
        }
    }
}
