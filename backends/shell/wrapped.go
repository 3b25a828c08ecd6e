package shell

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// wrapped gives the command that another one runs: sudo iptables, env X=y nft.
func (r *runner) wrapped(args []field) ([]field, bool) {
	options, values := 0, ""
	switch path.Base(args[0].text) {
	case "sudo", "doas":
		values = "-u -g -C -h -p"
	case "env":
	case "command", "builtin", "exec":
		if len(args) > 1 && (args[1].text == "-v" || args[1].text == "-V") {
			return nil, false
		}
	case "nice", "ionice", "chrt":
		values = "-n -c -p"
	case "time", "nohup", "setsid", "busybox", "stdbuf", "eatmydata", "logsave":
	case "timeout":
		options, values = 1, "-k -s"
	case "flock", "chroot":
		options, values = 1, "-w -E"
	default:
		return nil, false
	}
	i := 1
	for i < len(args) {
		a := args[i].text
		switch {
		case strings.HasPrefix(a, "-") && len(a) > 1:
			if strings.Contains(" "+values+" ", " "+a+" ") {
				i++
			}
		case path.Base(args[0].text) != "busybox" && syntax.ValidName(before(a, "=")) && strings.Contains(a, "="):
		case options > 0:
			options--
		default:
			return args[i:], true
		}
		i++
	}
	return nil, false
}
