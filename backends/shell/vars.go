package shell

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
)

// scope is a function's or subshell's variables; what is not in it is looked up
// further out.
type scope struct {
	vars  map[string]expand.Variable
	outer *scope
	// wall: a subshell. What is set behind it does not reach further out.
	wall bool
}

func (s *scope) get(name string) (expand.Variable, bool) {
	for ; s != nil; s = s.outer {
		if v, ok := s.vars[name]; ok {
			return v, true
		}
	}
	return expand.Variable{}, false
}

// set a variable where it stands, else in the outermost scope before a wall.
func (s *scope) set(name string, v expand.Variable) {
	at := s
	for ; at.outer != nil && !at.wall; at = at.outer {
		if _, ok := at.vars[name]; ok {
			break
		}
	}
	at.put(name, v)
}

// put a variable into this very scope.
func (s *scope) put(name string, v expand.Variable) {
	if s.vars == nil {
		s.vars = map[string]expand.Variable{}
	}
	s.vars[name] = v
}

func plain(s string) expand.Variable {
	return expand.Variable{Set: true, Kind: expand.String, Str: s}
}

// environ lets package expand see the variables.
type environ struct{ r *runner }

func (e environ) Each(func(string, expand.Variable) bool) {}

func (e environ) Get(name string) expand.Variable {
	r := e.r
	switch name {
	case "?":
		if r.status == undecided {
			return plain(r.unknown("$?", r.at, ""))
		}
		return plain(strconv.Itoa(int(r.status)))
	case "$", "PPID", "RANDOM", "SECONDS", "BASHPID", "!", "UID", "EUID", "HOSTNAME", "HOME", "USER", "PWD", "OLDPWD", "LINENO", "COLUMNS", "EPOCHSECONDS", "LOGNAME", "SSH_CLIENT", "SSH_CONNECTION":
		if v, ok := r.scope.get(name); ok {
			return v
		}
		return plain(r.unknown("$"+name, r.at, ""))
	case "0":
		return plain(r.file.Name)
	case "#":
		if r.params == nil {
			return plain(r.unknown("$#", r.at, ""))
		}
		return plain(strconv.Itoa(len(r.params)))
	case "@", "*":
		if r.params == nil {
			return expand.Variable{Set: true, Kind: expand.Indexed, List: []string{r.unknown("$"+name, r.at, "")}}
		}
		return expand.Variable{Set: true, Kind: expand.Indexed, List: r.params}
	case "IFS":
		if v, ok := r.scope.get(name); ok && v.Kind == expand.String && known(v.Str) {
			return v
		}
		return plain(" \t\n")
	}
	if n, err := strconv.Atoi(name); err == nil && n > 0 {
		return r.param(n)
	}
	if strings.HasPrefix(name, "HOME ") { // ~user: never ask the machine for it
		return plain(r.unknown("~"+name[len("HOME "):], r.at, ""))
	}
	if name == unset {
		return expand.Variable{}
	}
	if v, ok := r.scope.get(name); ok {
		return v
	}
	if r.defaulted {
		return expand.Variable{}
	}
	if r.assigned[name] && !r.sourced { // set further down or elsewhere: empty as yet
		return expand.Variable{}
	}
	return plain(r.unknown("$"+name, r.at, "the script does not set it before"))
}

// param is a positional parameter.
func (r *runner) param(n int) expand.Variable {
	switch {
	case r.params == nil && r.defaulted:
		return expand.Variable{}
	case r.params == nil:
		return plain(r.unknown("$"+strconv.Itoa(n), r.at, "it is an argument of the script"))
	case n <= len(r.params):
		return plain(r.params[n-1])
	}
	return expand.Variable{}
}

// Set is what ${x:=y} and arithmetic assign.
func (e environ) Set(name string, v expand.Variable) error {
	if v.Kind == expand.KeepValue {
		return nil
	}
	if len(v.Str) > maxValue {
		v.Str = e.r.unknown("$"+name, e.r.at, "it grows too long")
	}
	e.r.scope.set(name, v)
	return nil
}
