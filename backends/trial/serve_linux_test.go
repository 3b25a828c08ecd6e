package trial

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/loward/loward/backends/lab"
	"github.com/loward/loward/compiler/path"
)

// Nothing is done in the namespace of who calls.
func TestServeRefuses(t *testing.T) {
	own, err := namespaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, outside := range [][]uint64{own, nil} {
		input, err := json.Marshal(order{Outside: outside, Jobs: []job{{}}})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := Serve(context.Background(), bytes.NewReader(input), &out); err == nil || !strings.Contains(out.String(), "not a network namespace of its own") {
			t.Errorf("%v: %v %s", outside, err, out.String())
		}
	}
}

// What the lab saw, in the words of the model.
func TestAnswer(t *testing.T) {
	for _, c := range []struct {
		got  lab.Verdict
		want Answer
	}{
		{lab.Accept, Answer{Verdict: path.Accept, Seen: "x"}},
		{lab.Drop, Answer{Verdict: path.Drop, Seen: "x"}},
		{lab.Half, Answer{Verdict: path.Drop, Seen: "x"}},
		{lab.Reject, Answer{Verdict: path.Reject, Seen: "x"}},
		{lab.Other, Answer{Verdict: path.Accept, Astray: true, Seen: "x"}},
		{lab.Fault, Answer{Untried: "x"}},
	} {
		if a := answer(lab.Result{Got: c.got, Detail: "x"}); a != c.want {
			t.Errorf("%s: %+v, want %+v", c.got, a, c.want)
		}
	}
}

func TestAgrees(t *testing.T) {
	for _, c := range []struct {
		a     Answer
		model path.Verdict
		want  bool
	}{
		{Answer{Verdict: path.Drop}, path.Drop, true},
		{Answer{Verdict: path.Drop}, path.Reject, false},
		{Answer{Verdict: path.Drop}, path.Undecided, true},
		{Answer{Verdict: path.Accept, Astray: true}, path.Accept, false},
	} {
		if got := agrees(c.a, c.model); got != c.want {
			t.Errorf("%+v against %s: %t", c.a, c.model, got)
		}
	}
}
