package ruleset

// Harmless says whether it makes no difference to a packet whether a rule
// matches: it logs, or counts, and nothing else.
func (r *Rule) Harmless() bool {
	for s := range r.Plain {
		switch s := s.(type) {
		case *Match, *Compare, *Lookup, *Limit, *Meter, *Log, *Counter,
			*Quota, *ConnCount, *Last, *Dup:
		case *ObjectRef:
			if s.Kind != ObjCounter && s.Kind != ObjLimit && s.Kind != ObjQuota {
				return false
			}
		case *SetUpdate:
			if s.Verdict != nil {
				return false
			}
		case *May:
			if s.Verdict {
				return false
			}
		case *Opaque:
			if s.Verdict {
				return false
			}
		default:
			return false
		}
	}
	return true
}
