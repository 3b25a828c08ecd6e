package shell

import (
	"strconv"
	"strings"
)

// getopts takes the next option of the script's or function's arguments, as POSIX
// has it: OPTIND is the argument that comes next, and within a word of several
// options r.option is the place of the next one.
func (r *runner) getopts(args []field) status {
	if len(args) < 2 || r.params == nil && len(args) == 2 {
		return undecided
	}
	list := r.params
	if len(args) > 2 {
		list = nil
		for _, a := range args[2:] {
			list = append(list, a.text)
		}
	}
	next := 1
	if v, ok := r.scope.get("OPTIND"); ok {
		next, _ = strconv.Atoi(v.Str)
	}
	if next != r.optind {
		r.option = 0
	}
	name, options := args[1].text, args[0].text
	end := func() status {
		r.scope.set(name, plain("?"))
		return failure
	}
	if next < 1 || next > len(list) {
		return end()
	}
	arg := list[next-1]
	switch {
	case !known(arg) || !known(options):
		r.scope.set(name, plain(r.unknown("$"+name, r.at, "it is an option of the script")))
		return undecided
	case r.option == 0 && arg == "--":
		next++
		r.advance(next)
		return end()
	case r.option == 0 && (len(arg) < 2 || arg[0] != '-'):
		return end()
	}
	if r.option == 0 {
		r.option = 1
	}
	letter := arg[r.option : r.option+1]
	r.option++
	rest := arg[r.option:]
	if rest == "" {
		next, r.option = next+1, 0
	}
	at := strings.Index(strings.TrimPrefix(options, ":"), letter)
	value := ""
	switch spec := strings.TrimPrefix(options, ":"); {
	case at < 0 || letter == ":":
		letter = "?"
	case at+1 < len(spec) && spec[at+1] == ':':
		switch {
		case rest != "":
			value, next, r.option = rest, next+1, 0
		case next <= len(list):
			value, next = list[next-1], next+1
		default:
			letter = "?"
		}
	}
	r.scope.set(name, plain(letter))
	r.scope.set("OPTARG", plain(value))
	r.advance(next)
	return success
}

func (r *runner) advance(next int) {
	r.optind = next
	r.scope.set("OPTIND", plain(strconv.Itoa(next)))
}
