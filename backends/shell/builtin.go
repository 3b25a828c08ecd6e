package shell

import (
	"path"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"github.com/loward/loward/compiler/ruleset"
	"github.com/loward/loward/dsl/diag"
)

func before(s, sep string) string {
	b, _, _ := strings.Cut(s, sep)
	return b
}

// builtin runs a command that the shell knows itself, and those small ones that
// only make text of text. False where it is none of them.
func (r *runner) builtin(name string, args []field, io streams) bool {
	if io.read(r, name, args) {
		return true
	}
	st := success
	switch name {
	case "trap":
		r.trapped(args[1:])
	case "alias", "unalias":
		r.alias(name, args[1:])
	case "shopt":
		for _, a := range args[1:] {
			r.options.aliases = r.options.aliases || a.text == "expand_aliases" && args[1].text == "-s"
		}
	case "mapfile", "readarray":
		st = r.mapfile(args[1:], io)
	case ":", "true", "umask", "ulimit", "hash", "wait", "sleep", "logger", "cd", "mkdir", "touch", "chmod", "chown", "sync":
	case "false":
		st = failure
	case "echo":
		r.echo(args[1:], io)
	case "printf":
		r.printf(args[1:], io)
	case "cat":
		st = r.cat(args[1:], io)
	case "seq":
		st = r.seq(args[1:], io)
	case "test", "[":
		st = r.test(name, args[1:])
	case "exit", "return", "break", "continue":
		r.leave(name, args[1:])
		return true
	case "shift":
		r.shift(args[1:])
	case "set":
		r.set(args[1:])
	case "getopts":
		st = r.getopts(args[1:])
	case "unset":
		r.unset(args[1:])
	case "export", "readonly", "local", "declare", "typeset":
		for _, a := range args[1:] {
			if n, v, ok := strings.Cut(a.text, "="); ok && syntax.ValidName(n) {
				r.scope.set(n, plain(v))
				r.fixed[n] = r.fixed[n] || name == "readonly"
			}
		}
	case "eval":
		r.eval(args[1:], io)
		return true
	case "source", ".":
		r.sourceFile(args[1:], io)
		return true
	case "command", "type", "which":
		return r.find(name, args[1:], io)
	case "basename", "dirname":
		st = r.base(name, args[1:], io)
	default:
		return false
	}
	r.status = st
	return true
}

func (r *runner) echo(args []field, io streams) {
	end, escapes := "\n", false
	for len(args) > 0 && (args[0].text == "-n" || args[0].text == "-e" || args[0].text == "-ne" || args[0].text == "-en") {
		if strings.Contains(args[0].text, "n") {
			end = ""
		}
		escapes = escapes || strings.Contains(args[0].text, "e")
		args = args[1:]
	}
	for i, a := range args {
		s := a.text
		if escapes || strings.Contains(s, `\n`) { // dash's echo has them always
			if t, _, err := expand.Format(nil, strings.ReplaceAll(s, "%", "%%"), nil); err == nil {
				s = t
			}
		}
		if i > 0 {
			io.out.write(" ", a.span)
		}
		io.out.write(s, a.span)
	}
	io.out.write(end, r.at)
}

func (r *runner) printf(args []field, io streams) {
	var into string
	if len(args) > 1 && args[0].text == "-v" {
		into, args = args[1].text, args[2:]
	}
	if len(args) > 1 && args[0].text == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return
	}
	format, values := args[0].text, make([]string, len(args)-1)
	for i, a := range args[1:] {
		values[i] = a.text
	}
	var b strings.Builder
	for n := 0; ; {
		if wide(format) || b.Len() > maxValue {
			b.Reset()
			b.WriteString(r.unknown(r.at.Text(), r.at, "it grows too long"))
			break
		}
		s, used, err := expand.Format(r.config(), format, values[n:])
		if err != nil {
			b.WriteString(r.unknown(r.at.Text(), r.at, err.Error()))
			break
		}
		b.WriteString(s)
		if n += used; used == 0 || n >= len(values) {
			break
		}
	}
	if into != "" {
		r.scope.set(into, plain(b.String()))
		return
	}
	io.out.write(b.String(), r.at)
}

// wide says whether a format asks for more than a few hundred columns.
func wide(format string) bool {
	digits, within := 0, false
	for _, c := range format {
		switch {
		case c == '%':
			within, digits = !within, 0
		case within && c >= '0' && c <= '9':
			digits++
		case within && c != '-' && c != '.' && c != '+' && c != ' ' && c != '#' && c != '*':
			within = false
		}
		if within && (digits > 3 || c == '*') {
			return true
		}
	}
	return false
}

func (r *runner) cat(args []field, io streams) status {
	read := func(in *input, source string) {
		if in == nil {
			io.out.other(source, r.at, "it is a file's content")
			return
		}
		for _, p := range in.text {
			io.out.write(p.Text, p.From)
		}
	}
	n := 0
	for _, a := range args {
		if strings.HasPrefix(a.text, "-") && a.text != "-" {
			continue
		}
		n++
		if a.text == "-" {
			read(io.in, "-")
		} else if content, ok := r.files[path.Clean(a.text)]; ok {
			read(&input{text: content}, "")
		} else {
			read(nil, "$(cat "+r.shown(a.text)+")")
		}
	}
	if n == 0 {
		read(io.in, "standard input")
	}
	return success
}

func (r *runner) seq(args []field, io streams) status {
	first, step, last := 1, 1, 0
	var err1, err2, err3 error
	switch len(args) {
	case 1:
		last, err1 = strconv.Atoi(args[0].text)
	case 2:
		first, err1 = strconv.Atoi(args[0].text)
		last, err2 = strconv.Atoi(args[1].text)
	case 3:
		first, err1 = strconv.Atoi(args[0].text)
		step, err2 = strconv.Atoi(args[1].text)
		last, err3 = strconv.Atoi(args[2].text)
	}
	if err1 != nil || err2 != nil || err3 != nil || step == 0 || len(args) == 0 || len(args) > 3 || (last-first)/step > maxFields {
		io.out.other("$("+r.line(append([]field{{text: "seq"}}, args...))+")", r.at, "it is a command's output")
		return undecided
	}
	for i := first; step > 0 && i <= last || step < 0 && i >= last; i += step {
		io.out.write(strconv.Itoa(i)+"\n", r.at)
	}
	return success
}

func (r *runner) base(name string, args []field, io streams) status {
	if len(args) == 0 || !known(args[0].text) {
		io.out.other(r.at.Text(), r.at, "it is made of something unknown")
		return undecided
	}
	s := path.Base(args[0].text)
	if name == "dirname" {
		s = path.Dir(args[0].text)
	} else if len(args) > 1 {
		s = strings.TrimSuffix(s, args[1].text)
	}
	io.out.write(s+"\n", r.at)
	return success
}

func (r *runner) eval(args []field, io streams) {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = a.text
	}
	code := strings.Join(words, " ")
	if !known(code) {
		r.tell(diag.Warning, r.at, ruleset.CodeUnknown, "what eval runs can't be known")
		r.status = undecided
		return
	}
	r.inner(code, io)
}

// inner runs code that the script has made. All of it is said to stand where the
// script runs it.
func (r *runner) inner(code string, io streams) {
	if r.depth++; r.depth > maxDepth || tooDeep([]byte(code)) >= 0 {
		r.stop(r.at, "commands nested too deeply")
	}
	defer func() { r.depth-- }()
	stmts, err := parseAs(syntax.LangBash, []byte(code))
	if err != nil {
		r.list.Warnf(r.at, "what is run here is no shell code: %v", err).WithCode(ruleset.CodeOpaque)
		r.status = failure
		return
	}
	file, at := r.file, r.at
	r.file = diag.Derive(file.Name, []diag.Part{{Text: code, From: at}})
	r.status = success
	r.stmts(stmts, io)
	r.file = file
}

func (r *runner) sourceFile(args []field, io streams) {
	r.status = undecided
	if len(args) == 0 {
		return
	}
	if content, ok := r.files[path.Clean(args[0].text)]; ok && known(content.String()) {
		r.inner(content.String(), io)
		return
	}
	r.sourced = true
	r.once(r.at, ruleset.CodeUnknown, "%s is not read: what it sets can't be known", r.shown(args[0].text))
}

// find is command -v, type and which: where a tool is. Tools are taken to be
// where they usually are.
func (r *runner) find(name string, args []field, io streams) bool {
	var what string
	lookup := name != "command"
	for _, a := range args {
		switch {
		case a.text == "-v" || a.text == "-V" || a.text == "-p" || a.text == "-P" || a.text == "-t" || a.text == "-a" || a.text == "-s":
			lookup = lookup || a.text == "-v" || a.text == "-V"
		case what == "":
			what = a.text
		}
	}
	if !lookup {
		return false
	}
	if r.funcs[what] != nil {
		io.out.write(what+"\n", r.at)
		r.status = success
		return true
	}
	if toolOf(what) == noTool || path.Base(what) != what {
		io.out.other("$("+name+" "+r.shown(what)+")", r.at, "it depends on the machine")
		r.status = undecided
		return true
	}
	io.out.write("/usr/sbin/"+what+"\n", r.at)
	r.status = undecided
	return true
}

// read is the command of that name: a line into variables.
