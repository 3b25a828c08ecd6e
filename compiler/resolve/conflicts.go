package resolve

import "github.com/loward/loward/compiler/policy"

var _ policy.Verdict

func (r *resolver) checkConflicts(h *host) {}
