package syntax

import "strconv"

// num reads a number.
func (p *Parser) num() Num {
	n := Num{Text: p.text, Given: true, Span: p.here()}
	switch {
	case p.kind == tNumber:
		v, err := strconv.ParseUint(p.text, 0, 64)
		if err != nil {
			v, err = strconv.ParseUint(p.text, 10, 64)
		}
		if err != nil {
			p.unexpected("a number of at most 64 bits")
			return Num{}
		}
		n.Value = v
	case p.kind == tWord && p.marks && hasMark(p.text):
	case p.kind == tDollar:
		v := p.variable()
		if v == nil {
			return Num{}
		}
		n.Text = v.Text
		if hasMark(v.Text) {
			return n
		}
		u, err := strconv.ParseUint(v.Text, 0, 64)
		if v.Kind != XNumber || err != nil {
			p.fail(v.Span, "this is no number")
			return Num{}
		}
		n.Value = u
		return n
	default:
		p.unexpected("number")
		return Num{}
	}
	p.next()
	return n
}

// time reads a time, in milliseconds.
func (p *Parser) time() Num {
	n := Num{Text: p.text, Given: true, Span: p.here()}
	switch {
	case p.kind == tDollar:
		v := p.variable()
		if v == nil {
			return Num{}
		}
		ms, ok := timeValue(v.Text)
		if !ok && !hasMark(v.Text) {
			p.fail(v.Span, "this is no time")
			return Num{}
		}
		n.Value, n.Text = ms, v.Text
		return n
	case p.kind == tWord && p.marks && hasMark(p.text):
	case p.kind == tWord, p.kind == tString:
		ms, ok := timeValue(p.text)
		if !ok {
			p.unexpected("a time as in 1d2h3m4s")
			return Num{}
		}
		n.Value = ms
	default:
		p.unexpected("a time as in 1d2h3m4s")
		return Num{}
	}
	p.next()
	return n
}

func timeValue(text string) (uint64, bool) {
	if ms, ok := ParseTime(text); ok {
		return ms, true
	}
	s, err := strconv.ParseUint(text, 10, 32)
	return s * 1000, err == nil
}
