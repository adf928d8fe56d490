# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_phonectl_global_optspecs
    string join \n control= json h/help V/version
end

function __fish_phonectl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_phonectl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_phonectl_using_subcommand
    set -l cmd (__fish_phonectl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c phonectl -n "__fish_phonectl_needs_command" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_needs_command" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phonectl -n "__fish_phonectl_needs_command" -s V -l version -d 'Print version'
complete -c phonectl -n "__fish_phonectl_needs_command" -f -a "account" -d 'Lines and their registration'
complete -c phonectl -n "__fish_phonectl_needs_command" -f -a "call" -d 'Calls: dial, answer, hang up, hold, transfer …'
complete -c phonectl -n "__fish_phonectl_needs_command" -f -a "audio" -d 'Sound: devices, how loud they are, and trying them'
complete -c phonectl -n "__fish_phonectl_needs_command" -f -a "contact" -d 'The phone book'
complete -c phonectl -n "__fish_phonectl_needs_command" -f -a "config" -d 'The configuration: items and files'
complete -c phonectl -n "__fish_phonectl_needs_command" -f -a "journal" -d 'What has happened: failovers, failbacks, outages, drills'
complete -c phonectl -n "__fish_phonectl_needs_command" -f -a "drill" -d 'Play a failure: the phone treats a server as dead, and measures the outage'
complete -c phonectl -n "__fish_phonectl_needs_command" -f -a "network" -d 'The network: interfaces, name servers, the way to each server'
complete -c phonectl -n "__fish_phonectl_needs_command" -f -a "provision" -d 'The configuration that the phone fetches from a server'
complete -c phonectl -n "__fish_phonectl_needs_command" -f -a "timing" -d 'How long servers take to answer, and how long registrations take'
complete -c phonectl -n "__fish_phonectl_needs_command" -f -a "trace" -d 'The SIP messages that the phone has sent and received lately'
complete -c phonectl -n "__fish_phonectl_needs_command" -f -a "system" -d 'The whole phone: start it again, factory reset'
complete -c phonectl -n "__fish_phonectl_needs_command" -f -a "watch" -d 'Every event as it happens, until interrupted'
complete -c phonectl -n "__fish_phonectl_needs_command" -f -a "status" -d 'The phone, its lines and its calls at a glance'
complete -c phonectl -n "__fish_phonectl_needs_command" -f -a "health" -d 'Whether the phone works, as an exit status for scripts and updaters'
complete -c phonectl -n "__fish_phonectl_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and not __fish_seen_subcommand_from list show register unregister help" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and not __fish_seen_subcommand_from list show register unregister help" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and not __fish_seen_subcommand_from list show register unregister help" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and not __fish_seen_subcommand_from list show register unregister help" -f -a "list" -d 'Every configured line: registered or not, through which server, and why'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and not __fish_seen_subcommand_from list show register unregister help" -f -a "show" -d 'One line with all its servers'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and not __fish_seen_subcommand_from list show register unregister help" -f -a "register" -d 'Register a line now, without waiting for its next attempt'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and not __fish_seen_subcommand_from list show register unregister help" -f -a "unregister" -d 'End a line\'s registration; `register` begins it again'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and not __fish_seen_subcommand_from list show register unregister help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and __fish_seen_subcommand_from list" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and __fish_seen_subcommand_from list" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and __fish_seen_subcommand_from show" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and __fish_seen_subcommand_from show" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and __fish_seen_subcommand_from register" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and __fish_seen_subcommand_from register" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and __fish_seen_subcommand_from register" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and __fish_seen_subcommand_from unregister" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and __fish_seen_subcommand_from unregister" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and __fish_seen_subcommand_from unregister" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "list" -d 'Every configured line: registered or not, through which server, and why'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "show" -d 'One line with all its servers'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "register" -d 'Register a line now, without waiting for its next attempt'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "unregister" -d 'End a line\'s registration; `register` begins it again'
complete -c phonectl -n "__fish_phonectl_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and not __fish_seen_subcommand_from dial list answer reject hangup hold resume mute unmute log clear-log redial dtmf transfer help" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and not __fish_seen_subcommand_from dial list answer reject hangup hold resume mute unmute log clear-log redial dtmf transfer help" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and not __fish_seen_subcommand_from dial list answer reject hangup hold resume mute unmute log clear-log redial dtmf transfer help" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and not __fish_seen_subcommand_from dial list answer reject hangup hold resume mute unmute log clear-log redial dtmf transfer help" -f -a "dial" -d 'Call someone; prints the new call\'s identifier at once'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and not __fish_seen_subcommand_from dial list answer reject hangup hold resume mute unmute log clear-log redial dtmf transfer help" -f -a "list" -d 'Every call, and those that ended within the last two minutes'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and not __fish_seen_subcommand_from dial list answer reject hangup hold resume mute unmute log clear-log redial dtmf transfer help" -f -a "answer" -d 'Answer a call that rings here'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and not __fish_seen_subcommand_from dial list answer reject hangup hold resume mute unmute log clear-log redial dtmf transfer help" -f -a "reject" -d 'Refuse a call that rings here'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and not __fish_seen_subcommand_from dial list answer reject hangup hold resume mute unmute log clear-log redial dtmf transfer help" -f -a "hangup" -d 'End a call, or stop dialling'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and not __fish_seen_subcommand_from dial list answer reject hangup hold resume mute unmute log clear-log redial dtmf transfer help" -f -a "hold" -d 'Put a call on hold'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and not __fish_seen_subcommand_from dial list answer reject hangup hold resume mute unmute log clear-log redial dtmf transfer help" -f -a "resume" -d 'Take a call off hold'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and not __fish_seen_subcommand_from dial list answer reject hangup hold resume mute unmute log clear-log redial dtmf transfer help" -f -a "mute" -d 'Send silence instead of what is said here'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and not __fish_seen_subcommand_from dial list answer reject hangup hold resume mute unmute log clear-log redial dtmf transfer help" -f -a "unmute" -d 'Send what is said here again'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and not __fish_seen_subcommand_from dial list answer reject hangup hold resume mute unmute log clear-log redial dtmf transfer help" -f -a "log" -d 'Calls that are over, the latest first: missed, received, dialled'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and not __fish_seen_subcommand_from dial list answer reject hangup hold resume mute unmute log clear-log redial dtmf transfer help" -f -a "clear-log" -d 'Forget the calls that are over'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and not __fish_seen_subcommand_from dial list answer reject hangup hold resume mute unmute log clear-log redial dtmf transfer help" -f -a "redial" -d 'Call again whom this phone has called last; prints the new call\'s identifier'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and not __fish_seen_subcommand_from dial list answer reject hangup hold resume mute unmute log clear-log redial dtmf transfer help" -f -a "dtmf" -d 'Send key presses to the other party'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and not __fish_seen_subcommand_from dial list answer reject hangup hold resume mute unmute log clear-log redial dtmf transfer help" -f -a "transfer" -d 'Send the other party to someone else: unannounced, or to whom another call is with'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and not __fish_seen_subcommand_from dial list answer reject hangup hold resume mute unmute log clear-log redial dtmf transfer help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from dial" -l line -d 'The line to use [default: the first one that is registered]' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from dial" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from dial" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from dial" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from list" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from list" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from answer" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from answer" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from answer" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from reject" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from reject" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from reject" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from hangup" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from hangup" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from hangup" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from hold" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from hold" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from hold" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from resume" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from resume" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from mute" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from mute" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from mute" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from unmute" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from unmute" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from unmute" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from log" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from log" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from log" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from clear-log" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from clear-log" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from clear-log" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from redial" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from redial" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from redial" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from dtmf" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from dtmf" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from dtmf" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from transfer" -l to -d 'To whom this other call is with; it has to be answered' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from transfer" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from transfer" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from transfer" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from help" -f -a "dial" -d 'Call someone; prints the new call\'s identifier at once'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from help" -f -a "list" -d 'Every call, and those that ended within the last two minutes'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from help" -f -a "answer" -d 'Answer a call that rings here'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from help" -f -a "reject" -d 'Refuse a call that rings here'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from help" -f -a "hangup" -d 'End a call, or stop dialling'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from help" -f -a "hold" -d 'Put a call on hold'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from help" -f -a "resume" -d 'Take a call off hold'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from help" -f -a "mute" -d 'Send silence instead of what is said here'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from help" -f -a "unmute" -d 'Send what is said here again'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from help" -f -a "log" -d 'Calls that are over, the latest first: missed, received, dialled'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from help" -f -a "clear-log" -d 'Forget the calls that are over'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from help" -f -a "redial" -d 'Call again whom this phone has called last; prints the new call\'s identifier'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from help" -f -a "dtmf" -d 'Send key presses to the other party'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from help" -f -a "transfer" -d 'Send the other party to someone else: unannounced, or to whom another call is with'
complete -c phonectl -n "__fish_phonectl_using_subcommand call; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and not __fish_seen_subcommand_from show volume devices test help" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and not __fish_seen_subcommand_from show volume devices test help" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and not __fish_seen_subcommand_from show volume devices test help" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and not __fish_seen_subcommand_from show volume devices test help" -f -a "show" -d 'Show the sound device and how loud it is'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and not __fish_seen_subcommand_from show volume devices test help" -f -a "volume" -d 'Make it louder or softer, in force at once and kept'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and not __fish_seen_subcommand_from show volume devices test help" -f -a "devices" -d 'Show the sound devices in use and those of this machine'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and not __fish_seen_subcommand_from show volume devices test help" -f -a "test" -d 'Try a sound device; refused while there is a call'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and not __fish_seen_subcommand_from show volume devices test help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from show" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from show" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from volume" -l ear -d 'The ear, 1 to 9' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from volume" -l microphone -d 'The microphone, 1 to 9' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from volume" -l ring -d 'The bell, 0 (silent) to 9' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from volume" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from volume" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from volume" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from devices" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from devices" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from devices" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from test" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from test" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show the sound device and how loud it is'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from help" -f -a "volume" -d 'Make it louder or softer, in force at once and kept'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from help" -f -a "devices" -d 'Show the sound devices in use and those of this machine'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from help" -f -a "test" -d 'Try a sound device; refused while there is a call'
complete -c phonectl -n "__fish_phonectl_using_subcommand audio; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and not __fish_seen_subcommand_from list add set remove import export help" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and not __fish_seen_subcommand_from list add set remove import export help" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and not __fish_seen_subcommand_from list add set remove import export help" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and not __fish_seen_subcommand_from list add set remove import export help" -f -a "list" -d 'Every entry, by name'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and not __fish_seen_subcommand_from list add set remove import export help" -f -a "add" -d 'Make a new entry'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and not __fish_seen_subcommand_from list add set remove import export help" -f -a "set" -d 'Change an entry: its name, its numbers, its line'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and not __fish_seen_subcommand_from list add set remove import export help" -f -a "remove" -d 'Forget an entry'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and not __fish_seen_subcommand_from list add set remove import export help" -f -a "import" -d 'Take a CSV or vCard file; entries of the same name are replaced'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and not __fish_seen_subcommand_from list add set remove import export help" -f -a "export" -d 'Print the phone book as a file'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and not __fish_seen_subcommand_from list add set remove import export help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from list" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from list" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from add" -l line -d 'Call it through this line' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from add" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from add" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from set" -l line -d 'Call it through this line' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from set" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from set" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from remove" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from remove" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from import" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from import" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from export" -l format -d 'The form of the file' -r -f -a "csv\t'Comma-separated values'
vcard\t'vCard 4.0'"
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from export" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from export" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from help" -f -a "list" -d 'Every entry, by name'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from help" -f -a "add" -d 'Make a new entry'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from help" -f -a "set" -d 'Change an entry: its name, its numbers, its line'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Forget an entry'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from help" -f -a "import" -d 'Take a CSV or vCard file; entries of the same name are replaced'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from help" -f -a "export" -d 'Print the phone book as a file'
complete -c phonectl -n "__fish_phonectl_using_subcommand contact; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and not __fish_seen_subcommand_from get set import revert export seal unseal list check describe help" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and not __fish_seen_subcommand_from get set import revert export seal unseal list check describe help" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and not __fish_seen_subcommand_from get set import revert export seal unseal list check describe help" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and not __fish_seen_subcommand_from get set import revert export seal unseal list check describe help" -f -a "get" -d 'Show items as ITEM=VALUE; a password that is set reads ********'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and not __fish_seen_subcommand_from get set import revert export seal unseal list check describe help" -f -a "set" -d 'Set items, all of them or none, in force at once'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and not __fish_seen_subcommand_from get set import revert export seal unseal list check describe help" -f -a "import" -d 'Take a configuration file, in force at once; items that it does not name stay as they are'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and not __fish_seen_subcommand_from get set import revert export seal unseal list check describe help" -f -a "revert" -d 'Take the latest `config import --replace` back; a second time goes forward again'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and not __fish_seen_subcommand_from get set import revert export seal unseal list check describe help" -f -a "export" -d 'Print the configuration and the phone book as a file: a backup for `config import --replace`'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and not __fish_seen_subcommand_from get set import revert export seal unseal list check describe help" -f -a "seal" -d 'Print a configuration file in its sealed form, which a phone opens by the same passphrase'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and not __fish_seen_subcommand_from get set import revert export seal unseal list check describe help" -f -a "unseal" -d 'Print what a sealed configuration file says'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and not __fish_seen_subcommand_from get set import revert export seal unseal list check describe help" -f -a "list" -d 'Show every item of the phone and of its configured lines'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and not __fish_seen_subcommand_from get set import revert export seal unseal list check describe help" -f -a "check" -d 'Explain what the settings mean: how long an outage lasts at worst, and which settings contradict each other'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and not __fish_seen_subcommand_from get set import revert export seal unseal list check describe help" -f -a "describe" -d 'Show what may be configured: every item with its default and its values'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and not __fish_seen_subcommand_from get set import revert export seal unseal list check describe help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from get" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from get" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from set" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from set" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from import" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from import" -l replace -d 'Make the configuration equal to the file: what it does not name has its default again'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from import" -l dry-run -d 'Only show what would change'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from import" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from revert" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from revert" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from revert" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from export" -l format -d 'The form of the file' -r -f -a "text\t'Fanvil text form'
xml\t'Fanvil XML form'"
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from export" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from export" -l with-secrets -d 'With the passwords, which are left out otherwise'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from export" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from seal" -l key-file -d 'The file whose first line is the passphrase, at least 12 octets' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from seal" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from seal" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from seal" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from unseal" -l key-file -d 'The file whose first line is the passphrase' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from unseal" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from unseal" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from unseal" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from list" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from list" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from check" -l line -d 'Only this line' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from check" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from describe" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from describe" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from describe" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "get" -d 'Show items as ITEM=VALUE; a password that is set reads ********'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "set" -d 'Set items, all of them or none, in force at once'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "import" -d 'Take a configuration file, in force at once; items that it does not name stay as they are'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "revert" -d 'Take the latest `config import --replace` back; a second time goes forward again'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "export" -d 'Print the configuration and the phone book as a file: a backup for `config import --replace`'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "seal" -d 'Print a configuration file in its sealed form, which a phone opens by the same passphrase'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "unseal" -d 'Print what a sealed configuration file says'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "list" -d 'Show every item of the phone and of its configured lines'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "check" -d 'Explain what the settings mean: how long an outage lasts at worst, and which settings contradict each other'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "describe" -d 'Show what may be configured: every item with its default and its values'
complete -c phonectl -n "__fish_phonectl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phonectl -n "__fish_phonectl_using_subcommand journal" -l line -d 'Only what concerns this line' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand journal" -l since -d 'Only from this time on: 2026-11-22T13:37:00Z, or how long ago: 90s, 10m, 2h, 1d' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand journal" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand journal" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand journal" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand drill; and not __fish_seen_subcommand_from start stop help" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand drill; and not __fish_seen_subcommand_from start stop help" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand drill; and not __fish_seen_subcommand_from start stop help" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand drill; and not __fish_seen_subcommand_from start stop help" -f -a "start" -d 'Treat a server of a line as dead for a while'
complete -c phonectl -n "__fish_phonectl_using_subcommand drill; and not __fish_seen_subcommand_from start stop help" -f -a "stop" -d 'End the drill that runs, and show what it has measured'
complete -c phonectl -n "__fish_phonectl_using_subcommand drill; and not __fish_seen_subcommand_from start stop help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phonectl -n "__fish_phonectl_using_subcommand drill; and __fish_seen_subcommand_from start" -l line -d 'The number of the line' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand drill; and __fish_seen_subcommand_from start" -l hop -d 'Which server: primary, current, or a hop as `account show` writes it' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand drill; and __fish_seen_subcommand_from start" -l for -d 'For how long: 60s, 5m, 1h' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand drill; and __fish_seen_subcommand_from start" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand drill; and __fish_seen_subcommand_from start" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand drill; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand drill; and __fish_seen_subcommand_from stop" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand drill; and __fish_seen_subcommand_from stop" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand drill; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "start" -d 'Treat a server of a line as dead for a while'
complete -c phonectl -n "__fish_phonectl_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "stop" -d 'End the drill that runs, and show what it has measured'
complete -c phonectl -n "__fish_phonectl_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phonectl -n "__fish_phonectl_using_subcommand network" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand network" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand network" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand provision; and not __fish_seen_subcommand_from now show help" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand provision; and not __fish_seen_subcommand_from now show help" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand provision; and not __fish_seen_subcommand_from now show help" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand provision; and not __fish_seen_subcommand_from now show help" -f -a "now" -d 'Fetch the configuration now, and show what it changed'
complete -c phonectl -n "__fish_phonectl_using_subcommand provision; and not __fish_seen_subcommand_from now show help" -f -a "show" -d 'Show where it is fetched from, how the last fetch ended, and when the next one begins'
complete -c phonectl -n "__fish_phonectl_using_subcommand provision; and not __fish_seen_subcommand_from now show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phonectl -n "__fish_phonectl_using_subcommand provision; and __fish_seen_subcommand_from now" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand provision; and __fish_seen_subcommand_from now" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand provision; and __fish_seen_subcommand_from now" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand provision; and __fish_seen_subcommand_from show" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand provision; and __fish_seen_subcommand_from show" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand provision; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand provision; and __fish_seen_subcommand_from help" -f -a "now" -d 'Fetch the configuration now, and show what it changed'
complete -c phonectl -n "__fish_phonectl_using_subcommand provision; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show where it is fetched from, how the last fetch ended, and when the next one begins'
complete -c phonectl -n "__fish_phonectl_using_subcommand provision; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phonectl -n "__fish_phonectl_using_subcommand timing" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand timing" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand timing" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand trace" -l line -d 'Only what belongs to this line' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand trace" -l call -d 'Only what has this Call-ID' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand trace" -l last -d 'Only the latest COUNT messages' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand trace" -l id -d 'Only this message, as text' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand trace" -l pcap -d 'Write them to a capture file (pcapng) that Wireshark opens' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand trace" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand trace" -l text -d 'Show the whole text of each'
complete -c phonectl -n "__fish_phonectl_using_subcommand trace" -l follow -d 'Show each from now on, until interrupted'
complete -c phonectl -n "__fish_phonectl_using_subcommand trace" -l with-secrets -d 'With credentials and keys as they were sent; whoever gets the file can use them'
complete -c phonectl -n "__fish_phonectl_using_subcommand trace" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand trace" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and not __fish_seen_subcommand_from log restart reset help" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and not __fish_seen_subcommand_from log restart reset help" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and not __fish_seen_subcommand_from log restart reset help" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and not __fish_seen_subcommand_from log restart reset help" -f -a "log" -d 'Show the latest lines of the phone\'s log, which it keeps in memory'
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and not __fish_seen_subcommand_from log restart reset help" -f -a "restart" -d 'Start the phone again; refused while calls are up'
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and not __fish_seen_subcommand_from log restart reset help" -f -a "reset" -d 'Forget everything that the phone was ever told, and start again as from the factory'
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and not __fish_seen_subcommand_from log restart reset help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and __fish_seen_subcommand_from log" -l level -d 'Only lines of this level and graver ones' -r -f -a "error\t''
warn\t''
info\t''
debug\t''
trace\t''"
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and __fish_seen_subcommand_from log" -l last -d 'Only the latest COUNT lines' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and __fish_seen_subcommand_from log" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and __fish_seen_subcommand_from log" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and __fish_seen_subcommand_from log" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and __fish_seen_subcommand_from restart" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and __fish_seen_subcommand_from restart" -l end-calls -d 'End the calls that are up'
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and __fish_seen_subcommand_from restart" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and __fish_seen_subcommand_from restart" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and __fish_seen_subcommand_from reset" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and __fish_seen_subcommand_from reset" -l yes -d 'Say that this is meant'
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and __fish_seen_subcommand_from reset" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and __fish_seen_subcommand_from help" -f -a "log" -d 'Show the latest lines of the phone\'s log, which it keeps in memory'
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and __fish_seen_subcommand_from help" -f -a "restart" -d 'Start the phone again; refused while calls are up'
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and __fish_seen_subcommand_from help" -f -a "reset" -d 'Forget everything that the phone was ever told, and start again as from the factory'
complete -c phonectl -n "__fish_phonectl_using_subcommand system; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phonectl -n "__fish_phonectl_using_subcommand watch" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand watch" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand watch" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand status" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand status" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand status" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand health" -l wait -d 'Wait so long for the phone to become healthy: 60s, 5m' -r
complete -c phonectl -n "__fish_phonectl_using_subcommand health" -l control -d 'The control socket of the phone' -r -F
complete -c phonectl -n "__fish_phonectl_using_subcommand health" -l json -d 'Print JSON instead of text'
complete -c phonectl -n "__fish_phonectl_using_subcommand health" -s h -l help -d 'Print help'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and not __fish_seen_subcommand_from account call audio contact config journal drill network provision timing trace system watch status health help" -f -a "account" -d 'Lines and their registration'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and not __fish_seen_subcommand_from account call audio contact config journal drill network provision timing trace system watch status health help" -f -a "call" -d 'Calls: dial, answer, hang up, hold, transfer …'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and not __fish_seen_subcommand_from account call audio contact config journal drill network provision timing trace system watch status health help" -f -a "audio" -d 'Sound: devices, how loud they are, and trying them'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and not __fish_seen_subcommand_from account call audio contact config journal drill network provision timing trace system watch status health help" -f -a "contact" -d 'The phone book'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and not __fish_seen_subcommand_from account call audio contact config journal drill network provision timing trace system watch status health help" -f -a "config" -d 'The configuration: items and files'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and not __fish_seen_subcommand_from account call audio contact config journal drill network provision timing trace system watch status health help" -f -a "journal" -d 'What has happened: failovers, failbacks, outages, drills'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and not __fish_seen_subcommand_from account call audio contact config journal drill network provision timing trace system watch status health help" -f -a "drill" -d 'Play a failure: the phone treats a server as dead, and measures the outage'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and not __fish_seen_subcommand_from account call audio contact config journal drill network provision timing trace system watch status health help" -f -a "network" -d 'The network: interfaces, name servers, the way to each server'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and not __fish_seen_subcommand_from account call audio contact config journal drill network provision timing trace system watch status health help" -f -a "provision" -d 'The configuration that the phone fetches from a server'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and not __fish_seen_subcommand_from account call audio contact config journal drill network provision timing trace system watch status health help" -f -a "timing" -d 'How long servers take to answer, and how long registrations take'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and not __fish_seen_subcommand_from account call audio contact config journal drill network provision timing trace system watch status health help" -f -a "trace" -d 'The SIP messages that the phone has sent and received lately'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and not __fish_seen_subcommand_from account call audio contact config journal drill network provision timing trace system watch status health help" -f -a "system" -d 'The whole phone: start it again, factory reset'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and not __fish_seen_subcommand_from account call audio contact config journal drill network provision timing trace system watch status health help" -f -a "watch" -d 'Every event as it happens, until interrupted'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and not __fish_seen_subcommand_from account call audio contact config journal drill network provision timing trace system watch status health help" -f -a "status" -d 'The phone, its lines and its calls at a glance'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and not __fish_seen_subcommand_from account call audio contact config journal drill network provision timing trace system watch status health help" -f -a "health" -d 'Whether the phone works, as an exit status for scripts and updaters'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and not __fish_seen_subcommand_from account call audio contact config journal drill network provision timing trace system watch status health help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "list" -d 'Every configured line: registered or not, through which server, and why'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "show" -d 'One line with all its servers'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "register" -d 'Register a line now, without waiting for its next attempt'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "unregister" -d 'End a line\'s registration; `register` begins it again'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from call" -f -a "dial" -d 'Call someone; prints the new call\'s identifier at once'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from call" -f -a "list" -d 'Every call, and those that ended within the last two minutes'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from call" -f -a "answer" -d 'Answer a call that rings here'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from call" -f -a "reject" -d 'Refuse a call that rings here'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from call" -f -a "hangup" -d 'End a call, or stop dialling'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from call" -f -a "hold" -d 'Put a call on hold'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from call" -f -a "resume" -d 'Take a call off hold'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from call" -f -a "mute" -d 'Send silence instead of what is said here'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from call" -f -a "unmute" -d 'Send what is said here again'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from call" -f -a "log" -d 'Calls that are over, the latest first: missed, received, dialled'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from call" -f -a "clear-log" -d 'Forget the calls that are over'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from call" -f -a "redial" -d 'Call again whom this phone has called last; prints the new call\'s identifier'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from call" -f -a "dtmf" -d 'Send key presses to the other party'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from call" -f -a "transfer" -d 'Send the other party to someone else: unannounced, or to whom another call is with'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from audio" -f -a "show" -d 'Show the sound device and how loud it is'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from audio" -f -a "volume" -d 'Make it louder or softer, in force at once and kept'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from audio" -f -a "devices" -d 'Show the sound devices in use and those of this machine'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from audio" -f -a "test" -d 'Try a sound device; refused while there is a call'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from contact" -f -a "list" -d 'Every entry, by name'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from contact" -f -a "add" -d 'Make a new entry'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from contact" -f -a "set" -d 'Change an entry: its name, its numbers, its line'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from contact" -f -a "remove" -d 'Forget an entry'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from contact" -f -a "import" -d 'Take a CSV or vCard file; entries of the same name are replaced'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from contact" -f -a "export" -d 'Print the phone book as a file'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "get" -d 'Show items as ITEM=VALUE; a password that is set reads ********'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "set" -d 'Set items, all of them or none, in force at once'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "import" -d 'Take a configuration file, in force at once; items that it does not name stay as they are'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "revert" -d 'Take the latest `config import --replace` back; a second time goes forward again'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "export" -d 'Print the configuration and the phone book as a file: a backup for `config import --replace`'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "seal" -d 'Print a configuration file in its sealed form, which a phone opens by the same passphrase'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "unseal" -d 'Print what a sealed configuration file says'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "list" -d 'Show every item of the phone and of its configured lines'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Explain what the settings mean: how long an outage lasts at worst, and which settings contradict each other'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "describe" -d 'Show what may be configured: every item with its default and its values'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from drill" -f -a "start" -d 'Treat a server of a line as dead for a while'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from drill" -f -a "stop" -d 'End the drill that runs, and show what it has measured'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from provision" -f -a "now" -d 'Fetch the configuration now, and show what it changed'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from provision" -f -a "show" -d 'Show where it is fetched from, how the last fetch ended, and when the next one begins'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from system" -f -a "log" -d 'Show the latest lines of the phone\'s log, which it keeps in memory'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from system" -f -a "restart" -d 'Start the phone again; refused while calls are up'
complete -c phonectl -n "__fish_phonectl_using_subcommand help; and __fish_seen_subcommand_from system" -f -a "reset" -d 'Forget everything that the phone was ever told, and start again as from the factory'
