package syntax

import (
	"iter"
	"sync/atomic"

	"github.com/loward/loward/dsl/diag"
)

// ahead lets the parser read on in a goroutine of its own while what it has read
// is made use of in another. Commands go over in batches. What both look at (the
// list of mistakes, the caller's files, nodes that a reset takes back) the parser
// touches only once all that it has handed out has been dealt with, so that
// everything comes to be in the same order as without.
type ahead struct {
	full chan *batch
	free chan *batch
	now  *batch
	// out is how many batches are with the other side.
	out     int
	spare   []*batch
	stop    atomic.Bool
	trouble any // of a panic in the parser
}

// batch is some commands with their nodes.
type batch struct {
	cmds  []Cmd
	elems []*Expr
	arena arena
}

const (
	// batches that there are, one with the parser and one with the caller included.
	batches = 4
	// batchCmds is how many commands go over at once, and batchElems how many
	// elements of sets.
	batchCmds  = 64
	batchElems = 1024
)

// ParseAhead is Parse for large texts: it reads on while the caller deals with
// commands. The commands and mistakes, and their order, are the same.
func (p *Parser) ParseAhead(f *diag.File, l *diag.List) iter.Seq[*Cmd] {
	return func(yield func(*Cmd) bool) {
		h := &ahead{full: make(chan *batch, batches), free: make(chan *batch, batches), now: &batch{}}
		for range batches - 1 {
			h.spare = append(h.spare, &batch{})
		}
		go p.runAhead(h, f, l)
		var held *batch
		defer func() {
			// The caller may have left, perhaps by a panic: the parser ends first.
			h.stop.Store(true)
			if held != nil {
				h.free <- held
			}
			for b := range h.full {
				h.free <- b
			}
		}()
		for b := range h.full {
			held = b
			for i := range b.cmds {
				if !yield(&b.cmds[i]) {
					return
				}
			}
			held = nil
			h.free <- b
		}
		if h.trouble != nil {
			panic(h.trouble)
		}
	}
}

// runAhead is the parser's side.
func (p *Parser) runAhead(h *ahead, f *diag.File, l *diag.List) {
	defer func() {
		h.trouble = recover()
		p.ahead = nil
		close(h.full)
	}()
	p.ahead = h
	for range p.Parse(f, l) { // emit gives nothing to this loop
	}
	p.settled()
}

// hand a command over.
func (p *Parser) hand(c *Cmd) {
	h := p.ahead
	b := h.now
	if h.stop.Load() {
		p.stopped = true
		return
	}
	n := len(b.elems)
	b.elems = append(b.elems, c.Elems...)
	b.cmds = append(b.cmds, *c)
	b.cmds[len(b.cmds)-1].Elems = b.elems[n:len(b.elems):len(b.elems)]
	if len(b.cmds) >= batchCmds || len(b.elems) >= batchElems {
		p.send()
	}
}

// send the batch that is being filled, and take another.
func (p *Parser) send() {
	h := p.ahead
	h.now.arena = p.command
	h.full <- h.now
	h.out++
	if n := len(h.spare); n > 0 {
		h.now, h.spare = h.spare[n-1], h.spare[:n-1]
	} else {
		h.now = <-h.free
		h.out--
	}
	b := h.now
	b.cmds, b.elems = b.cmds[:0], b.elems[:0]
	b.arena.reset()
	p.command = b.arena
}

// settled waits until everything that was handed out has been dealt with.
func (p *Parser) settled() {
	h := p.ahead
	if h == nil {
		return
	}
	if len(h.now.cmds) > 0 {
		p.send()
	}
	for ; h.out > 0; h.out-- {
		h.spare = append(h.spare, <-h.free)
	}
}
