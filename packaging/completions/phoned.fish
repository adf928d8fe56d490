# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_phoned_global_optspecs
    string join \n h/help V/version
end

function __fish_phoned_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_phoned_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_phoned_using_subcommand
    set -l cmd (__fish_phoned_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c phoned -n "__fish_phoned_needs_command" -s h -l help -d 'Print help'
complete -c phoned -n "__fish_phoned_needs_command" -s V -l version -d 'Print version'
complete -c phoned -n "__fish_phoned_needs_command" -f -a "run" -d 'Runs the phone in the foreground until SIGTERM or SIGINT'
complete -c phoned -n "__fish_phoned_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c phoned -n "__fish_phoned_using_subcommand run" -l state -d 'State directory: the configuration and what survives a restart (created with mode 0700)' -r -F
complete -c phoned -n "__fish_phoned_using_subcommand run" -l provision -d 'Configuration applied at start and kept in the state directory: a file in one of Fanvil\'s forms, or an http, https or tftp address, in which $mac and $model stand for this phone\'s' -r
complete -c phoned -n "__fish_phoned_using_subcommand run" -l dhcp -d 'Where DHCP clients\' hooks leave their options, a file for each interface' -r -F
complete -c phoned -n "__fish_phoned_using_subcommand run" -l audio -d 'Sound: alsa[:PCM], wav:IN[:OUT] (plays IN in a loop as the microphone and records what the ear would hear to OUT, in real time), or null' -r
complete -c phoned -n "__fish_phoned_using_subcommand run" -l control -d 'Control socket for phonectl (mode 0660)' -r -F
complete -c phoned -n "__fish_phoned_using_subcommand run" -l web -d 'Web page: HTTPS, with a certificate made at the first start; plain HTTP is served only where ADDR is loopback. The log says how to set the first password' -r
complete -c phoned -n "__fish_phoned_using_subcommand run" -l trace -d 'How many KiB of recent SIP messages are kept for the page Trace and for phonectl trace; 0 records none' -r
complete -c phoned -n "__fish_phoned_using_subcommand run" -l log -d 'What is logged: error, warn, info, debug, trace, or per part; info,phoned::wire=trace shows every SIP packet, without credentials' -r
complete -c phoned -n "__fish_phoned_using_subcommand run" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t'For people'
json\t'One object a line'"
complete -c phoned -n "__fish_phoned_using_subcommand run" -l auto-answer -d 'Answers incoming calls at once (for tests and intercoms)'
complete -c phoned -n "__fish_phoned_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c phoned -n "__fish_phoned_using_subcommand help; and not __fish_seen_subcommand_from run help" -f -a "run" -d 'Runs the phone in the foreground until SIGTERM or SIGINT'
complete -c phoned -n "__fish_phoned_using_subcommand help; and not __fish_seen_subcommand_from run help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
