package shell

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
)

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// read takes a line of the input into variables. False where the command is
// another one.
func (io streams) read(r *runner, name string, args []field) bool {
	if name != "read" {
		return false
	}
	var names []string
	raw, array := false, false
	for i := 1; i < len(args); i++ {
		switch a := args[i].text; {
		case a == "-p" || a == "-t" || a == "-n" || a == "-d" || a == "-u" || a == "-N":
			i++
		case strings.HasPrefix(a, "-"):
			raw = raw || strings.Contains(a, "r")
			array = array || strings.Contains(a, "a")
		default:
			names = append(names, a)
		}
	}
	if len(names) == 0 {
		names = []string{"REPLY"}
	}
	if io.in != nil && !io.in.read {
		io.in.rest, io.in.read = io.in.text.String(), true
	}
	if io.in == nil || loneMark(strings.TrimSuffix(io.in.rest, "\n")) {
		for _, n := range names {
			r.scope.set(n, plain(r.unknown("$"+n, r.at, "it is read from outside")))
		}
		r.status = undecided
		if io.in != nil {
			io.in.rest = ""
		}
		return true
	}
	if io.in.rest == "" {
		for _, n := range names {
			r.scope.set(n, plain(""))
		}
		r.status = failure
		return true
	}
	line, rest, _ := strings.Cut(io.in.rest, "\n")
	io.in.rest = rest
	if array {
		r.scope.set(names[0], expand.Variable{Set: true, Kind: expand.Indexed, List: expand.ReadFields(r.config(), line, -1, raw)})
		r.status = success
		return true
	}
	values := expand.ReadFields(r.config(), line, len(names), raw)
	for i, n := range names {
		v := ""
		if i < len(values) {
			v = values[i]
		}
		r.scope.set(n, plain(v))
	}
	r.status = success
	return true
}

// mapfile takes all lines of the input into an array.
func (r *runner) mapfile(args []field, io streams) status {
	name, trim := "MAPFILE", false
	for i := 0; i < len(args); i++ {
		switch a := args[i].text; {
		case a == "-t":
			trim = true
		case a == "-d" || a == "-n" || a == "-O" || a == "-s" || a == "-u" || a == "-C" || a == "-c":
			i++
		default:
			name = a
		}
	}
	v := expand.Variable{Set: true, Kind: expand.Indexed}
	if io.in == nil {
		v.List = []string{r.unknown("$"+name, r.at, "it is read from outside")}
	} else {
		for line := range strings.Lines(io.in.text.String()) {
			if trim {
				line = strings.TrimSuffix(line, "\n")
			}
			if v.List = append(v.List, line); len(v.List) > maxFields {
				r.stop(r.at, "an array of too many lines")
				break
			}
		}
	}
	r.scope.set(name, v)
	return success
}

// unset forgets variables, elements of arrays, or (-f) functions.
func (r *runner) unset(args []field) {
	functions := false
	for _, a := range args {
		name, index, element := strings.Cut(strings.TrimSuffix(a.text, "]"), "[")
		switch v, _ := r.scope.get(name); {
		case a.text == "-f":
			functions = true
		case a.text == "-v" || a.text == "-n":
		case functions:
			delete(r.funcs, a.text)
		case element && v.Kind == expand.Associative:
			m := map[string]string{}
			for k, s := range v.Map {
				if k != index {
					m[k] = s
				}
			}
			v.Map = m
			r.scope.set(name, v)
		case element && v.Kind == expand.Indexed:
			if i := atoi(index); i >= 0 && i < len(v.List) {
				v.List = append(append([]string(nil), v.List[:i]...), v.List[i+1:]...)
				r.scope.set(name, v)
			}
		default:
			r.scope.set(name, expand.Variable{})
		}
	}
}

// trapped notes what runs when the script ends. What signals bring about is not
// followed.
func (r *runner) trapped(args []field) {
	if len(args) < 2 || r.aside > 0 {
		return
	}
	for _, signal := range args[1:] {
		if s := signal.text; s != "EXIT" && s != "0" {
			continue
		}
		if r.trap = args[0].text; r.trap == "-" || !known(r.trap) {
			r.trap = ""
		}
	}
}
