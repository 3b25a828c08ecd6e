package shell

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// compiled says whether a regular expression matches.
func compiled(re, s string) bool {
	if len(re) > 4*maxReplaced || len(s) > maxValue {
		return false
	}
	x, err := regexp.Compile(re)
	return err == nil && x.MatchString(s)
}

func truth(b bool) status {
	if b {
		return success
	}
	return failure
}

func (s status) not() status {
	if s == undecided {
		return s
	}
	return truth(s != success)
}

func (s status) and(t status) status {
	switch {
	case s > success || t > success:
		return failure
	case s == undecided || t == undecided:
		return undecided
	}
	return success
}

func (s status) or(t status) status { return s.not().and(t.not()).not() }

// test is the command of that name, also called [.
func (r *runner) test(name string, args []field) status {
	if name == "[" {
		if len(args) == 0 || args[len(args)-1].text != "]" {
			return failure
		}
		args = args[:len(args)-1]
	}
	t := tester{r: r, args: args}
	s := t.or(0)
	if t.at < len(args) {
		return undecided
	}
	return s
}

// tester reads the arguments of test: -o binds less than -a, that less than !.
type tester struct {
	r    *runner
	args []field
	at   int
}

func (t *tester) more(word string) bool {
	if t.at < len(t.args) && t.args[t.at].text == word {
		t.at++
		return true
	}
	return false
}

func (t *tester) or(depth int) status {
	s := t.and(depth)
	for t.more("-o") {
		s = s.or(t.and(depth))
	}
	return s
}

func (t *tester) and(depth int) status {
	s := t.one(depth)
	for t.more("-a") {
		s = s.and(t.one(depth))
	}
	return s
}

func (t *tester) one(depth int) status {
	left := len(t.args) - t.at
	switch {
	case left == 0:
		return failure
	case depth > maxDepth:
		t.at = len(t.args)
		return undecided
	case left >= 3 && binaryOp(t.args[t.at+1].text):
		x, op, y := t.args[t.at].text, t.args[t.at+1].text, t.args[t.at+2].text
		t.at += 3
		return t.r.compare(x, op, y)
	case left > 1 && t.args[t.at].text == "!":
		t.at++
		return t.one(depth + 1).not()
	case left > 2 && t.args[t.at].text == "(":
		t.at++
		s := t.or(depth + 1)
		t.more(")")
		return s
	case left > 1 && len(t.args[t.at].text) == 2 && t.args[t.at].text[0] == '-':
		op, x := t.args[t.at].text, t.args[t.at+1].text
		t.at += 2
		return t.r.unary(op, x)
	}
	x := t.args[t.at].text
	t.at++
	return t.r.unary("-n", x)
}

func binaryOp(s string) bool {
	switch s {
	case "=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-ef", "-nt", "-ot":
		return true
	}
	return false
}

func (r *runner) compare(x, op, y string) status {
	if !known(x) || !known(y) {
		return undecided
	}
	switch op {
	case "=", "==":
		return truth(x == y)
	case "!=":
		return truth(x != y)
	case "<":
		return truth(x < y)
	case ">":
		return truth(x > y)
	case "-ef", "-nt", "-ot":
		return undecided
	}
	a, err1 := strconv.Atoi(strings.TrimSpace(x))
	b, err2 := strconv.Atoi(strings.TrimSpace(y))
	if err1 != nil || err2 != nil {
		return 2
	}
	return truth(map[string]bool{"-eq": a == b, "-ne": a != b, "-lt": a < b, "-le": a <= b, "-gt": a > b, "-ge": a >= b}[op])
}

// unary tests: of text they are known, of files only where the script wrote them.
func (r *runner) unary(op, x string) status {
	switch op {
	case "-n", "-z":
		if !known(x) {
			if strings.Trim(x, " ") != "" && !loneMark(x) {
				return truth(op == "-n") // some of it is there
			}
			return undecided
		}
		return truth((x != "") == (op == "-n"))
	case "-v":
		v, set := r.scope.get(x)
		if !set && !r.assigned[x] {
			return undecided
		}
		return truth(set && v.Set)
	case "-t":
		return undecided
	}
	if x == "" {
		return failure
	}
	if _, ok := r.files[path.Clean(x)]; ok && (op == "-f" || op == "-e" || op == "-r" || op == "-s") {
		return success
	}
	return undecided
}

// testExpr evaluates [[ ]].
func (r *runner) testExpr(x syntax.TestExpr) status {
	switch x := x.(type) {
	case *syntax.ParenTest:
		return r.testExpr(x.X)
	case *syntax.UnaryTest:
		if x.Op == syntax.TsNot {
			return r.testExpr(x.X).not()
		}
		w, ok := x.X.(*syntax.Word)
		if !ok {
			return undecided
		}
		return r.unary(x.Op.String(), r.literal(w))
	case *syntax.BinaryTest:
		return r.binaryTest(x)
	case *syntax.Word:
		return r.unary("-n", r.literal(x))
	}
	return undecided
}

func (r *runner) binaryTest(x *syntax.BinaryTest) status {
	switch x.Op {
	case syntax.AndTest:
		if s := r.testExpr(x.X); s > success {
			return s
		} else {
			return s.and(r.testExpr(x.Y))
		}
	case syntax.OrTest:
		if s := r.testExpr(x.X); s == success {
			return s
		} else {
			return s.or(r.testExpr(x.Y))
		}
	}
	left, ok1 := x.X.(*syntax.Word)
	right, ok2 := x.Y.(*syntax.Word)
	if !ok1 || !ok2 {
		return undecided
	}
	value := r.literal(left)
	switch x.Op {
	case syntax.TsMatch, syntax.TsMatchShort, syntax.TsNoMatch:
		if !known(value) || !known(r.literal(right)) {
			return undecided
		}
		return truth(r.matches(right, value) == (x.Op != syntax.TsNoMatch))
	case syntax.TsReMatch:
		re := r.literal(right)
		if !known(value) || !known(re) {
			return undecided
		}
		if _, err := regexp.Compile(re); err != nil || strings.Contains(re, "[[.") {
			return undecided
		}
		s := truth(compiled(re, value))
		if s == success { // what BASH_REMATCH holds is not kept
			r.scope.set("BASH_REMATCH", expand.Variable{Set: true, Kind: expand.Indexed, List: []string{r.unknown("${BASH_REMATCH}", r.at, "")}})
		}
		return s
	}
	switch x.Op {
	case syntax.TsEql, syntax.TsNeq, syntax.TsLeq, syntax.TsGeq, syntax.TsLss, syntax.TsGtr:
		return r.numeric(left, right, x.Op)
	}
	return r.compare(value, x.Op.String(), r.literal(right))
}

// numeric compares as -eq and so on; [[ ]] takes the names of variables too.
func (r *runner) numeric(left, right *syntax.Word, op syntax.BinTestOperator) status {
	value := func(w *syntax.Word) string {
		s := r.literal(w)
		if v, ok := r.scope.get(s); ok && v.Kind == expand.String {
			return v.Str
		}
		return s
	}
	return r.compare(value(left), op.String(), value(right))
}

// second is the word behind the command's name, without a path.
func second(args []field) string {
	if len(args) > 1 {
		return path.Base(args[1].text)
	}
	return ""
}
