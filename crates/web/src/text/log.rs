//! The texts of the service log.

words! {
    title: "Service log", "服务日志";
    hint: "The latest lines of this run: at most 500, and 64 KiB. Passwords and keys are masked. The log is in English.",
        "本次运行的最新日志：最多 500 行、64 KiB。密码和密钥已隐藏。日志内容为英文。";
    open: "Show the log", "查看日志";
    level: "Level", "级别";
    at_least: "Show", "显示";
    all: "everything", "全部";
    errors: "errors", "错误";
    warnings: "errors and warnings", "错误和警告";
    infos: "also information", "错误、警告和信息";
    debugs: "also details", "错误、警告、信息和细节";
    refresh: "Refresh", "刷新";
    part: "Part", "模块";
    text: "Text", "内容";
    none: "There are no such lines.", "没有这样的日志。";
    forgotten: "Older lines that are not kept any more:", "已不再保留的较早日志行数：";
    error: "error", "错误";
    warning: "warning", "警告";
    info: "information", "信息";
    debug: "detail", "细节";
    trace: "packet", "报文";
}
